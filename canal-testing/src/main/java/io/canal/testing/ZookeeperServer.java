package io.canal.testing;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.apache.zookeeper.server.quorum.QuorumPeerMain;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A real ZooKeeper server for tests, to be held in a static field with {@code @RegisterExtension}:
 * the one named in {@code CANAL_TEST_ZOOKEEPER=host:port} (only {@link #shared}), else a JVM of its
 * own that runs ZooKeeper from the class path. Sessions may time out after 1 to 10 seconds. Safe to
 * call from several threads.
 */
public final class ZookeeperServer implements BeforeAllCallback, AfterAllCallback, AutoCloseable {
  private static final String VARIABLE = "CANAL_TEST_ZOOKEEPER";
  private static final Duration START_TIME = Duration.ofMinutes(1);
  private static final long POLL_MS = 20;
  private static final int PROBE_TIMEOUT_MS = 2_000;
  private static final ZookeeperServer SHARED = new ZookeeperServer(true);

  private final boolean shared;

  // guarded by this
  private OwnProcess process;
  private int port;

  private ZookeeperServer(boolean shared) {
    this.shared = shared;
  }

  /**
   * One server for all tests of this JVM: a test uses znodes under a name of its own, or waits
   * after {@link #start}.
   */
  public static ZookeeperServer shared() {
    return SHARED;
  }

  /** A server of one class's own. */
  public static ZookeeperServer create() {
    return new ZookeeperServer(false);
  }

  /**
   * {@code host:port} for a client; stays the same over {@link #stop}, {@link #kill} and {@link
   * #start}.
   */
  public synchronized String connectString() {
    String external = external();
    if (external != null) {
      return external;
    }
    if (process == null) {
      start();
    }
    return "127.0.0.1:" + port;
  }

  private String external() {
    return shared ? System.getenv(VARIABLE) : null;
  }

  /** Starts the server, with its data if it ran before, and returns when it serves. */
  public synchronized void start() {
    if (external() != null || (process != null && process.alive())) {
      return;
    }
    try {
      if (process == null) {
        process = new OwnProcess("zookeeper");
        port = FreePort.find();
        configure(process.directory());
      }
      process.start(
          new ProcessBuilder(
              Path.of(System.getProperty("java.home"), "bin", "java").toString(),
              "-Xmx128m",
              "-Dzookeeper.admin.enableServer=false",
              "-cp",
              System.getProperty("java.class.path"),
              Main.class.getName(),
              process.directory().resolve("zoo.cfg").toString()));
      awaitServing();
    } catch (IOException e) {
      throw new IllegalStateException(this + " did not start: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(this + " was interrupted while it started", e);
    }
  }

  private void configure(Path directory) throws IOException {
    Files.writeString(
        directory.resolve("zoo.cfg"),
        String.join(
            "\n",
            "tickTime=500",
            "dataDir=" + directory.resolve("data"),
            "clientPort=" + port,
            "clientPortAddress=127.0.0.1",
            "maxClientCnxns=0",
            "4lw.commands.whitelist=srvr",
            ""));
  }

  private void awaitServing() throws InterruptedException {
    long deadline = System.nanoTime() + START_TIME.toNanos();
    while (!serves()) {
      if (!process.alive() || System.nanoTime() > deadline) {
        throw new IllegalStateException(
            this
                + (process.alive()
                    ? " did not serve within " + START_TIME
                    : " ended while it started")
                + "; its log ends with\n"
                + process.logTail());
      }
      Thread.sleep(POLL_MS);
    }
  }

  private boolean serves() {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(PROBE_TIMEOUT_MS);
      socket.getOutputStream().write("srvr".getBytes(US_ASCII));
      return new String(socket.getInputStream().readAllBytes(), UTF_8).contains("Mode:");
    } catch (IOException e) {
      return false;
    }
  }

  /** Ends the server with SIGTERM; its data stays for {@link #start}. */
  public synchronized void stop() {
    end(OwnProcess::stop);
  }

  /** Ends the server with SIGKILL; its data stays, as it is, for {@link #start}. */
  public synchronized void kill() {
    end(OwnProcess::kill);
  }

  private void end(End end) {
    if (external() != null) {
      throw new UnsupportedOperationException(
          "the server at " + external() + " is not ours to end");
    }
    try {
      end.run(requireNonNull(process, "server was not started"));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(this + " was interrupted while it ended", e);
    }
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    start();
  }

  @Override
  public void afterAll(ExtensionContext context) {
    if (!shared) {
      close();
    }
  }

  /** Ends the server; its data is gone. Asking it for something starts a new one. */
  @Override
  public synchronized void close() {
    if (process != null) {
      process.delete();
      process = null;
    }
  }

  @Override
  public synchronized String toString() {
    return "zookeeper" + (process == null ? "" : " at 127.0.0.1:" + port);
  }

  private interface End {
    void run(OwnProcess process) throws InterruptedException;
  }

  /**
   * The server's own JVM: ZooKeeper, until the JVM that holds the other end of standard input is
   * gone.
   */
  static final class Main {
    private Main() {}

    public static void main(String[] arguments) {
      Path directory = Path.of(arguments[0]).getParent();
      Thread guard = new Thread(() -> endWithOwner(directory), "owner-guard");
      guard.setDaemon(true);
      guard.start();
      QuorumPeerMain.main(arguments);
    }

    private static void endWithOwner(Path directory) {
      try {
        while (System.in.read() >= 0) {}
        OwnProcess.deleteFiles(directory);
      } catch (IOException e) {
        System.err.println("owner-guard: " + e);
      } finally {
        Runtime.getRuntime().halt(1);
      }
    }
  }
}
