package io.canal.server.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.testing.ZookeeperServer;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClusterNodesIT {
  @RegisterExtension static final ZookeeperServer zookeeper = ZookeeperServer.create();

  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final String ADDRESS = "10.0.0.1:11111";
  private static final String OTHER = "10.0.0.2:11111";

  private final String destination = "d" + UUID.randomUUID();
  private final String root = "/otter/canal/destinations/" + destination;
  private final String server = "/otter/canal/cluster/" + ADDRESS;
  private final BlockingQueue<String> lost = new LinkedBlockingQueue<>();
  private CuratorFramework observer;
  private CuratorFramework client;
  private ClusterNodes nodes;

  private static CuratorFramework connect() {
    return ZookeeperClients.open(zookeeper.connectString(), Duration.ofSeconds(4), PATIENCE);
  }

  private ClusterNodes nodes(CuratorFramework client, String address) {
    return new ClusterNodes(
        client,
        address,
        (destination, reason) -> lost.add(destination + " " + reason.getMessage()));
  }

  @BeforeEach
  void start() {
    observer = connect();
    client = connect();
    nodes = nodes(client, ADDRESS);
    nodes.start();
  }

  @AfterEach
  void stop() {
    nodes.close();
    client.close();
    observer.close();
  }

  private interface Condition {
    boolean holds() throws Exception;
  }

  private static void await(String what, Condition condition) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!condition.holds()) {
      assertThat(System.nanoTime()).as(what + ": deadline").isLessThan(deadline);
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  private boolean ownedBy(String path, CuratorFramework owner) throws Exception {
    Stat stat = observer.checkExists().forPath(path);
    return stat != null
        && stat.getEphemeralOwner() == owner.getZookeeperClient().getZooKeeper().getSessionId();
  }

  private boolean exists(String path) throws Exception {
    return observer.checkExists().forPath(path) != null;
  }

  private static void expire(CuratorFramework client) throws Exception {
    ZooKeeper session = client.getZookeeperClient().getZooKeeper();
    CountDownLatch connected = new CountDownLatch(1);
    ZooKeeper twin =
        new ZooKeeper(
            zookeeper.connectString(),
            4000,
            event -> connected.countDown(),
            session.getSessionId(),
            session.getSessionPasswd());
    // closed before it is connected, it would end nothing
    assertThat(connected.await(20, TimeUnit.SECONDS)).isTrue();
    twin.close();
  }

  @Test
  void shouldPublishAndRemove() throws Exception {
    assertThat(ownedBy(server, client)).isTrue();

    nodes.claim(destination, Duration.ZERO);
    nodes.claim(destination, Duration.ZERO);

    assertThat(ownedBy(root + "/running", client)).isTrue();
    assertThat(new String(observer.getData().forPath(root + "/running"), UTF_8))
        .isEqualTo("{\"active\":true,\"address\":\"10.0.0.1:11111\"}");
    assertThat(ownedBy(root + "/cluster/" + ADDRESS, client)).isTrue();
    assertThat(observer.getData().forPath(root + "/cluster/" + ADDRESS)).isEmpty();

    nodes.release(destination);
    nodes.release(destination);

    assertThat(exists(root + "/running")).isFalse();
    assertThat(exists(root + "/cluster/" + ADDRESS)).isFalse();
    assertThat(exists(root + "/cluster")).as("cluster clients watch it").isTrue();

    nodes.claim(destination, Duration.ZERO);
    nodes.close();
    nodes.close();

    assertThat(exists(root + "/running")).isFalse();
    assertThat(exists(server)).isFalse();
  }

  @Test
  void shouldNotTakeWhatAnotherServerHolds() throws Exception {
    try (CuratorFramework otherClient = connect();
        ClusterNodes other = nodes(otherClient, OTHER)) {
      other.start();
      other.claim(destination, Duration.ZERO);

      assertThatThrownBy(() -> nodes.claim(destination, PATIENCE))
          .isInstanceOfSatisfying(
              CanalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STOP_INSTANCE))
          .hasMessageStartingWith(root + "/running: held by " + OTHER);

      nodes.release(destination);
      assertThat(ownedBy(root + "/running", otherClient)).isTrue();
      assertThat(exists(root + "/cluster/" + ADDRESS)).isFalse();
      other.release(destination);
      nodes.claim(destination, Duration.ZERO);
      assertThat(ownedBy(root + "/running", client)).isTrue();
    }
  }

  @Test
  void shouldWaitForTheEndOfAnEarlierProcess() throws Exception {
    CuratorFramework earlier = connect();
    nodes(earlier, ADDRESS).claim(destination, Duration.ZERO);
    assertThatThrownBy(() -> nodes.claim(destination, Duration.ZERO))
        .hasMessageContaining("held by " + ADDRESS);

    Thread end = new Thread(earlier::close);
    end.start();
    nodes.claim(destination, PATIENCE);

    end.join();
    assertThat(ownedBy(root + "/running", client)).isTrue();
  }

  @Test
  void shouldPublishAgainAfterTheSessionExpired() throws Exception {
    nodes.claim(destination, Duration.ZERO);
    long before = client.getZookeeperClient().getZooKeeper().getSessionId();

    expire(client);

    await(
        "a new session", () -> client.getZookeeperClient().getZooKeeper().getSessionId() != before);
    await("running", () -> ownedBy(root + "/running", client));
    await("cluster", () -> ownedBy(root + "/cluster/" + ADDRESS, client));
    await("server", () -> ownedBy(server, client));
    assertThat(lost).isEmpty();
  }

  @Test
  void shouldHoldAcrossARestartOfZookeeper() throws Exception {
    nodes.claim(destination, Duration.ZERO);

    zookeeper.kill();
    zookeeper.start();

    await("running", () -> ownedBy(root + "/running", client));
    assertThat(lost).isEmpty();
  }

  @Test
  void shouldPublishAgainAfterADeletionByHand() throws Exception {
    nodes.claim(destination, Duration.ZERO);

    observer.delete().forPath(root + "/running");

    await("running", () -> ownedBy(root + "/running", client));
    observer.delete().forPath(root + "/running");
    await("running, a second time", () -> ownedBy(root + "/running", client));
  }

  @Test
  void shouldTellWhenAnotherServerTookOver() throws Exception {
    nodes.claim(destination, Duration.ZERO);

    observer
        .transaction()
        .forOperations(
            observer.transactionOp().delete().forPath(root + "/running"),
            observer
                .transactionOp()
                .create()
                .withMode(CreateMode.EPHEMERAL)
                .forPath(root + "/running", ("{\"address\":\"" + OTHER + "\"}").getBytes(UTF_8)));

    assertThat(lost.poll(20, TimeUnit.SECONDS))
        .startsWith(destination + " " + root + "/running: held by " + OTHER);
    nodes.release(destination);
    assertThat(ownedBy(root + "/running", observer)).isTrue();
    assertThat(exists(root + "/cluster/" + ADDRESS)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "10.0.0.1", "::1:11111", "a\"b:1", "10.0.0.1:x"})
  void shouldRefuseAnAddressThatClientsCannotRead(String address) {
    assertThatThrownBy(() -> nodes(client, address)).isInstanceOf(CanalException.class);
  }
}
