package io.canal.benchmark;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.canal.benchmark.process.Main;
import io.canal.benchmark.process.Pass;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A {@link Main} in a JVM of its own; killed when it is closed, or when a pass takes too long. */
final class ChildProcess implements AutoCloseable {
  private static final long CLOSE_SECONDS = 20;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final String program;
  private final Process process;
  private final BufferedReader lines;
  private final OutputStream commands;

  private ChildProcess(String program, Process process) {
    this.program = program.substring(program.lastIndexOf('.') + 1);
    this.process = process;
    lines = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
    commands = process.getOutputStream();
  }

  /**
   * @param program name of the class that it becomes
   * @param jvmOptions of the process, among them its heap
   * @param limitSeconds after which it is killed
   */
  static ChildProcess start(
      String program, String classPath, List<String> jvmOptions, long limitSeconds)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(jvmOptions);
    command.addAll(List.of("-cp", classPath, Main.class.getName(), program));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
    Thread limit =
        new Thread(
            () -> {
              try {
                if (!process.waitFor(limitSeconds, TimeUnit.SECONDS)) {
                  process.destroyForcibly();
                }
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            "limit");
    limit.setDaemon(true);
    limit.start();
    ChildProcess child = new ChildProcess(program, process);
    child.await(Main.READY);
    return child;
  }

  long pid() {
    return process.pid();
  }

  void send(String line) throws IOException {
    commands.write((line + "\n").getBytes(UTF_8));
    commands.flush();
  }

  /** What follows the prefix in the next line that begins with it; other lines are shown. */
  String await(String prefix) throws IOException {
    String line = lines.readLine();
    while (line != null && !line.startsWith(prefix)) {
      System.out.println("  " + line);
      line = lines.readLine();
    }
    if (line == null) {
      throw new IOException(
          program + " ended, or took too long, before it said '" + prefix.strip() + "'");
    }
    return line.substring(prefix.length());
  }

  Pass awaitPass() throws IOException {
    return JSON.readValue(await(Pass.PREFIX), Pass.class);
  }

  /** Ends the process, which may first write what its options ask for. */
  @Override
  public void close() throws IOException {
    try {
      commands.close();
    } catch (IOException e) {
      System.out.println("  " + program + " has ended already: " + e.getMessage());
    }
    try {
      process.waitFor(CLOSE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    process.destroyForcibly();
    lines.close();
  }
}
