package io.canal.server.position;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.SourcePosition;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.api.transaction.CuratorOp;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.data.Stat;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps positions in ZooKeeper, in the znodes that Alibaba Canal has (wire-protocol section 9):
 * {@code /otter/canal/destinations/{destination}/{consumer}} with the children {@code filter} (none
 * without a filter) and {@code cursor} ({@link CursorJson}). A node without a cursor is no
 * consumer. Beside them stands {@code start}, which Alibaba Canal passes over, because it is no
 * number.
 *
 * <p>Every write is conditional on the version that this store read or wrote last. When another has
 * written since, nothing is changed, and this store refuses to save until it is loaded again.
 *
 * <p>The client, its session and its retry policy, which bounds how long a call waits for a lost
 * connection, belong to the caller.
 */
public final class ZookeeperPositionStore implements PositionStore {
  private static final Logger logger = LoggerFactory.getLogger(ZookeeperPositionStore.class);

  private static final int ABSENT = -1;

  /** Half of ZooKeeper's own limit for a request and for a node (jute.maxbuffer, 1 MiB). */
  private static final int MAX_BYTES = 512 * 1024;

  private final CuratorFramework client;
  private final String root;
  private final String host;
  private final int port;
  private final boolean unlessRunning;

  // owned by the calling thread
  private boolean loaded;
  private String refusal = "";
  private final Map<String, Node> nodes = new HashMap<>();
  private List<Write> unconfirmed = List.of();

  /** A znode as last read or written; absent nodes are not kept. */
  private record Node(int version, String data) {}

  /** A conditional write; no data is a delete. */
  private record Write(String path, int expectedVersion, Optional<String> data) {
    int sizeBytes() {
      return path.length() + data.map(text -> text.getBytes(UTF_8).length).orElse(0);
    }
  }

  /**
   * @param client started
   * @param host address of the source, as Alibaba Canal's own cursors have it
   */
  public ZookeeperPositionStore(
      CuratorFramework client, String destination, String host, int port) {
    this(client, destination, host, port, false);
  }

  private ZookeeperPositionStore(
      CuratorFramework client, String destination, String host, int port, boolean unlessRunning) {
    this.client = requireNonNull(client, "client is null");
    this.root = "/otter/canal/destinations/" + StoredNames.checkDestination(destination);
    this.host = requireNonNull(host, "host is null");
    this.port = port;
    this.unlessRunning = unlessRunning;
  }

  /**
   * A store for a process that does not run the destination: each write fails, and changes nothing,
   * while a server has its {@code running} node.
   */
  public static ZookeeperPositionStore unlessRunning(
      CuratorFramework client, String destination, String host, int port) {
    return new ZookeeperPositionStore(client, destination, host, port, true);
  }

  @Override
  public StoredPositions load() {
    loaded = false;
    nodes.clear();
    unconfirmed = List.of();
    try {
      client.sync().forPath(root); // reads on this session come after it
      Optional<SourcePosition> start = read(root + "/start").map(this::parseStart);
      SortedMap<String, StoredConsumer> consumers = new TreeMap<>();
      for (String name : children(root)) {
        if (StoredNames.isConsumer(name)) {
          loadConsumer(name).ifPresent(consumer -> consumers.put(name, consumer));
        }
      }
      loaded = true;
      refusal = "";
      return new StoredPositions(start, consumers);
    } catch (Exception e) {
      throw failure("load", e);
    }
  }

  private SourcePosition parseStart(String payload) {
    try {
      return Fields.parse(payload).position("canal");
    } catch (IOException | IllegalArgumentException e) {
      throw unreadable(root + "/start", e);
    }
  }

  private Optional<StoredConsumer> loadConsumer(String name) throws Exception {
    String filter = read(filterPath(name)).orElse("");
    Optional<String> cursor = read(cursorPath(name));
    if (cursor.isEmpty() || cursor.get().isEmpty()) {
      return Optional.empty(); // subscribed, nothing acknowledged
    }
    try {
      return Optional.of(CursorJson.parse(filter, cursor.get()));
    } catch (IOException | IllegalArgumentException e) {
      throw unreadable(cursorPath(name), e);
    }
  }

  @Override
  public void saveStart(SourcePosition start) {
    prepareToWrite();
    String payload = Fields.write(Fields.newObject().put("canal", start.toString()));
    List<Write> writes = new ArrayList<>();
    addWrite(writes, root + "/start", payload);
    makeParents(root);
    apply(writes);
  }

