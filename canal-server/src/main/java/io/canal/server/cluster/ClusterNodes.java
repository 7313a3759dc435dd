package io.canal.server.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.api.CuratorWatcher;
import org.apache.curator.framework.imps.CuratorFrameworkState;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.framework.state.ConnectionStateListener;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher.Event.EventType;
import org.apache.zookeeper.data.Stat;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes this server in ZooKeeper so that clients of a cluster find it (wire-protocol section
 * 9), with ephemeral nodes: {@code /otter/canal/cluster/{address}}, and for each destination that
 * it runs {@code /otter/canal/destinations/{destination}/running} and {@code
 * …/{destination}/cluster/{address}}. Who holds {@code running} alone may run the destination. The
 * nodes come again after a lost session and after a deletion by hand.
 *
 * <p>{@code {clientId}/running} is never written here: a cluster client creates it itself, and one
 * that found it taken would wait for ever.
 *
 * <p>Methods may be called from any thread and wait for ZooKeeper, as long as the client's retry
 * policy says.
 */
public final class ClusterNodes implements AutoCloseable {
  private static final Logger logger = LoggerFactory.getLogger(ClusterNodes.class);
  private static final String ROOT = "/otter/canal/";
  private static final Pattern ADDRESS = Pattern.compile("[A-Za-z0-9._-]+:[0-9]{1,5}");
  private static final Duration RETRY_INTERVAL = Duration.ofSeconds(1);
  private static final ObjectMapper MAPPER = new ObjectMapper();

  /** Told on the thread of this class, which must not be held for long. */
  @FunctionalInterface
  public interface Listener {
    /** Another server holds the destination now; this one must stop it at once. */
    void runningLost(String destination, CanalException reason);
  }

  /** Who holds a {@code running} node. */
  private record Holder(String address, long session, int version) {}

