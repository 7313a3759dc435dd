package io.canal.benchmark;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A {@link Runner} in a JVM of its own; killed when it is closed, or after a time limit. */
final class Child implements AutoCloseable {
  private static final long LIMIT_SECONDS = 600;
  private static final long CLOSE_SECONDS = 10;

  private final Process process;
  private final BufferedReader lines;
  private final OutputStream commands;

  /**
   * @param jvmOptions of the process, among them its heap
   */
  Child(
      List<String> jvmOptions,
      String kind,
      Path segment,
      int passes,
      int latencies,
      int port,
      Path home)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(jvmOptions);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Runner.class.getName()));
    command.addAll(
        List.of(
            kind,
            segment.toString(),
            Integer.toString(passes),
            Integer.toString(latencies),
            Integer.toString(port),
            home.toString()));
    process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    lines = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
    commands = process.getOutputStream();
    Thread limit =
        new Thread(
            () -> {
              try {
                if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                  process.destroyForcibly();
                }
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            "limit-" + kind);
    limit.setDaemon(true);
    limit.start();
  }

  /** Begins or ends a pass of a runner that waits for that. */
  void signal() throws IOException {
    commands.write('\n');
    commands.flush();
  }

  /** The next line that begins with that prefix; others are shown. */
  String await(String prefix) throws IOException {
    String line = lines.readLine();
    while (line != null && !line.startsWith(prefix)) {
      System.out.println("  " + line);
      line = lines.readLine();
    }
    if (line == null) {
      throw new IOException("a process ended, or took too long, before it said '" + prefix + "'");
    }
    return line;
  }

  /** Ends the process, which may first write what its options ask for. */
  @Override
  public void close() throws IOException {
    commands.close();
    try {
      process.waitFor(CLOSE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    process.destroyForcibly();
    lines.close();
  }
}
