package io.canal.benchmark;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.canal.server.CanalServer;
import io.canal.server.config.Configuration;
import io.canal.server.config.ConfigurationLoader;
import io.canal.server.status.InstanceStatus;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * A server on a segment, for a client in another process. Each line of its standard input begins or
 * ends a pass with a server of its own; its end ends the process.
 */
final class ServerRunner {
  static final String READY = "READY ";
  private static final long START_TIMEOUT_MS = 30_000;

  private ServerRunner() {}

  static void run(Segment segment, Path home, int port) throws IOException, InterruptedException {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, UTF_8));
    while (lines.readLine() != null) {
      configure(segment, home, port);
      Configuration configuration = ConfigurationLoader.load(home, Map.of());
      long begin = System.nanoTime();
      try (CanalServer server = CanalServer.start(configuration)) {
        awaitServing(server);
        long startMs = (System.nanoTime() - begin) / 1_000_000;
        long startedMs = System.currentTimeMillis();
        Usage usage = Usage.start();
        System.out.println(READY + startMs);
        if (lines.readLine() == null) {
          return;
        }
        new Pass(
                startedMs,
                0,
                0,
                0,
                0,
                0,
                usage.cpuSeconds(),
                usage.allocatedBytes(),
                Usage.peakRssMib(),
                Pass.Latencies.NONE)
            .print();
      }
    }
  }

  private static void awaitServing(CanalServer server) throws InterruptedException {
    long deadline = System.currentTimeMillis() + START_TIMEOUT_MS;
    InstanceStatus status = server.status().instances().get(0);
    while (!status.state().isServing()) {
      if (System.currentTimeMillis() > deadline) {
        throw new IllegalStateException(status.describe());
      }
      Thread.sleep(1);
      status = server.status().instances().get(0);
    }
  }

  /** Writes the configuration and removes what a pass before has stored. */
  private static void configure(Segment segment, Path home, int port) throws IOException {
    if (Files.exists(home)) {
      try (var paths = Files.walk(home)) {
        paths.sorted(Comparator.reverseOrder()).forEach(ServerRunner::delete);
      }
    }
    Path destination = Files.createDirectories(home.resolve("conf").resolve("example"));
    Files.write(
        home.resolve("conf").resolve("canal.properties"),
        List.of(
            "canal.ip = 127.0.0.1",
            "canal.port = " + port,
            "canal.metrics.pull.port = " + (port + 1),
            "canal.destinations = example"));
    Files.write(
        destination.resolve("instance.properties"),
        List.of(
            "canal.instance.master.address = " + Segment.HOST + ":" + segment.mysqlPort(),
            "canal.instance.dbUsername = " + Segment.USER,
            "canal.instance.dbPassword = " + Segment.PASSWORD,
            "canal.instance.master.journal.name = " + segment.file(),
            "canal.instance.master.position = " + segment.offset()));
  }

  private static void delete(Path path) {
    try {
      Files.delete(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
