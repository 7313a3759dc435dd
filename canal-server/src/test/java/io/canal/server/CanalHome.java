package io.canal.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.canal.client.CanalClient;
import io.canal.client.CanalConnector;
import io.canal.server.config.Configuration;
import io.canal.server.config.ConfigurationLoader;
import io.canal.testing.DatabaseServer;
import io.canal.testing.FreePort;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * A home directory of a server on ports of its own, for tests: {@code conf}, {@code data}, {@code
 * logs}. A server is started on it in this JVM or in another one, as often as wanted, one at a
 * time. For one thread.
 *
 * <pre>{@code
 * try (CanalHome home = CanalHome.create().destination("example", mysql);
 *     CanalServer server = home.start()) {
 *   home.awaitServing("example");
 *   CanalConnector connector = home.connector("example", 1001);
 *   ...
 * }
 * }</pre>
 */
public final class CanalHome implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int HTTP_TIMEOUT_MS = 5_000;
  private static final Set<String> SERVING = Set.of("RUNNING", "WAITING", "RECONNECTING");

  private final Path path;
  private final int port = FreePort.find();
  private final int httpPort = FreePort.find();
  private final Properties server = new Properties();

  private CanalHome(Path path) {
    this.path = path;
  }

  /** A home without destinations; its directory goes with {@link #close} or this JVM. */
  public static CanalHome create() {
    try {
      CanalHome home = new CanalHome(Files.createTempDirectory("canal-home-"));
      Runtime.getRuntime().addShutdownHook(new Thread(home::close, "delete-home"));
      Files.createDirectories(home.path.resolve("conf"));
      Files.createDirectories(home.path.resolve("logs"));
      return home.set(
          Map.of(
              "canal.ip",
              "127.0.0.1",
              "canal.port",
              Integer.toString(home.port),
              "canal.metrics.pull.port",
              Integer.toString(home.httpPort),
              "canal.file.flush.period",
              "50"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Adds settings to {@code conf/canal.properties}. */
  public CanalHome set(Map<String, String> settings) {
    server.putAll(settings);
    write(path.resolve("conf").resolve("canal.properties"), server);
    return this;
  }

  /** Writes the {@code instance.properties} of a destination. */
  public CanalHome destination(String name, Map<String, String> settings) {
    Properties instance = new Properties();
    instance.putAll(settings);
    write(path.resolve("conf").resolve(name).resolve("instance.properties"), instance);
    return this;
  }

  /** A destination that reads from a database with its account of all privileges. */
  public CanalHome destination(String name, DatabaseServer source) {
    return destination(name, source, Map.of());
  }

  /** The same with more settings, which win. */
  public CanalHome destination(String name, DatabaseServer source, Map<String, String> settings) {
    Properties all = new Properties();
    all.put("canal.instance.master.address", source.host() + ":" + source.port());
    all.put("canal.instance.dbUsername", source.user());
    all.put("canal.instance.dbPassword", source.password());
    all.put("canal.instance.master.sslMode", "PREFERRED");
    all.putAll(settings);
    write(path.resolve("conf").resolve(name).resolve("instance.properties"), all);
    return this;
  }

  private static void write(Path file, Properties properties) {
    try {
      Files.createDirectories(requireNonNull(file.getParent()));
      StringWriter text = new StringWriter();
      properties.store(text, null);
      Files.writeString(file, text.toString(), ISO_8859_1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public Path path() {
    return path;
  }

  public String host() {
    return "127.0.0.1";
  }

  public int port() {
    return port;
  }

  public int httpPort() {
    return httpPort;
  }

  /** What the files say now. */
  public Configuration configuration() {
    return ConfigurationLoader.load(path, Map.of());
  }

  /** Starts a server in this JVM, to be closed by the caller; see {@link #awaitServing}. */
  public CanalServer start() {
    Configuration configuration = configuration();
    if (!configuration.problems().isEmpty()) {
      throw new IllegalStateException("configuration: " + configuration.problems());
    }
    return CanalServer.start(configuration);
  }

  /** Starts a server in a JVM of its own and returns when its ports are open. */
  public CanalProcess startProcess(String... jvmOptions) {
    return CanalProcess.start(this, jvmOptions);
  }

  /** What the server's {@code /status} tells. */
  public JsonNode status() throws IOException {
    HttpURLConnection connection =
        (HttpURLConnection)
            URI.create("http://" + host() + ":" + httpPort + "/status").toURL().openConnection();
    connection.setConnectTimeout(HTTP_TIMEOUT_MS);
    connection.setReadTimeout(HTTP_TIMEOUT_MS);
    try (InputStream body = connection.getInputStream()) {
      return new ObjectMapper().readTree(body);
    } finally {
      connection.disconnect();
    }
  }

  /** What it tells of one destination. */
  public JsonNode status(String destination) throws IOException {
    for (JsonNode instance : status().path("instances")) {
      if (instance.path("destination").asText().equals(destination)) {
        return instance;
      }
    }
    throw new IllegalArgumentException("no destination " + destination);
  }

  /** Returns when clients of the destination are served. */
  public void awaitServing(String destination) {
    await(
        destination,
        "that it is served",
        instance -> SERVING.contains(instance.path("state").asText()));
  }

  /** Returns when the status of the destination is as described. */
  public void await(String destination, String what, Predicate<JsonNode> condition) {
    Await.until(
        destination + ": " + what,
        PATIENCE,
        () -> situation(destination),
        () -> condition.test(status(destination)));
  }

  private String situation(String destination) {
    try {
      return status(destination).toPrettyString();
    } catch (IOException | RuntimeException e) {
      return "its status is not known: " + e;
    }
  }

  /** A builder that knows the server; the caller adds a client id and more. */
  public CanalClient.Builder client() {
    return CanalClient.builder().server(host(), port);
  }

  /** A connector that is neither connected nor subscribed. */
  public CanalConnector connector(String destination, int clientId) {
    return client().clientId(clientId).build().newConnector(destination);
  }

  @Override
  public void close() {
    try {
      if (Files.exists(path)) {
        try (Stream<Path> files = Files.walk(path)) {
          for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
            Files.deleteIfExists(file);
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