  /** Consumers are saved whole or not at all; a failure can leave some saved and others not. */
  @Override
  public void saveConsumers(SortedMap<String, StoredConsumer> consumers) {
    prepareToWrite();
    consumers.keySet().forEach(StoredNames::checkConsumer);
    List<Write> writes = new ArrayList<>();
    int bytes = 0;
    for (Map.Entry<String, StoredConsumer> entry : consumers.entrySet()) {
      List<Write> more = writes(entry.getKey(), entry.getValue());
      int moreBytes = more.stream().mapToInt(Write::sizeBytes).sum();
      if (bytes + moreBytes > MAX_BYTES) {
        apply(writes);
        writes.clear();
        bytes = 0;
      }
      writes.addAll(more);
      bytes += moreBytes;
    }
    apply(writes);
  }

  private List<Write> writes(String name, StoredConsumer consumer) {
    String cursor = CursorJson.format(consumer, host, port);
    int bytes = cursor.getBytes(UTF_8).length;
    if (bytes > MAX_BYTES) {
      throw new CanalException(
          ErrorCode.STOP_INSTANCE,
          "%s: position of %d bytes, expected at most %d"
              .formatted(cursorPath(name), bytes, MAX_BYTES));
    }
    if (!nodes.containsKey(cursorPath(name))) {
      makeParents(root + "/" + name);
    }
    List<Write> writes = new ArrayList<>();
    if (consumer.filter().isEmpty()) {
      addDelete(writes, filterPath(name));
    } else {
      addWrite(writes, filterPath(name), consumer.filter());
    }
    addWrite(writes, cursorPath(name), cursor);
    return writes;
  }

  /**
   * Leaves the node {@code running} alone: it belongs to the client's session, and the client
   * deletes it.
   */
  @Override
  public void deleteConsumer(String name) {
    prepareToWrite();
    StoredNames.checkConsumer(name);
    List<Write> writes = new ArrayList<>();
    addDelete(writes, cursorPath(name));
    addDelete(writes, filterPath(name));
    if (writes.isEmpty()) {
      return;
    }
    apply(writes);
    try {
      client.delete().quietly().deletingChildrenIfNeeded().forPath(root + "/" + name + "/mark");
      client.delete().quietly().forPath(root + "/" + name);
    } catch (Exception e) {
      logger.debug("{}/{}: an empty node stays: {}", root, name, e.toString()); // no consumer
    }
  }

  /** Does nothing: the client belongs to the caller. */
  @Override
  public void close() {
    loaded = false;
  }

  private void prepareToWrite() {
    if (!refusal.isEmpty()) {
      throw new CanalException(ErrorCode.STOP_INSTANCE, refusal);
    }
    if (!loaded) {
      throw new IllegalStateException(root + ": not loaded");
    }
    if (!unconfirmed.isEmpty()) {
      settle();
    }
  }

  private void addWrite(List<Write> writes, String path, String data) {
    Node node = nodes.get(path);
    if (node == null || !node.data().equals(data)) {
      writes.add(new Write(path, node == null ? ABSENT : node.version(), Optional.of(data)));
    }
  }

  private void addDelete(List<Write> writes, String path) {
    Node node = nodes.get(path);
    if (node != null) {
      writes.add(new Write(path, node.version(), Optional.empty()));
    }
  }

  /** Applies all writes or none. */
  private void apply(List<Write> writes) {
    if (writes.isEmpty()) {
      return;
    }
    try {
      try {
        client.transaction().forOperations(operations(writes));
      } catch (KeeperException.NodeExistsException
          | KeeperException.BadVersionException
          | KeeperException.NoNodeException e) {
        // also what a retry meets when the answer to its first try was lost
        if (!applied(writes)) {
          throw unlessRunning && untouched(writes) ? running() : refuse(writes);
        }
      }
    } catch (CanalException e) {
      throw e;
    } catch (Exception e) {
      unconfirmed = List.copyOf(writes);
      throw failure("save", e);
    }
    remember(writes);
  }

  /** Finds out what became of writes whose answer never came. */
  private void settle() {
    try {
      client.sync().forPath(root);
      if (applied(unconfirmed)) {
        remember(unconfirmed);
      } else if (!untouched(unconfirmed)) {
        throw refuse(unconfirmed);
      }
    } catch (Exception e) {
      throw failure("save", e);
    }
    unconfirmed = List.of();
  }

  private void remember(List<Write> writes) {
    for (Write write : writes) {
      write
          .data()
          .ifPresentOrElse(
              data -> nodes.put(write.path(), new Node(write.expectedVersion() + 1, data)),
              () -> nodes.remove(write.path()));
    }
  }

