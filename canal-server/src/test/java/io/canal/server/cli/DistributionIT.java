package io.canal.server.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The scripts of the package that this build has made, with a source that nobody answers for. */
class DistributionIT {
  private static final int DEADLINE_S = 120;

  @TempDir Path directory;
  private Path home;

  private record Result(int exitCode, String output) {}

  @BeforeEach
  void unpack() throws Exception {
    home = Files.createDirectory(directory.resolve("with a space"));
    assertThat(
            run(
                    directory,
                    "tar",
                    "-xzf",
                    newestPackage().toAbsolutePath().toString(),
                    "-C",
                    home.toString())
                .exitCode())
        .isZero();
    try (Stream<Path> content = Files.list(home)) {
      home = content.findFirst().orElseThrow();
    }
    append("conf/canal.properties", "canal.port = 0\ncanal.metrics.pull.port = 0\n");
    append("conf/example/instance.properties", "canal.instance.master.address = 127.0.0.1:1\n");
  }

  @AfterEach
  void stop() throws Exception {
    script("stop.sh");
  }

  @Test
  void shouldHoldWhatAnOperatorNeeds() {
    assertThat(home.resolve("bin/canal")).isExecutable();
    assertThat(home.resolve("conf/logback.xml")).isRegularFile();
    assertThat(home.resolve("logs")).isDirectory();
    assertThat(home.resolve("docs/configuration.md")).isRegularFile();
    assertThat(home.resolve("bin/quickstart.sh")).doesNotExist();
  }

  @Test
  void shouldSayWhichSourceCannotBeReachedAndRunOn() throws Exception {
    Result first = script("startup.sh");
    Result second = script("startup.sh");
    Result stopped = script("stop.sh");
    Result stoppedAgain = script("stop.sh");

    assertThat(first.exitCode()).as(first.output()).isEqualTo(3);
    assertThat(first.output()).contains("example is STARTING", "127.0.0.1:1");
    assertThat(second.exitCode()).as(second.output()).isZero();
    assertThat(second.output()).contains("runs already");
    assertThat(stopped.exitCode()).as(stopped.output()).isZero();
    assertThat(stopped.output()).contains("has stopped");
    assertThat(stoppedAgain.output()).contains("does not run");
  }

  @Test
  void shouldSayWhatIsWrongWithTheConfiguration() throws Exception {
    append("conf/canal.properties", "canal.prot = 1\n");

    Result started = script("startup.sh");

    assertThat(started.exitCode()).isEqualTo(1);
    assertThat(started.output())
        .contains("unknown property 'canal.prot', did you mean 'canal.port'?")
        .doesNotContain("logback");
    assertThat(home.resolve("bin/canal.pid")).doesNotExist();
  }

  @Test
  void shouldNotTakeAnotherProcessForTheServer() throws Exception {
    Files.writeString(home.resolve("bin/canal.pid"), ProcessHandle.current().pid() + "\n");

    Result stopped = script("stop.sh");

    assertThat(stopped.output()).contains("does not run");
    assertThat(ProcessHandle.current().isAlive()).isTrue();
  }

  @Test
  void shouldRunThroughALinkFromAnyDirectory() throws Exception {
    Path link = Files.createSymbolicLink(directory.resolve("canal"), home.resolve("bin/canal"));

    Result checked = run(Path.of("/"), link.toString(), "check");

    assertThat(checked.exitCode()).as(checked.output()).isZero();
  }

  private static Path newestPackage() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("target"))) {
      return files
          .filter(file -> file.getFileName().toString().matches("canal-.*\\.tar\\.gz"))
          .max(Comparator.comparing(file -> file.toFile().lastModified()))
          .orElseThrow(() -> new AssertionError("no package in target/: run mvn package"));
    }
  }

  private void append(String file, String text) throws IOException {
    Files.writeString(home.resolve(file), text, StandardOpenOption.APPEND);
  }

  private Result script(String name) throws Exception {
    return run(directory, home.resolve("bin").resolve(name).toString());
  }

  private Result run(Path workingDirectory, String... command) throws Exception {
    Path output = Files.createTempFile(directory, "output", "");
    ProcessBuilder builder =
        new ProcessBuilder(List.of(command))
            .directory(workingDirectory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile());
    builder.environment().putAll(Map.of("CANAL_START_TIMEOUT", "8"));
    Process process = builder.start();
    try {
      assertThat(process.waitFor(DEADLINE_S, TimeUnit.SECONDS)).as(command[0]).isTrue();
      return new Result(process.exitValue(), Files.readString(output, UTF_8));
    } finally {
      process.destroyForcibly();
    }
  }
}
