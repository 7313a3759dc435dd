package io.canal.server;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.canal.server.config.Configuration;
import io.canal.server.config.ConfigurationLoader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A server in a JVM of its own, so that it can be killed; it ends with this JVM in any case. Made
 * by {@link CanalHome#startProcess}, which is asked for everything else. For one thread.
 */
public final class CanalProcess implements AutoCloseable {
  private static final Duration START_PATIENCE = Duration.ofSeconds(60);
  private static final Duration STOP_PATIENCE = Duration.ofSeconds(30);
  private static final int TAIL_LINES = 40;

  private final Process process;
  private final Path log;

  private CanalProcess(Process process, Path log) {
    this.process = process;
    this.log = log;
  }

  static CanalProcess start(CanalHome home, String... jvmOptions) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xmx256m");
    command.add("-XX:TieredStopAtLevel=1");
    command.addAll(List.of(jvmOptions));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(Main.class.getName(), home.path().toString()));
    Path log = home.path().resolve("logs").resolve("canal.log");
    CanalProcess started;
    try {
      started =
          new CanalProcess(
              new ProcessBuilder(command)
                  .redirectErrorStream(true)
                  .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                  .start(),
              log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    try {
      Await.until(
          "the server in " + home.path() + " answers",
          START_PATIENCE,
          started::logTail,
          () -> {
            if (!started.isAlive()) {
              throw new AssertionError("the server ended:\n" + started.logTail());
            }
            return home.status().path("address").isTextual();
          });
    } catch (AssertionError e) {
      started.kill();
      throw e;
    }
    return started;
  }

  public boolean isAlive() {
    return process.isAlive();
  }

  public long pid() {
    return process.pid();
  }

  /** The last lines of the log of all servers that ran in this home. */
  public String logTail() {
    try {
      List<String> lines = new String(Files.readAllBytes(log), UTF_8).lines().toList();
      return String.join("\n", lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size()));
    } catch (IOException e) {
      return "(no log: " + e + ")";
    }
  }

  /** Lets it shut down in order, as SIGTERM does. */
  public void stop() {
    // Process.destroy() would also close its standard input, by which it notices our own end
    process.toHandle().destroy();
    if (!ended(STOP_PATIENCE)) {
      kill();
      throw new AssertionError("the server did not stop in time:\n" + logTail());
    }
  }

  /** SIGKILL. */
  public void kill() {
    process.destroyForcibly();
    if (!ended(STOP_PATIENCE)) {
      throw new AssertionError("process " + process.pid() + " survives SIGKILL");
    }
  }

  private boolean ended(Duration patience) {
    try {
      return process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while the server ends", e);
    }
  }

  /** Stops it, if it still runs. */
  @Override
  public void close() {
    if (isAlive()) {
      stop();
    }
  }

  /** What the other JVM runs. */
  static final class Main {
    private Main() {}

    public static void main(String[] arguments) throws IOException {
      Configuration configuration = ConfigurationLoader.load(Path.of(arguments[0]), Map.of());
      configuration.problems().forEach(System.err::println);
      CanalServer server = CanalServer.start(configuration);
      Runtime.getRuntime().addShutdownHook(new Thread(server::close, "shutdown"));
      while (System.in.read() >= 0) {
        // open as long as the parent lives
      }
      Runtime.getRuntime().halt(1);
    }
  }
}