  private final CuratorFramework client;
  private final String address;
  private final Listener listener;
  private final ConnectionStateListener connectionListener = (client, state) -> stateChanged(state);
  private final CuratorWatcher watcher = this::nodeChanged; // one object: ZooKeeper keeps it once
  private final ScheduledExecutorService executor =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "cluster-nodes");
            thread.setDaemon(true);
            return thread;
          });

  // guarded by this
  private final Map<String, Long> sessions = new TreeMap<>(); // destination -> creator of running
  private boolean closed;

  /**
   * @param client started; owned by the caller, who closes it after this
   * @param address {@code ip:port} under which clients reach this server
   */
  public ClusterNodes(CuratorFramework client, String address, Listener listener) {
    this.client = requireNonNull(client, "client is null");
    this.address = requireNonNull(address, "address is null");
    this.listener = requireNonNull(listener, "listener is null");
    if (!ADDRESS.matcher(address).matches()) { // clients split it at its only colon
      throw new CanalException(
          ErrorCode.STOP_SERVER,
          "address '%s', expected host:port with an IPv4 address or a name".formatted(address));
    }
  }

  /** The address of the server that runs a destination now, if one does. */
  public static Optional<String> runningServer(CuratorFramework client, String destination) {
    String path = runningPath(destination);
    try {
      return Optional.of(address(client.getData().forPath(path)));
    } catch (KeeperException.NoNodeException e) {
      return Optional.empty();
    } catch (Exception e) {
      throw failure(path, e);
    }
  }

  /** Lists this server among the live ones. */
  public synchronized void start() {
    client.getConnectionStateListenable().addListener(connectionListener);
    try {
      publish(serverPath());
    } catch (Exception e) {
      throw failure(serverPath(), e);
    }
  }

  /**
   * Takes a destination for this server. If the node was left by an earlier process under this very
   * address, waits until ZooKeeper has ended that session.
   *
   * @param patience how long to wait for that: more than the session timeout
   * @throws CanalException {@code STOP_INSTANCE} if another server holds it
   */
  public synchronized void claim(String destination, Duration patience) {
    long deadline = System.nanoTime() + patience.toNanos();
    String path = runningPath(destination);
    try {
      Optional<Holder> holder = take(destination);
      while (holder.isPresent()) {
        long leftMs = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (!holder.get().address().equals(address) || leftMs <= 0) {
          throw heldBy(path, holder.get());
        }
        logger.info("{}: waiting for the end of an earlier session of {}", path, address);
        wait(Math.min(leftMs, RETRY_INTERVAL.toMillis())); // refresh() notifies
        holder = take(destination);
      }
      logger.info("{}: held by this server, {}", path, address);
    } catch (Exception e) {
      throw failure(path, e);
    }
  }

  /** Gives a destination up; does nothing if it is not held. */
  public synchronized void release(String destination) {
    Long session = sessions.remove(destination);
    if (session == null) {
      return;
    }
    String path = runningPath(destination);
    try {
      client.delete().quietly().forPath(clusterPath(destination));
      Optional<Holder> holder = holder(path);
      if (holder.isPresent() && holder.get().session() == session) {
        client.delete().quietly().withVersion(holder.get().version()).forPath(path);
      }
    } catch (Exception e) {
      throw failure(path, e);
    }
  }

  /** Removes all nodes. Where ZooKeeper is out of reach they end with the session. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    client.getConnectionStateListenable().removeListener(connectionListener);
    executor.shutdownNow();
    try {
      for (String destination : List.copyOf(sessions.keySet())) {
        release(destination);
      }
      client.delete().quietly().forPath(serverPath());
    } catch (Exception e) {
      logger.warn("{}; the node ends with the session", failure(serverPath(), e).getMessage());
    }
  }

  private void stateChanged(ConnectionState state) {
    if (state == ConnectionState.RECONNECTED) {
      refreshAfter(Duration.ZERO);
    }
  }

  private void nodeChanged(WatchedEvent event) {
    if (event.getType() != EventType.None) { // what the connection does is told by its state
      refreshAfter(Duration.ZERO);
    }
  }

  private void refreshAfter(Duration delay) {
    try {
      Future<?> unused = executor.schedule(this::refresh, delay.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      logger.debug("{}: closed", serverPath());
    }
  }

  /** Makes every node that should be there, and wakes who waits for a change. */
  private void refresh() {
    Map<String, CanalException> lost = new TreeMap<>();
    synchronized (this) {
      notifyAll();
      if (closed) {
        return;
      }
      try {
        publish(serverPath());
        for (String destination : List.copyOf(sessions.keySet())) {
          Optional<Holder> holder = take(destination);
          if (holder.isPresent()) {
            sessions.remove(destination);
            lost.put(destination, heldBy(runningPath(destination), holder.get()));
            client.delete().quietly().forPath(clusterPath(destination));
          }
        }
      } catch (Exception e) {
        if (client.getState() == CuratorFrameworkState.STOPPED) {
          executor.shutdown();
          return; // the nodes have gone with its session
        }
        logger.warn("{}; trying again", failure(serverPath(), e).getMessage());
        refreshAfter(RETRY_INTERVAL);
      }
    }
    lost.forEach(this::tellLost);
  }

  private void tellLost(String destination, CanalException reason) {
    logger.error("{}: lost: {}", destination, reason.getMessage());
    try {
      listener.runningLost(destination, reason);
    } catch (RuntimeException e) {
      logger.error("{}: could not be stopped", destination, e);
    }
  }

  /** Returns who else holds a destination; empty when it is this server, its nodes in place. */
  private Optional<Holder> take(String destination) throws Exception {
    String path = runningPath(destination);
    while (true) {
      Optional<Holder> holder = holder(path);
      if (holder.isEmpty()) {
        create(path, "{\"active\":true,\"address\":\"%s\"}".formatted(address));
      } else if (holder.get().session() == session()) {
        sessions.put(destination, holder.get().session());
        publish(clusterPath(destination));
        return Optional.empty();
      } else if (Objects.equals(sessions.get(destination), holder.get().session())) {
        delete(path, holder.get().version()); // of this process, before it lost that session
      } else {
        return holder;
      }
    }
  }

  /** Makes a node under this server's own address, whatever an earlier process left there. */
  private void publish(String path) throws Exception {
    Stat stat = client.checkExists().forPath(path);
    while (stat == null || stat.getEphemeralOwner() != session()) {
      if (stat == null) {
        create(path, "");
      } else {
        delete(path, stat.getVersion());
      }
      stat = client.checkExists().forPath(path);
    }
  }

  private void create(String path, String payload) throws Exception {
    try {
      client
          .create()
          .creatingParentsIfNeeded()
          .withMode(CreateMode.EPHEMERAL)
          .forPath(path, payload.getBytes(UTF_8));
    } catch (KeeperException.NodeExistsException e) {
      logger.debug("{}: exists", path); // the caller looks whose it is
    }
  }

  private void delete(String path, int version) throws Exception {
    try {
      client.delete().withVersion(version).forPath(path);
    } catch (KeeperException.NoNodeException | KeeperException.BadVersionException e) {
      logger.debug("{}: changed meanwhile", path); // the caller looks again
    }
  }

  /** Reads a running node and watches it. */
  private Optional<Holder> holder(String path) throws Exception {
    if (client.checkExists().usingWatcher(watcher).forPath(path) == null) {
      return Optional.empty();
    }
    Stat stat = new Stat();
    byte[] payload;
    try {
      payload = client.getData().storingStatIn(stat).forPath(path);
    } catch (KeeperException.NoNodeException e) {
      return Optional.empty();
    }
    return Optional.of(new Holder(address(payload), stat.getEphemeralOwner(), stat.getVersion()));
  }

  private static String address(byte[] payload) {
    String text = payload == null ? "" : new String(payload, UTF_8);
    try {
      return MAPPER.readTree(text).path("address").asText(text);
    } catch (IOException e) {
      return text; // no server of ours or of the original
    }
  }

  private long session() throws Exception {
    return client.getZookeeperClient().getZooKeeper().getSessionId();
  }

  private static CanalException heldBy(String path, Holder holder) {
    return new CanalException(
        ErrorCode.STOP_INSTANCE,
        "%s: held by %s (session 0x%x), expected no other server to run this destination"
            .formatted(path, holder.address(), holder.session()));
  }

  private static RuntimeException failure(String path, Exception e) {
    if (e instanceof InterruptedException) {
      Thread.currentThread().interrupt();
    } else if (e instanceof RuntimeException unchecked) {
      return unchecked;
    }
    return new CanalException(ErrorCode.RETRY, path + ": ZooKeeper failed: " + e, e);
  }

  private String serverPath() {
    return ROOT + "cluster/" + address;
  }

  private String clusterPath(String destination) {
    return ROOT + "destinations/" + destination + "/cluster/" + address;
  }

  private static String runningPath(String destination) {
    return ROOT + "destinations/" + destination + "/running";
  }
}
