package io.canal.testing;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A server that runs as a child of this JVM with its files in one directory, its output in {@code
 * log} there. Owned by one service, which calls it from one thread at a time.
 */
final class OwnProcess {
  private static final int TAIL_LINES = 30;
  private static final long STOP_SECONDS = 60;

  private final Path directory;
  private Process process;

  OwnProcess(String name) {
    try {
      directory = Files.createTempDirectory("canal-" + name + "-");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Runtime.getRuntime().addShutdownHook(new Thread(this::delete, "delete-" + name));
  }

  Path directory() {
    return directory;
  }

  boolean alive() {
    return process != null && process.isAlive();
  }

  /**
   * Starts the command, whose standard input stays open until this JVM ends, in whatever way it
   * ends.
   */
  void start(ProcessBuilder command) throws IOException {
    command.directory(directory.toFile());
    process =
        command.redirectErrorStream(true).redirectOutput(directory.resolve("log").toFile()).start();
  }

  void stop() throws InterruptedException {
    if (process == null) {
      return;
    }
    // Process.destroy() would also close its standard input, by which it notices our own end.
    process.toHandle().destroy();
    if (!process.waitFor(STOP_SECONDS, SECONDS)) {
      kill();
    }
  }

  void kill() throws InterruptedException {
    if (process != null) {
      process.toHandle().destroyForcibly();
      process.waitFor();
    }
  }

  /** Kills the process and removes its directory. */
  void delete() {
    try {
      kill();
      deleteFiles(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  static void deleteFiles(Path directory) throws IOException {
    if (Files.exists(directory)) {
      try (Stream<Path> files = Files.walk(directory)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.deleteIfExists(file);
        }
      }
    }
  }

  /** The last lines of the server's log, for failure messages. */
  String logTail() {
    Path log = directory.resolve("log");
    try {
      if (!Files.exists(log)) {
        return "(no log)";
      }
      List<String> lines = new String(Files.readAllBytes(log), UTF_8).lines().toList();
      return String.join("\n", lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size()));
    } catch (IOException e) {
      return "(" + e + ")";
    }
  }
}
