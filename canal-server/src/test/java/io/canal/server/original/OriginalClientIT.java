package io.canal.server.original;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.InvalidProtocolBufferException;
import io.canal.client.CanalConnector;
import io.canal.client.Message;
import io.canal.protocol.CanalEntry.Entry;
import io.canal.protocol.CanalEntry.EntryType;
import io.canal.protocol.CanalEntry.RowChange;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.Scramble;
import io.canal.server.CanalHome;
import io.canal.server.CanalServer;
import io.canal.server.cluster.ZookeeperClients;
import io.canal.server.original.OriginalClient.Batch;
import io.canal.server.original.OriginalClient.Failure;
import io.canal.testing.MysqlServer;
import io.canal.testing.ZookeeperServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Alibaba Canal's own client, unchanged, at our server. */
@Timeout(180)
class OriginalClientIT {
  @RegisterExtension static final MysqlServer mysql = MysqlServer.shared();
  @RegisterExtension static final ZookeeperServer zookeeper = ZookeeperServer.shared();

  private static final String DESTINATION = "original";
  private static final String PASSWORD = "s3cret";
  private static final int BATCH_KIB = 1024;
  private static final Duration WAIT = Duration.ofSeconds(20);

  private CanalHome home;
  private CanalServer server;
  private String schema;

  @BeforeEach
  void start() throws SQLException {
    schema = mysql.createSchema("original");
    mysql.execute("CREATE TABLE " + schema + ".t (id INT PRIMARY KEY, v VARCHAR(20))");
    home =
        CanalHome.create()
            .set(Map.of("canal.user", "canal", "canal.passwd", Scramble.stored(PASSWORD)))
            .destination(DESTINATION, mysql);
  }

  @AfterEach
  void stop() {
    if (server != null) {
      server.close();
    }
    home.close();
  }

  private void startServer() {
    server = home.start();
    home.awaitServing(DESTINATION);
  }

  private void connect(OriginalClient client) {
    client.connect(new InetSocketAddress(home.host(), home.port()), DESTINATION, "canal", PASSWORD);
  }

  private void subscribe(OriginalClient client) {
    connect(client);
    client.subscribe(schema + "\\..*");
  }

  private void insert(int first, int last) throws SQLException {
    List<String> rows = new ArrayList<>();
    for (int id = first; id <= last; id++) {
      rows.add("(%d, 'row %d')".formatted(id, id));
    }
    mysql.execute("INSERT INTO " + schema + ".t VALUES " + String.join(", ", rows));
  }

  /** The ids of rows that were inserted into {@code t}. */
  private static List<String> ids(List<Entry> entries) {
    return entries.stream()
        .filter(entry -> entry.getEntryType() == EntryType.ROWDATA)
        .filter(entry -> entry.getHeader().getTableName().equals("t"))
        .flatMap(entry -> rowChange(entry).getRowDatasList().stream())
        .map(row -> row.getAfterColumns(0).getValue())
        .toList();
  }

  private static RowChange rowChange(Entry entry) {
    try {
      return RowChange.parseFrom(entry.getStoreValue());
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError("malformed row change", e);
    }
  }

  @Test
  void shouldTellWhatTheClientThrew() throws Exception {
    InetSocketAddress nobody;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      nobody = new InetSocketAddress(InetAddress.getLoopbackAddress(), socket.getLocalPort());
    }

