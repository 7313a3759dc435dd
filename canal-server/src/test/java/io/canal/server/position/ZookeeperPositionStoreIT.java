package io.canal.server.position;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.server.cluster.ZookeeperClients;
import io.canal.testing.ZookeeperServer;
import java.time.Duration;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.ZooKeeper;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class ZookeeperPositionStoreIT extends PositionStoreContract {
  @RegisterExtension static final ZookeeperServer zookeeper = ZookeeperServer.create();

  private static final Duration SESSION_TIMEOUT = Duration.ofSeconds(4);
  private static final String ALIBABA_CURSOR =
      """
      {"@type":"com.alibaba.otter.canal.protocol.position.LogPosition",\
      "identity":{"slaveId":-1,"sourceAddress":{"address":"db1","port":3306}},\
      "postion":{"gtid":"","included":false,"journalName":"mysql-bin.000001","position":123,\
      "serverId":1,"timestamp":1510214405000}}""";

  private static CuratorFramework client;

  private final String destination = "d" + UUID.randomUUID();
  private final String root = "/otter/canal/destinations/" + destination;

  @BeforeAll
  static void connect() {
    client = connect(Duration.ofSeconds(10));
  }

  private static CuratorFramework connect(Duration patience) {
    return ZookeeperClients.open(zookeeper.connectString(), SESSION_TIMEOUT, patience);
  }

  @AfterAll
  static void disconnect() {
    client.close();
  }

  @Override
  PositionStore open() {
    return open(client);
  }

  private PositionStore open(CuratorFramework client) {
    return new ZookeeperPositionStore(client, destination, "db1", 3306);
  }

  private String text(String path) throws Exception {
    return new String(client.getData().forPath(root + path), UTF_8);
  }

  private void put(String path, String text) throws Exception {
    client
        .create()
        .orSetData()
        .creatingParentsIfNeeded()
        .forPath(root + path, text.getBytes(UTF_8));
  }

  @Test
  void shouldStandWhereAlibabaCanalLooks() throws Exception {
    reopen();
    store.saveStart(at("binlog.000041", 4));
    store.saveConsumers(only("1001", consumer("shop\\..*", 1187)));
    store.saveConsumers(only("1002", consumer("", 1187)));

    assertThat(client.getChildren().forPath(root))
        .containsExactlyInAnyOrder("start", "1001", "1002");
    assertThat(text("/1001")).isEmpty();
    assertThat(text("/1001/filter")).isEqualTo("shop\\..*");
    assertThat(text("/1001/cursor")).isEqualTo(CursorJson.format(consumer("", 1187), "db1", 3306));
    assertThat(client.getChildren().forPath(root + "/1002")).containsExactly("cursor");
    assertThat(text("/start")).isEqualTo("{\"canal\":\"file=binlog.000041;offset=4\"}");

    store.deleteConsumer("1001");
    assertThat(client.getChildren().forPath(root)).containsExactlyInAnyOrder("start", "1002");
  }

  @Test
  void shouldGoOnFromAnAlibabaCursor() throws Exception {
    put("/1001/filter", "shop\\..*");
    put("/1001/cursor", ALIBABA_CURSOR);
    put("/1001/mark/0000000001", "{}");
    put("/1002/filter", "subscribed, nothing acknowledged");
    put("/parse", ALIBABA_CURSOR);
    put("/cluster/10.0.0.1:11111", "");

    SortedMap<String, StoredConsumer> consumers = reopen().consumers();

    assertThat(consumers).containsOnlyKeys("1001");
    assertThat(consumers.get("1001").position()).hasToString("file=mysql-bin.000001;offset=123");
    assertThat(consumers.get("1001").migratedFrom()).isPresent();
    store.saveConsumers(
        only(
            "1001",
            new StoredConsumer("new", at("b.1", 123), consumers.get("1001").migratedFrom())));
    assertThat(text("/1001/cursor")).isEqualTo(ALIBABA_CURSOR);
    store.saveConsumers(only("1001", consumer("new", 7)));
    store.saveConsumers(only("1002", consumer("other", 7)));
    assertThat(reopen().consumers()).isEqualTo(both(consumer("new", 7), consumer("other", 7)));
    store.deleteConsumer("1001");
    assertThat(client.checkExists().forPath(root + "/1001")).isNull();
  }

  @Test
  void shouldWriteForAnotherProcessOnlyWhileNobodyRunsTheDestination() throws Exception {
    reopen();
    store.saveConsumers(only("1001", consumer("", 7)));
    PositionStore aside = ZookeeperPositionStore.unlessRunning(client, destination, "db1", 3306);
    aside.load();
    aside.saveConsumers(only("1001", consumer("", 8)));
    put("/running", "{\"active\":true,\"address\":\"10.0.0.1:11111\"}");

    assertThatThrownBy(() -> aside.saveConsumers(only("1001", consumer("", 9))))
        .hasMessageContaining("expected no server to run the destination, found")
        .hasMessageContaining("10.0.0.1:11111");
    assertThatThrownBy(() -> aside.deleteConsumer("1001")).hasMessageContaining("10.0.0.1:11111");

    client.delete().forPath(root + "/running");
    assertThat(reopen().consumers()).isEqualTo(only("1001", consumer("", 8)));
    aside.deleteConsumer("1001");
    assertThat(reopen().consumers()).isEmpty();
  }

  private static SortedMap<String, StoredConsumer> both(StoredConsumer a, StoredConsumer b) {
    SortedMap<String, StoredConsumer> both = only("1001", a);
    both.put("1002", b);
    return both;
  }

  @Test
  void shouldLeaveAClientsOwnNodeAlone() throws Exception {
    reopen();
    store.saveConsumers(only("1001", consumer("f", 4)));
    client.create().withMode(CreateMode.EPHEMERAL).forPath(root + "/1001/running", new byte[0]);

    store.deleteConsumer("1001");

    assertThat(client.getChildren().forPath(root + "/1001")).containsExactly("running");
    assertThat(reopen().consumers()).isEmpty();
    store.saveConsumers(only("1001", consumer("g", 5)));
    assertThat(reopen().consumers()).isEqualTo(only("1001", consumer("g", 5)));
  }

  @Test
  void shouldSayWhichCursorCannotBeRead() throws Exception {
    put("/1001/cursor", "{\"postion\":");

    assertThatThrownBy(this::reopen)
        .isInstanceOfSatisfying(
            CanalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STOP_INSTANCE))
        .hasMessageStartingWith(root + "/1001/cursor: ");
  }

  @Test
  void shouldStopWhenAnotherServerHasSaved() {
    reopen();
    store.saveConsumers(both(consumer("f", 4), consumer("f", 4)));
    try (PositionStore other = open()) {
      other.load();
      other.saveConsumers(only("1002", consumer("f", 9)));
    }

    assertThatThrownBy(() -> store.saveConsumers(both(consumer("f", 5), consumer("f", 5))))
        .isInstanceOfSatisfying(
            CanalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STOP_INSTANCE))
        .hasMessageContaining("another server has written")
        .hasMessageContaining(root + "/100"); // all or nothing: the first of the two is named
    assertThatThrownBy(() -> store.saveConsumers(only("1003", consumer("", 5))))
        .hasMessageContaining("another server has written");
    assertThatThrownBy(() -> store.saveStart(at("b.1", 5))).isInstanceOf(CanalException.class);
    assertThatThrownBy(() -> store.deleteConsumer("1001")).isInstanceOf(CanalException.class);

    assertThat(store.load().consumers()).isEqualTo(both(consumer("f", 4), consumer("f", 9)));
    store.saveConsumers(only("1002", consumer("f", 10)));
    assertThat(reopen().consumers()).isEqualTo(both(consumer("f", 4), consumer("f", 10)));
  }

  @Test
  void shouldStopWhenAnotherServerHasCreatedOrDeletedTheConsumer() throws Exception {
    reopen();
    try (PositionStore other = open()) {
      other.load();
      other.saveConsumers(only("1001", consumer("f", 9)));
    }
    assertThatThrownBy(() -> store.saveConsumers(only("1001", consumer("f", 4))))
        .hasMessageContaining("/1001/filter: expected no node, found version 0");

    store.load();
    client.delete().deletingChildrenIfNeeded().forPath(root + "/1001");
    assertThatThrownBy(() -> store.saveConsumers(only("1001", consumer("f", 10))))
        .hasMessageContaining("/1001/cursor: expected version 0, found no node");
  }

  @Test
  void shouldSplitWhatIsTooLargeForOneRequest() {
    reopen();
    String filter = "x".repeat(100_000);
    SortedMap<String, StoredConsumer> all = new TreeMap<>();
    for (int id = 0; id < 15; id++) {
      all.put(Integer.toString(id), consumer(filter, id));
    }

    store.saveConsumers(all);

    assertThat(reopen().consumers()).isEqualTo(all);
  }

  @Test
  void shouldRefuseAPositionTooLargeForANode() {
    reopen();
    StoredConsumer huge = new StoredConsumer("", at("x".repeat(600_000), 4));

    assertThatThrownBy(() -> store.saveConsumers(only("1001", huge)))
        .isInstanceOf(CanalException.class)
        .hasMessageContaining("expected at most 524288");
    assertThat(reopen()).isEqualTo(StoredPositions.NONE);
  }

  @Test
  void shouldSaveAcrossARestartOfZookeeper() {
    reopen();
    store.saveConsumers(only("1001", consumer("f", 4)));

    zookeeper.kill();
    zookeeper.start();

    store.saveConsumers(only("1001", consumer("f", 5)));
    assertThat(reopen().consumers()).isEqualTo(only("1001", consumer("f", 5)));
  }

  @Test
  void shouldSaveAfterTheSessionExpired() throws Exception {
    reopen();
    store.saveConsumers(only("1001", consumer("f", 4)));
    ZooKeeper session = client.getZookeeperClient().getZooKeeper();

    new ZooKeeper(
            zookeeper.connectString(),
            4000,
            event -> {},
            session.getSessionId(),
            session.getSessionPasswd())
        .close();

    store.saveConsumers(only("1001", consumer("f", 5)));
    assertThat(reopen().consumers()).isEqualTo(only("1001", consumer("f", 5)));
  }

  @Test
  void shouldGiveUpAfterItsPatienceAndSaveLater() {
    try (CuratorFramework impatient = connect(Duration.ofSeconds(1));
        PositionStore hasty = open(impatient)) {
      hasty.load();
      hasty.saveConsumers(only("1001", consumer("f", 4)));
      zookeeper.kill();

      long start = System.nanoTime();
      try {
        assertThatThrownBy(() -> hasty.saveConsumers(only("1001", consumer("f", 5))))
            .isInstanceOfSatisfying(
                CanalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.RETRY))
            .hasMessageStartingWith(root);
        assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(5));
      } finally {
        zookeeper.start();
      }

      saveWithin(Duration.ofSeconds(20), hasty, only("1001", consumer("f", 6)));
    }
    assertThat(reopen().consumers()).isEqualTo(only("1001", consumer("f", 6)));
  }

  private static void saveWithin(
      Duration deadline, PositionStore store, SortedMap<String, StoredConsumer> consumers) {
    long end = System.nanoTime() + deadline.toNanos();
    while (true) {
      try {
        store.saveConsumers(consumers);
        return;
      } catch (CanalException e) {
        if (e.code() != ErrorCode.RETRY || System.nanoTime() > end) {
          throw e;
        }
      }
    }
  }

  @Test
  void shouldKnowItsOwnSaveWhenTheAnswerWasLost() throws Exception {
    try (LossyProxy proxy = new LossyProxy(zookeeper.connectString());
        CuratorFramework lossy =
            ZookeeperClients.open(proxy.address(), SESSION_TIMEOUT, Duration.ofSeconds(10));
        PositionStore own = open(lossy)) {
      own.load();
      own.saveConsumers(only("1001", consumer("f", 4)));

      proxy.loseNextAnswer();
      own.saveConsumers(both(consumer("g", 5), consumer("", 5)));
      proxy.loseNextAnswer();
      own.deleteConsumer("1002");
      proxy.loseNextAnswer();
      own.saveStart(at("b.1", 4));
      own.saveConsumers(only("1001", consumer("g", 6)));

      assertThat(proxy.answersLost()).isEqualTo(3);
    }
    StoredPositions stored = reopen();
    assertThat(stored.consumers()).isEqualTo(only("1001", consumer("g", 6)));
    assertThat(stored.start()).contains(at("b.1", 4));
  }

  @Test
  void shouldKnowItsOwnSaveWhenItHadGivenUpOnTheAnswer() throws Exception {
    try (LossyProxy proxy = new LossyProxy(zookeeper.connectString());
        CuratorFramework lossy =
            ZookeeperClients.open(proxy.address(), SESSION_TIMEOUT, Duration.ofSeconds(1));
        PositionStore own = open(lossy)) {
      own.load();

      for (int offset = 10; offset < 40; offset += 10) { // the first creates
        StoredConsumer lost = consumer("f" + offset, offset);
        proxy.loseNextAnswerAndStayDown();
        assertThatThrownBy(() -> own.saveConsumers(only("1001", lost)))
            .isInstanceOfSatisfying(
                CanalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.RETRY));
        assertThat(text("/1001/cursor")).contains("offset=" + offset);

        proxy.heal();
        saveWithin(Duration.ofSeconds(20), own, only("1001", consumer("", offset + 1)));
      }

      assertThat(proxy.answersLost()).isEqualTo(3);
    }
    assertThat(reopen().consumers()).isEqualTo(only("1001", consumer("", 31)));
  }

  @Test
  void shouldNotTakeAnothersSaveForItsOwnUnansweredOne() throws Exception {
    try (LossyProxy proxy = new LossyProxy(zookeeper.connectString());
        CuratorFramework lossy =
            ZookeeperClients.open(proxy.address(), SESSION_TIMEOUT, Duration.ofSeconds(1));
        PositionStore own = open(lossy)) {
      own.load();
      proxy.loseNextAnswerAndStayDown();
      assertThatThrownBy(() -> own.saveConsumers(only("1001", consumer("", 4))))
          .isInstanceOf(CanalException.class);
      reopen();
      store.saveConsumers(only("1001", consumer("", 5)));

      proxy.heal();

      assertThatThrownBy(
              () -> saveWithin(Duration.ofSeconds(20), own, only("1001", consumer("", 6))))
          .hasMessageContaining("another server has written");
    }
    assertThat(reopen().consumers()).isEqualTo(only("1001", consumer("", 5)));
  }
}
