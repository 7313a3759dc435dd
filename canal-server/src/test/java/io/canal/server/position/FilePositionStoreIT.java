package io.canal.server.position;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.canal.protocol.CanalException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kills a process that saves. */
class FilePositionStoreIT {
  private static final int ROUNDS = 20;

  @TempDir Path data;

  /** The process: saves two consumers in step, and tells of each save after it returned. */
  static final class Saver {
    private Saver() {}

    public static void main(String[] arguments) {
      PositionStore store = new FilePositionStore(Path.of(arguments[0]), "example");
      long offset = offset(store.load(), "1001").orElse(0L);
      System.out.println("loaded " + offset);
      while (true) {
        offset++;
        StoredConsumer consumer = PositionStoreContract.consumer("f", offset);
        store.saveConsumers(new TreeMap<>(Map.of("1001", consumer, "1002", consumer)));
        System.out.println("saved " + offset);
      }
    }
  }

  private static Optional<Long> offset(StoredPositions stored, String name) {
    return Optional.ofNullable(stored.consumers().get(name)).map(c -> c.position().offset());
  }

  @Test
  void shouldKeepEverySaveThatReturnedBeforeAKill() throws Exception {
    long seed = new Random().nextLong();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    long told = 0;

    for (int round = 0; round < ROUNDS; round++) {
      Process process = start();
      try (BufferedReader lines = process.inputReader(UTF_8)) {
        assertThat(lines.readLine()).startsWith("loaded ");
        for (int i = random.nextInt(50); i >= 0; i--) {
          told = Long.parseLong(lines.readLine().substring("saved ".length()));
        }
        assertThatThrownBy(this::load)
            .isInstanceOf(CanalException.class)
            .hasMessageContaining("locked by pid " + process.pid());
        process.toHandle().destroyForcibly(); // leaves the pipe to be read
        List<String> rest = lines.lines().filter(line -> line.matches("saved \\d+")).toList();
        if (!rest.isEmpty()) {
          told =
              Math.max(
                  told, Long.parseLong(rest.get(rest.size() - 1).substring("saved ".length())));
        }
      }
      assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();

      StoredPositions stored = load();
      assertThat(offset(stored, "1001").orElseThrow())
          .as("seed %d, round %d", seed, round)
          .isBetween(told, told + 1)
          .isEqualTo(offset(stored, "1002").orElseThrow());
    }
  }

  @Test
  void shouldStayLockedWhateverThisProcessTries() throws Exception {
    try (PositionStore store = new FilePositionStore(data, "example")) {
      store.load();
      assertThatThrownBy(this::load).isInstanceOf(CanalException.class);

      Process other = start();

      try (BufferedReader lines = other.inputReader(UTF_8)) {
        assertThat(lines.readLine()).isNull();
      }
      assertThat(other.waitFor()).isEqualTo(1);
    }
  }

  private StoredPositions load() {
    try (PositionStore store = new FilePositionStore(data, "example")) {
      return store.load();
    }
  }

  private Process start() throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-Xshare:auto",
            "-cp",
            System.getProperty("java.class.path"),
            Saver.class.getName(),
            data.toString())
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }
}
