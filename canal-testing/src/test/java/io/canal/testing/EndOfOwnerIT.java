package io.canal.testing;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A JVM that starts servers is killed: they must end and leave no files. */
class EndOfOwnerIT {
  private static final Duration END_TIME = Duration.ofSeconds(30);
  private static final long POLL_MS = 10;

  @Test
  void shouldLeaveNeitherProcessNorFilesWhenJvmIsKilled(@TempDir Path temporary) throws Exception {
    Process owner =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Djava.io.tmpdir=" + temporary,
                "-cp",
                System.getProperty("java.class.path"),
                Owner.class.getName())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    ProcessHandle[] servers;
    try (BufferedReader output = owner.inputReader(UTF_8)) {
      assertThat(output.readLine()).isEqualTo("started");
      servers = owner.children().toArray(ProcessHandle[]::new);
      assertThat(servers).isNotEmpty();
      assertThat(files(temporary)).isNotEmpty();

      owner.destroyForcibly();
    }

    for (ProcessHandle server : servers) {
      server.onExit().get(END_TIME.toSeconds(), SECONDS);
    }
    long deadline = System.nanoTime() + END_TIME.toNanos();
    while (files(temporary).length > 0 && System.nanoTime() < deadline) {
      Thread.sleep(POLL_MS);
    }
    assertThat(files(temporary)).isEmpty();
  }

  private static Path[] files(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .filter(file -> file.getFileName().toString().startsWith("canal-"))
          .toArray(Path[]::new);
    }
  }

  static final class Owner {
    private Owner() {}

    public static void main(String[] arguments) throws InterruptedException {
      MysqlServer.shared().start();
      ZookeeperServer.create().start();
      System.out.println("started");
      Thread.sleep(Duration.ofMinutes(5).toMillis());
    }
  }
}