    try (OriginalClient client = OriginalClient.start()) {
      assertThatThrownBy(() -> client.connect(nobody, "example", "canal", "canal"))
          .isInstanceOf(Failure.class)
          .hasMessageContaining("CanalClientException: java.net.ConnectException");
    }
  }

  @Test
  void shouldGetAcknowledgeAndRollBack() throws Exception {
    startServer();
    try (OriginalClient client = OriginalClient.start()) {
      subscribe(client);
      insert(1, 2);
      Batch first = client.getWithoutAck(BATCH_KIB, WAIT);
      insert(3, 3);
      Batch second = client.getWithoutAck(BATCH_KIB, WAIT);
      assertThat(ids(first.entries())).containsExactly("1", "2");
      assertThat(ids(second.entries())).containsExactly("3");

      client.rollback(second.id());
      Batch secondAgain = client.getWithoutAck(BATCH_KIB, WAIT);
      assertThat(secondAgain.entries()).isEqualTo(second.entries());
      client.ack(first.id());
      client.rollback();
      Batch third = client.getWithoutAck(BATCH_KIB, WAIT);
      assertThat(third.entries()).isEqualTo(second.entries());
      client.ack(third.id());

      assertThat(client.get(BATCH_KIB).id()).isEqualTo(-1);
      insert(4, 4);
      assertThat(ids(client.get(BATCH_KIB, WAIT).entries())).containsExactly("4");
      client.rollback();
      assertThat(client.getWithoutAck(BATCH_KIB).id()).isEqualTo(-1);
    }
  }

  @Test
  void shouldSeeTheSameAsOurClient() throws Exception {
    mysql.execute(
        "USE " + schema,
        "CREATE TABLE types (id BIGINT UNSIGNED PRIMARY KEY, d DECIMAL(20,4), f FLOAT, t TEXT,"
            + " b BLOB, j JSON, e ENUM('a', 'b'), s SET('x', 'y'), dt DATETIME(3), y YEAR,"
            + " bits BIT(12), n INT)");
    startServer();
    try (OriginalClient client = OriginalClient.start()) {
      subscribe(client);
      CanalConnector ours =
          home.client()
              .user("canal")
              .password(PASSWORD)
              .clientId(1002)
              .build()
              .newConnector(DESTINATION);
      ours.connect();
      ours.subscribe(schema + "\\..*");

      mysql.execute(
          "USE " + schema,
          "INSERT INTO types VALUES (18446744073709551615, -1.5, 0.1, 'Zoë 中文', x'00ff',"
              + " '{\"a\": [1, 2]}', 'b', 'x,y', '2024-01-02 03:04:05.678', 2024, b'101', NULL)",
          "UPDATE types SET n = 1",
          "DELETE FROM types",
          "CREATE TABLE more (id INT)");
      insert(1, 1);

      List<Entry> original = new ArrayList<>();
      while (ids(original).stream().noneMatch("1"::equals)) {
        original.addAll(client.get(BATCH_KIB, WAIT).entries());
      }
      List<Entry> own = new ArrayList<>();
      while (own.size() < original.size()) {
        Message message = ours.get(BATCH_KIB, WAIT.toSeconds(), TimeUnit.SECONDS);
        assertThat(message.getId()).isPositive();
        own.addAll(message.getEntries());
      }
      ours.disconnect();
      assertThat(original.stream().map(OriginalClientIT::described))
          .containsExactlyElementsOf(own.stream().map(OriginalClientIT::described).toList());
    }
  }

  /** The original client parses the value and writes it again, perhaps not to the same bytes. */
  private static List<Object> described(Entry entry) {
    return List.of(
        entry.getHeader(),
        entry.getEntryType(),
        entry.getEntryType() == EntryType.ROWDATA ? rowChange(entry) : entry.getStoreValue());
  }

  @Test
  void shouldBeRefusedWithAWrongPassword() throws Exception {
    startServer();
    try (OriginalClient client = OriginalClient.start()) {
      InetSocketAddress address = new InetSocketAddress(home.host(), home.port());

      assertThatThrownBy(() -> client.connect(address, DESTINATION, "canal", "wrong"))
          .isInstanceOf(Failure.class)
          .hasMessageContaining("wrong user or password");
    }
  }

  @Test
  void shouldGoOnAfterARestartOfTheServer() throws Exception {
    startServer();
    try (OriginalClient client = OriginalClient.start()) {
      subscribe(client);
      insert(1, 1);
      client.ack(client.getWithoutAck(BATCH_KIB, WAIT).id());
      insert(2, 2);
      Batch lost = client.getWithoutAck(BATCH_KIB, WAIT);
      server.close();
      startServer();

      assertThatThrownBy(() -> client.getWithoutAck(BATCH_KIB, WAIT)).isInstanceOf(Failure.class);
      reconnect(client);
      Batch again = client.getWithoutAck(BATCH_KIB, WAIT);

      assertThat(again.entries()).isEqualTo(lost.entries());
      assertThat(again.id()).isGreaterThan(lost.id());
    }
  }

  /** As its users do after an exception; the client would else think that it is connected. */
  private static void reconnect(OriginalClient client) {
    try {
      client.disconnect();
    } catch (Failure e) {
      // it says a last word on the connection, which is gone
    }
    client.reconnect();
  }

  @Test
  void shouldNotGetOutOfStepByAnAckOfAnUnknownBatch() throws Exception {
    startServer();
    try (OriginalClient client = OriginalClient.start()) {
      subscribe(client);
      insert(1, 1);
      Batch first = client.getWithoutAck(BATCH_KIB, WAIT);

      client.ack(first.id() + 7);
      assertThatThrownBy(() -> client.getWithoutAck(BATCH_KIB, WAIT)).isInstanceOf(Failure.class);
      reconnect(client);

      Batch again = client.getWithoutAck(BATCH_KIB, WAIT);
      assertThat(again.entries()).isEqualTo(first.entries());
      client.ack(again.id());
      insert(2, 2);
      assertThat(ids(client.get(BATCH_KIB, WAIT).entries())).containsExactly("2");
    }
  }

  @Test
  void shouldHandTheClientIdOverToASecondProcess() throws Exception {
    startServer();
    try (OriginalClient first = OriginalClient.start();
        OriginalClient second = OriginalClient.start()) {
      subscribe(first);
      insert(1, 1);
      Batch unacknowledged = first.getWithoutAck(BATCH_KIB, WAIT);

      subscribe(second);
      Batch taken = second.getWithoutAck(BATCH_KIB, WAIT);

      assertThat(taken.entries()).isEqualTo(unacknowledged.entries());
      assertThatThrownBy(() -> first.getWithoutAck(BATCH_KIB)).isInstanceOf(Failure.class);
      second.ack(taken.id());
      insert(2, 2);
      assertThat(ids(second.get(BATCH_KIB, WAIT).entries())).containsExactly("2");
    }
  }

  @Test
  void shouldTellThatAFilterIsNoRegularExpression() throws Exception {
    startServer();
    try (OriginalClient client = OriginalClient.start()) {
      connect(client);

      assertThatThrownBy(() -> client.subscribe("shop\\.("))
          .isInstanceOf(Failure.class)
          .hasMessageContaining("shop\\.(");
    }
    CanalConnector ours =
        home.client()
            .user("canal")
            .password(PASSWORD)
            .clientId(1002)
            .build()
            .newConnector(DESTINATION);
    ours.connect();
    assertThatThrownBy(() -> ours.subscribe("shop\\.("))
        .isInstanceOfSatisfying(
            CanalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BAD_REQUEST));
  }

  @Test
  void shouldFindTheServerThroughZookeeper() throws Exception {
    home.set(Map.of("canal.zkServers", zookeeper.connectString()));
    startServer();
    String address = home.host() + ":" + home.port();
    String root = "/otter/canal/destinations/" + DESTINATION;
    try (OriginalClient client = OriginalClient.start();
        CuratorFramework observer =
            ZookeeperClients.open(
                zookeeper.connectString(), Duration.ofSeconds(10), Duration.ofSeconds(10))) {
      assertThat(observer.getChildren().forPath(root + "/cluster")).containsExactly(address);
      assertThat(text(observer, root + "/running")).contains("\"address\":\"" + address + "\"");

      client.connectCluster(zookeeper.connectString(), DESTINATION, "canal", PASSWORD);
      client.subscribe(schema + "\\..*");
      insert(1, 1);
      Batch first = client.getWithoutAck(BATCH_KIB, WAIT);
      assertThat(ids(first.entries())).containsExactly("1");
      client.ack(first.id());
      insert(2, 2);
      assertThat(ids(client.getWithoutAck(BATCH_KIB, WAIT).entries())).containsExactly("2");
      server.close();
      assertThat(text(observer, root + "/1001/cursor")).contains("journalName");
      startServer();

      // it connects again by itself
      Batch again = client.getWithoutAck(BATCH_KIB, WAIT);

      assertThat(ids(again.entries())).containsExactly("2");
      client.ack(again.id());
    }
  }

  private static String text(CuratorFramework observer, String path) throws Exception {
    return new String(observer.getData().forPath(path), StandardCharsets.UTF_8);
  }
}
