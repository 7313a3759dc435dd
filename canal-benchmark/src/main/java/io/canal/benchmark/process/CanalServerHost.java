package io.canal.benchmark.process;

import io.canal.server.CanalServer;
import io.canal.server.config.ConfigurationLoader;
import io.canal.server.status.InstanceStatus;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** Our server, new for each pass, with {@link Setting#DESTINATIONS one or more} destinations. */
public final class CanalServerHost implements Server {
  static final String DESTINATION = "example";

  private static final long START_TIMEOUT_MS = 60_000;

  @Override
  public AutoCloseable serve(Segment segment) throws IOException, InterruptedException {
    Path home = Path.of(Setting.HOME.text());
    List<String> destinations = new ArrayList<>(List.of(DESTINATION));
    for (int i = 2; i <= Setting.DESTINATIONS.number(1); i++) {
      destinations.add(DESTINATION + i);
    }
    configure(segment, home, destinations);
    CanalServer server = CanalServer.start(ConfigurationLoader.load(home, Map.of()));
    awaitServing(server);
    return server;
  }

  private static void awaitServing(CanalServer server) throws InterruptedException {
    long deadline = System.currentTimeMillis() + START_TIMEOUT_MS;
    for (InstanceStatus status : server.status().instances()) {
      String destination = status.destination();
      while (!status.state().isServing()) {
        if (System.currentTimeMillis() > deadline) {
          throw new IllegalStateException(status.describe());
        }
        Thread.sleep(1);
        status =
            server.status().instances().stream()
                .filter(now -> now.destination().equals(destination))
                .findFirst()
                .orElseThrow();
      }
    }
  }

  /** Writes the configuration and removes what a pass before has stored. */
  private static void configure(Segment segment, Path home, List<String> destinations)
      throws IOException {
    if (Files.exists(home)) {
      try (var paths = Files.walk(home)) {
        paths.sorted(Comparator.reverseOrder()).forEach(CanalServerHost::delete);
      }
    }
    int port = Setting.PORT.number(0);
    Path configuration = Files.createDirectories(home.resolve("conf"));
    Files.write(
        configuration.resolve("canal.properties"),
        List.of(
            "canal.ip = " + Segment.HOST,
            "canal.port = " + port,
            "canal.metrics.pull.port = " + (port + 1),
            "canal.destinations = " + String.join(",", destinations)));
    for (String destination : destinations) {
      Files.write(
          Files.createDirectories(configuration.resolve(destination))
              .resolve("instance.properties"),
          List.of(
              "canal.instance.master.address = " + Segment.HOST + ":" + segment.mysqlPort(),
              "canal.instance.dbUsername = " + Segment.USER,
              "canal.instance.dbPassword = " + Segment.PASSWORD,
              "canal.instance.master.journal.name = " + segment.file(),
              "canal.instance.master.position = " + segment.offset()));
    }
  }

  private static void delete(Path path) {
    try {
      Files.delete(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
