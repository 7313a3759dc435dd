package io.canal.testing;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A real database server for tests, to be held in a static field with {@code @RegisterExtension}.
 * It starts before the class's first test, or earlier when something asks for it. Safe to call from
 * several threads.
 *
 * <p>A shared server lives as long as the JVM; one of a class's own ends after the class. None
 * outlives the JVM, however that ends.
 */
public abstract sealed class DatabaseServer
    implements BeforeAllCallback, AfterAllCallback, AutoCloseable
    permits MysqlServer, MariadbServer {
  private static final Duration START_TIME = Duration.ofMinutes(2);
  private static final long POLL_MS = 20;

  private final Kind kind;
  private final String version;
  private final List<String> options;
  private final boolean shared;

  // guarded by this
  private DatabaseHost host;
  private final List<String> schemas = new ArrayList<>();

  DatabaseServer(Kind kind, String version, List<String> options, boolean shared) {
    this.kind = kind;
    this.version = requireNonNull(version, "version is null");
    this.options = List.copyOf(options);
    this.shared = shared;
  }

  /**
   * What differs between the products: name of the private copy and the image, variable of a server
   * of the user's own.
   */
  record Kind(String service, String variable) {}

  final String version() {
    return version;
  }

  /**
   * The options of this server followed by those; only for a server of one's own that has not
   * started.
   */
  final List<String> optionsAnd(String... more) {
    if (shared) {
      throw new IllegalStateException("a shared server takes no options: use of(version)");
    }
    List<String> all = new ArrayList<>(options);
    all.addAll(List.of(more));
    return all;
  }

  public final String host() {
    return started().host();
  }

  /** The TCP port; stays the same over {@link #stop}, {@link #kill} and {@link #start}. */
  public final int port() {
    return started().port();
  }

  /** An account with all privileges. */
  public final String user() {
    return started().user();
  }

  public final String password() {
    return started().password();
  }

  /** The data directory, where the server is a private copy on this machine. */
  public final Optional<Path> dataDirectory() {
    return started().dataDirectory();
  }

  /** A new connection of {@link #user} without a default schema; the caller closes it. */
  public final Connection connect() throws SQLException {
    return connect("");
  }

  /** A new connection of {@link #user} in that schema; the caller closes it. */
  public final Connection connect(String schema) throws SQLException {
    DatabaseHost running = started();
    try {
      return connect(running, schema);
    } catch (SQLException e) {
      if (running.alive()) {
        throw e;
      }
      throw new SQLException(
          this + " does not run; its log ends with\n" + running.logTail(), e.getSQLState(), e);
    }
  }

  private static Connection connect(DatabaseHost host, String schema) throws SQLException {
    Properties properties = new Properties();
    properties.setProperty("user", host.user());
    properties.setProperty("password", host.password());
    properties.setProperty("sslMode", "PREFERRED");
    properties.setProperty("allowPublicKeyRetrieval", "true");
    properties.setProperty("connectTimeout", "10000");
    return DriverManager.getConnection(
        "jdbc:mysql://" + host.host() + ":" + host.port() + "/" + schema, properties);
  }

  /** Executes the statements in one session, in order. */
  public final void execute(String... statements) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        try {
          statement.execute(sql);
        } catch (SQLException e) {
          throw new SQLException(
              e.getMessage() + " in: " + sql, e.getSQLState(), e.getErrorCode(), e);
        }
      }
    }
  }

  /**
   * Creates a schema of a name that nobody else uses, for one test; a server that is not ours loses
   * it when the JVM ends.
   */
  public final String createSchema(String prefix) throws SQLException {
    String name = prefix + "_" + Long.toString(ThreadLocalRandom.current().nextLong(1L << 40), 36);
    execute("CREATE DATABASE `" + name + "`");
    synchronized (this) {
      schemas.add(name);
    }
    return name;
  }

  /** Starts the server, with its data if it ran before, and returns when it takes connections. */
  public final synchronized void start() {
    if (host == null) {
      launchFirst();
    } else if (!host.alive()) {
      launch(host);
    }
  }

  private void launchFirst() {
    if (shared) {
      Optional<DatabaseHost> external = ExternalDatabase.from(System.getenv(), kind.variable());
      if (external.isPresent()) {
        launch(external.get());
        Runtime.getRuntime().addShutdownHook(new Thread(this::dropSchemas, "drop-schemas"));
        return;
      }
    }
    if (ContainerDatabase.available(System.getenv())) {
      try {
        launch(new ContainerDatabase(kind.service(), version, options));
        return;
      } catch (IllegalStateException e) {
        System.err.println(e.getMessage() + "; taking a private copy instead of a container");
      }
    }
    launch(new PrivateDatabase(kind.service(), version, options));
  }

  /** Makes that host this server's, unless it does not start. */
  private void launch(DatabaseHost candidate) {
    try {
      candidate.start();
      awaitConnections(candidate);
      host = candidate;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(this + " was interrupted while it started", e);
    } catch (Exception e) {
      if (host == null) {
        candidate.delete();
      }
      throw new IllegalStateException(this + " did not start: " + e.getMessage(), e);
    }
  }

  private static void awaitConnections(DatabaseHost host) throws InterruptedException {
    Duration patience = host instanceof ExternalDatabase ? Duration.ZERO : START_TIME;
    long deadline = System.nanoTime() + patience.toNanos();
    while (true) {
      try {
        connect(host, "").close();
        return;
      } catch (SQLException e) {
        if (!host.alive() || System.nanoTime() > deadline) {
          throw new IllegalStateException(
              (host.alive()
                      ? "no connection to "
                          + host.host()
                          + ":"
                          + host.port()
                          + ": "
                          + e.getMessage()
                      : "it ended")
                  + "\nIts log ends with\n"
                  + host.logTail(),
              e);
        }
      }
      Thread.sleep(POLL_MS);
    }
  }

  /** Shuts the server down in order; its data stays for {@link #start}. */
  public final synchronized void stop() {
    end(DatabaseHost::stop);
  }

  /** Ends the server with SIGKILL; its data stays, as it is, for {@link #start}. */
  public final synchronized void kill() {
    end(DatabaseHost::kill);
  }

  private void end(HostAction action) {
    try {
      action.run(requireNonNull(host, "server was not started"));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(this + " was interrupted while it ended", e);
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(this + " did not end: " + e.getMessage(), e);
    }
  }

  /** The last lines of the server's log. */
  public final String logTail() {
    return started().logTail();
  }

  private synchronized DatabaseHost started() {
    if (host == null) {
      start();
    }
    return host;
  }

  private void dropSchemas() {
    try {
      for (String schema : schemas) {
        execute("DROP DATABASE IF EXISTS `" + schema + "`");
      }
    } catch (SQLException e) {
      System.err.println(this + " keeps schemas of the tests: " + e.getMessage());
    }
  }

  @Override
  public final void beforeAll(ExtensionContext context) {
    start();
  }

  @Override
  public final void afterAll(ExtensionContext context) {
    if (!shared) {
      close();
    }
  }

  /** Ends the server; its data is gone. Asking it for something starts a new one. */
  @Override
  public final synchronized void close() {
    if (host != null) {
      host.delete();
      host = null;
    }
  }

  @Override
  public final String toString() {
    return kind.service()
        + " "
        + version
        + (host == null ? "" : " at " + host.host() + ":" + host.port());
  }

  @FunctionalInterface
  private interface HostAction {
    void run(DatabaseHost host) throws Exception;
  }
}
