package io.canal.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A database from a private copy that {@code provision.sh} downloads and starts: a child of this
 * JVM, ended with it.
 */
final class PrivateDatabase implements DatabaseHost {
  private static final String SCRIPT = "provision.sh";

  private final String service;
  private final String version;
  private final List<String> options;
  private final OwnProcess process;
  private final int port = FreePort.find();

  PrivateDatabase(String service, String version, List<String> options) {
    this.service = service;
    this.version = version;
    this.options = List.copyOf(options);
    this.process = new OwnProcess(service);
  }

  @Override
  public void start() throws IOException, InterruptedException {
    Path script = process.directory().resolve(SCRIPT);
    if (!Files.exists(script)) {
      try (InputStream source = PrivateDatabase.class.getResourceAsStream(SCRIPT)) {
        Files.copy(source, script);
      }
      fetch(script);
    }
    List<String> run = new ArrayList<>(List.of("bash", script.toString(), "run", service, version));
    run.add(process.directory().toString());
    run.add(Integer.toString(port));
    run.addAll(options);
    ProcessBuilder command = new ProcessBuilder(run);
    command.environment().put("CANAL_OWNED", "1");
    process.start(command);
  }

  /** Downloads in a step of its own, so that its progress is seen and a failure says what to do. */
  private void fetch(Path script) throws IOException, InterruptedException {
    Process fetch =
        new ProcessBuilder("bash", script.toString(), "fetch", service, version)
            .redirectErrorStream(true)
            .start();
    fetch.getOutputStream().close();
    StringBuilder output = new StringBuilder();
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(fetch.getInputStream(), UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        output.append('\n').append(line);
        if (!line.startsWith("/")) {
          System.err.println(line);
        }
      }
    }
    if (fetch.waitFor() != 0) {
      throw new IllegalStateException(
          "no private copy of " + service + " " + version + ":" + output);
    }
  }

  @Override
  public void stop() throws InterruptedException {
    process.stop();
  }

  @Override
  public void kill() throws InterruptedException {
    process.kill();
  }

  @Override
  public void delete() {
    process.delete();
  }

  @Override
  public boolean alive() {
    return process.alive();
  }

  @Override
  public String host() {
    return "127.0.0.1";
  }

  @Override
  public int port() {
    return port;
  }

  @Override
  public String user() {
    return "root";
  }

  @Override
  public String password() {
    return "";
  }

  @Override
  public Optional<Path> dataDirectory() {
    return Optional.of(process.directory().resolve("data"));
  }

  @Override
  public String logTail() {
    return process.logTail();
  }
}