  private List<CuratorOp> operations(List<Write> writes) throws Exception {
    List<CuratorOp> operations = new ArrayList<>(writes.size() + 2);
    if (unlessRunning) {
      // made and removed within the transaction: only where nobody has it
      operations.add(client.transactionOp().create().forPath(root + "/running"));
    }
    for (Write write : writes) {
      String path = write.path();
      byte[] data = write.data().orElse("").getBytes(UTF_8);
      int version = write.expectedVersion();
      if (write.data().isEmpty()) {
        operations.add(client.transactionOp().delete().withVersion(version).forPath(path));
      } else if (version == ABSENT) {
        operations.add(client.transactionOp().create().forPath(path, data));
      } else {
        operations.add(client.transactionOp().setData().withVersion(version).forPath(path, data));
      }
    }
    if (unlessRunning) {
      operations.add(client.transactionOp().delete().forPath(root + "/running"));
    }
    return operations;
  }

  /** Whether every write is in place with the very next version, that is, was ours. */
  private boolean applied(List<Write> writes) throws Exception {
    for (Write write : writes) {
      Optional<Node> expected =
          write.data().map(data -> new Node(write.expectedVersion() + 1, data));
      if (!get(write.path()).equals(expected)) {
        return false;
      }
    }
    return true;
  }

  /** Whether every node is as it was before the writes. */
  private boolean untouched(List<Write> writes) throws Exception {
    for (Write write : writes) {
      if (version(write.path()) != write.expectedVersion()) {
        return false;
      }
    }
    return true;
  }

  private CanalException running() throws Exception {
    return new CanalException(
        ErrorCode.BAD_REQUEST,
        "%s/running: expected no server to run the destination, found %s"
            .formatted(root, get(root + "/running").map(Node::data).orElse("one that has ended")));
  }

  private CanalException refuse(List<Write> writes) throws Exception {
    String differences = "nodes have changed";
    for (Write write : writes) {
      int found = version(write.path());
      if (found != write.expectedVersion()) {
        differences =
            "%s: expected %s, found %s"
                .formatted(write.path(), versionText(write.expectedVersion()), versionText(found));
        break;
      }
    }
    refusal =
        differences + ": another server has written; nothing is saved until this one loads again";
    return new CanalException(ErrorCode.STOP_INSTANCE, refusal);
  }

  private static String versionText(int version) {
    return version == ABSENT ? "no node" : "version " + version;
  }

  private int version(String path) throws Exception {
    return get(path).map(Node::version).orElse(ABSENT);
  }

  private void makeParents(String path) {
    try {
      if (client.checkExists().forPath(path) == null) {
        client.create().creatingParentsIfNeeded().forPath(path, new byte[0]);
      }
    } catch (KeeperException.NodeExistsException e) {
      return; // made by a client meanwhile
    } catch (Exception e) {
      throw failure("save", e);
    }
  }

  private List<String> children(String path) throws Exception {
    try {
      return client.getChildren().forPath(path);
    } catch (KeeperException.NoNodeException e) {
      return List.of();
    }
  }

  /** Reads a node and remembers its version. */
  private Optional<String> read(String path) throws Exception {
    Optional<Node> node = get(path);
    node.ifPresent(n -> nodes.put(path, n));
    return node.map(Node::data);
  }

  private Optional<Node> get(String path) throws Exception {
    try {
      Stat stat = new Stat();
      byte[] data = client.getData().storingStatIn(stat).forPath(path);
      return Optional.of(new Node(stat.getVersion(), data == null ? "" : new String(data, UTF_8)));
    } catch (KeeperException.NoNodeException e) {
      return Optional.empty();
    }
  }

  private String filterPath(String name) {
    return root + "/" + name + "/filter";
  }

  private String cursorPath(String name) {
    return root + "/" + name + "/cursor";
  }

  private RuntimeException failure(String what, Exception e) {
    if (e instanceof InterruptedException) {
      Thread.currentThread().interrupt();
    } else if (e instanceof RuntimeException unchecked) {
      return unchecked; // a CanalException that says all, or a mistake in this program
    }
    return new CanalException(
        ErrorCode.RETRY, "%s: cannot %s in ZooKeeper: %s".formatted(root, what, e), e);
  }

  private static CanalException unreadable(String path, Exception cause) {
    return new CanalException(ErrorCode.STOP_INSTANCE, path + ": " + cause.getMessage(), cause);
  }
}
