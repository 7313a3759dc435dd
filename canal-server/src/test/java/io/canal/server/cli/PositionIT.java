package io.canal.server.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.InvalidProtocolBufferException;
import io.canal.client.CanalClient;
import io.canal.client.CanalConnector;
import io.canal.client.Message;
import io.canal.client.Subscription;
import io.canal.protocol.CanalEntry.Entry;
import io.canal.protocol.CanalEntry.EntryType;
import io.canal.protocol.CanalEntry.RowChange;
import io.canal.protocol.CanalException;
import io.canal.protocol.Start;
import io.canal.server.CanalHome;
import io.canal.server.CanalProcess;
import io.canal.server.CanalServer;
import io.canal.testing.MysqlServer;
import io.canal.testing.ZookeeperServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import picocli.CommandLine;

/** {@code bin/canal position} on a log of four files with a row in each second of them. */
@Timeout(180)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class PositionIT {
  // in the future, so that files follow each other in time as they do in life
  private static final long T = 2_000_000_000;

  @RegisterExtension
  static final MysqlServer MYSQL = MysqlServer.of("9.7").withOptions("--binlog-row-metadata=FULL");

  @RegisterExtension static final ZookeeperServer ZOOKEEPER = ZookeeperServer.create();

  private static String firstFile;
  private static String[] afterTwo;

  private final CanalHome home = newHome();
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private static CanalHome newHome() {
    return CanalHome.create()
        .destination(
            "example",
            MYSQL,
            Map.of(
                "canal.instance.master.journal.name",
                firstFile,
                "canal.instance.filter.regex",
                "s\\..*"));
  }

  @BeforeAll
  static void writeFiles() throws Exception {
    firstFile = status()[0];
    MYSQL.execute(
        "CREATE DATABASE s",
        "SET timestamp = " + T,
        "CREATE TABLE s.t (id INT PRIMARY KEY)",
        "CREATE TABLE s.u (id INT PRIMARY KEY)",
        "FLUSH BINARY LOGS",
        "INSERT INTO s.t VALUES (1)",
        "SET timestamp = " + (T + 10),
        "FLUSH BINARY LOGS",
        "INSERT INTO s.t VALUES (2)");
    afterTwo = status();
    MYSQL.execute(
        "SET timestamp = " + (T + 20),
        "INSERT INTO s.t VALUES (3)",
        "FLUSH BINARY LOGS",
        "INSERT INTO s.t VALUES (4), (5)");
  }

  private static String[] status() throws SQLException {
    try (Connection connection = MYSQL.connect();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SHOW BINARY LOG STATUS")) {
      row.next();
      return new String[] {row.getString(1), row.getString(2), row.getString(5)};
    }
  }

  @AfterEach
  void close() {
    home.close();
  }

  private int position(String... arguments) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    System.setProperty("canal.home", home.path().toString());
    CommandLine command = CanalCommand.commandLine();
    command.setOut(new PrintWriter(out, true));
    command.setErr(new PrintWriter(err, true));
    List<String> all = new ArrayList<>(List.of("position"));
    all.addAll(List.of(arguments));
    return command.execute(all.toArray(String[]::new));
  }

  private void set(String start) {
    assertThat(position("set", "example", "1001", start)).as(err.toString()).isZero();
  }

  private JsonNode show() throws IOException {
    assertThat(position("show", "example", "1001", "--json")).as(err.toString()).isZero();
    return new ObjectMapper().readTree(out.toString()).path("destinations").path(0);
  }

  private CanalConnector subscribed(String filter) {
    return subscribed(home, filter);
  }

  private static CanalConnector subscribed(CanalHome home, String filter) {
    home.awaitServing("example");
    CanalConnector connector = home.connector("example", 1001);
    connector.connect();
    connector.subscribe(filter);
    return connector;
  }

  /** The ids that come, up to the last; each batch is acknowledged. */
  private static List<String> idsUntil(String last, CanalConnector connector) {
    List<String> ids = new ArrayList<>();
    while (!ids.contains(last)) {
      Message message = connector.getWithoutAck(1, 20L, TimeUnit.SECONDS);
      assertThat(message.getId()).as("nothing after " + ids).isPositive();
      message.getEntries().forEach(entry -> ids.addAll(ids(entry)));
      connector.ack(message.getId());
    }
    return ids;
  }

  private static List<String> ids(Entry entry) {
    if (entry.getEntryType() != EntryType.ROWDATA) {
      return List.of();
    }
    try {
      return RowChange.parseFrom(entry.getStoreValue()).getRowDatasList().stream()
          .map(row -> row.getAfterColumns(0).getValue())
          .toList();
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError(e);
    }
  }

  private static String time(long seconds) {
    return Instant.ofEpochSecond(seconds).atOffset(ZoneOffset.ofHours(8)).toString();
  }

  @Test
  void shouldTakeAClientWhereverItIsSaidWithinItsSession() throws Exception {
    try (CanalServer server = home.start()) {
      CanalConnector client = subscribed("s\\..*");
      assertThat(server.status().isReady()).isTrue();
      assertThat(idsUntil("5", client)).containsExactly("1", "2", "3", "4", "5");

      set("earliest");
      assertThat(idsUntil("5", client)).containsExactly("1", "2", "3", "4", "5");
      set(time(T + 20));
      assertThat(idsUntil("5", client)).containsExactly("3", "4", "5");
      set(afterTwo[0] + ":" + afterTwo[1]);
      assertThat(idsUntil("5", client)).containsExactly("3", "4", "5");
      set(afterTwo[2].replace("\n", ""));
      assertThat(idsUntil("5", client)).containsExactly("3", "4", "5");
      set("earliest");
      Message unacknowledged = client.getWithoutAck(1024, 20L, TimeUnit.SECONDS);
      set("now");
      client.ack(unacknowledged.getId());
      MYSQL.execute("INSERT INTO s.u VALUES (6)");
      assertThat(idsUntil("6", client)).containsExactly("6");
      client.disconnect();
    }
  }

  @Test
  void shouldReplayWhatTheLogOfThisServerNeverHeld() throws Exception {
    try (CanalServer server = home.start()) {
      assertThat(server.status().address()).isPresent();
      idsUntil("5", subscribed("s\\.t"));
    }
    try (CanalServer server = home.start()) {
      assertThat(server.status().address()).isPresent();
      CanalConnector client = subscribed("s\\.t");

      set(time(T + 10));

      assertThat(show().path("consumers").path(0).path("state").asText()).isEqualTo("DETACHED");
      assertThat(idsUntil("5", client)).containsExactly("2", "3", "4", "5");
      client.disconnect();
    }
  }

  @Test
  void shouldSayWhatWouldBeDoneAndDoNothing() throws Exception {
    try (CanalServer server = home.start()) {
      CanalConnector client = subscribed("s\\.t");
      assertThat(server.status().isReady()).isTrue();
      idsUntil("5", client);
      JsonNode before = show().path("consumers").path(0);

      assertThat(position("set", "example", "1001", firstFile + ":4", "--dry-run")).isZero();

      assertThat(out.toString())
          .contains("example 1001 would go back by", "transactions", "nothing was changed")
          .contains("position  " + firstFile);
      assertThat(position("reset", "example", "1001", "--dry-run")).isZero();
      assertThat(show().path("consumers").path(0).path("place")).isEqualTo(before.path("place"));
      assertThat(client.getWithoutAck(1024).getId()).isEqualTo(Message.NO_BATCH);
      client.disconnect();
    }
  }

  @Test
  void shouldSetThePositionsOfAStoppedServer() throws Exception {
    try (CanalServer server = home.start()) {
      assertThat(server.status().address()).isPresent();
      CanalConnector client = subscribed("s\\.t");
      idsUntil("5", client);
      client.disconnect();
    }
    assertThat(show().path("state").asText()).isEqualTo("not running");

    set(time(T + 10));

    assertThat(show().path("consumers").path(0).path("place").path("position").asText())
        .startsWith("file=" + afterTwo[0]);
    try (CanalProcess server = home.startProcess()) {
      CanalConnector client = subscribed("s\\.t");
      assertThat(idsUntil("5", client)).containsExactly("2", "3", "4", "5");
      client.disconnect();
      server.kill();
    }
    // its socket file is still there, and nobody answers
    assertThat(home.path().resolve("data/canal.sock")).exists();
    assertThat(position("reset", "example", "1001")).as(err.toString()).isZero();
    assertThat(position("show", "example")).isZero();
    assertThat(out.toString()).contains("no consumer");
  }

  @Test
  void shouldBeginWhereAClientSays() throws Exception {
    BlockingQueue<String> ids = new LinkedBlockingQueue<>();
    try (CanalServer server = home.start()) {
      assertThat(server.status().address()).isPresent();
      home.awaitServing("example");
      CanalClient client = home.client().clientId(1003).build();
      Start start = Start.at(Instant.ofEpochSecond(T + 20));

      try (Subscription subscription =
          client.subscribe(
              "example", "s\\.t", start, change -> ids.add(change.after().getString("id")))) {
        assertThat(subscription.closed()).isNotDone();
        assertThat(ids.poll(20, TimeUnit.SECONDS)).isEqualTo("3");
        assertThat(ids.poll(20, TimeUnit.SECONDS)).isEqualTo("4");
        assertThat(ids.poll(20, TimeUnit.SECONDS)).isEqualTo("5");
      }
    }
  }

  @Test
  void shouldSayWhatAnOffsetWithinATransactionOrAnEventMeans() throws Exception {
    try (CanalServer server = home.start()) {
      assertThat(server.status().address()).isPresent();
      subscribed("s\\.t").disconnect();
      long end = Long.parseLong(afterTwo[1]);

      // the XID event of 31 bytes ends the transaction there
      assertThat(position("set", "example", "1001", afterTwo[0] + ":" + (end - 31), "--dry-run"))
          .as(err.toString())
          .isZero();
      assertThat(out.toString())
          .contains("is inside a transaction, which is taken from its beginning");
      assertThat(position("set", "example", "1001", afterTwo[0] + ":" + (end - 5))).isEqualTo(1);
      assertThat(err.toString()).contains("is inside an event, which begins at " + (end - 31));
      assertThat(position("set", "example", "1001", "yesterday")).isEqualTo(2);
      assertThat(err.toString()).contains("'yesterday' is no start");
      assertThat(position("set", "example", "abc", "now")).isEqualTo(1);
      assertThat(err.toString()).contains("client id 'abc'");
      String nobody = "11111111-2222-3333-4444-555555555555:1-7";
      assertThat(position("set", "example", "1001", nobody)).isEqualTo(1);
      assertThat(err.toString()).contains("has not executed " + nobody);
      assertThat(position("show", "nowhere")).isEqualTo(1);
      assertThat(err.toString()).contains("no destination 'nowhere'");
    }
  }

  @Test
  void shouldSetThePositionsInZookeeperUnlessAServerElsewhereHasThem() throws Exception {
    Map<String, String> zookeeper = Map.of("canal.zkServers", ZOOKEEPER.connectString());
    home.set(zookeeper);
    try (CanalServer server = home.start()) {
      assertThat(server.status().address()).isPresent();
      idsUntil("5", subscribed("s\\.t"));
    }
    set(time(T + 20));
    try (CanalHome other = newHome().set(zookeeper);
        CanalServer server = other.start()) {
      assertThat(server.status().address()).isPresent();
      CanalConnector client = subscribed(other, "s\\.t");

      assertThat(position("set", "example", "1001", "earliest")).isEqualTo(1);
      assertThat(err.toString()).contains("is run by 127.0.0.1:" + other.port());
      assertThat(show().path("state").asText()).isEqualTo("run by 127.0.0.1:" + other.port());
      assertThat(idsUntil("5", client)).containsExactly("3", "4", "5");
      client.disconnect();
    }
  }

  @Test
  @Order(Integer.MAX_VALUE) // it purges what the others need
  void shouldSayWhichRangeIsMissingAndRecoverWithoutARestart() throws Exception {
    try (CanalServer server = home.start()) {
      assertThat(server.status().address()).isPresent();
      subscribed("s\\.t").disconnect();
    }
    String file = status()[0];
    MYSQL.execute("PURGE BINARY LOGS TO '" + file + "'");
    JsonNode place = show().path("consumers").path(0).path("place");
    assertThat(place.path("missing").asText()).startsWith("transactions ");
    try (CanalServer server = home.start()) {
      assertThat(server.status().address()).isPresent();
      CanalConnector failed = subscribed("s\\.t");
      assertThatThrownBy(() -> failed.getWithoutAck(1024, 20L, TimeUnit.SECONDS))
          .isInstanceOf(CanalException.class);
      failed.disconnect();
      assertThat(show().path("consumers").path(0).path("state").asText()).isEqualTo("FAILED");
      assertThat(position("show")).isZero();
      assertThat(out.toString()).contains("it cannot go on, the source has purged transactions");

      assertThat(position("set", "example", "1001", afterTwo[0] + ":" + afterTwo[1])).isEqualTo(1);
      assertThat(err.toString())
          .contains("no binary log '" + afterTwo[0], "missing: " + afterTwo[0]);
      assertThat(position("set", "example", "1001", afterTwo[2].replace("\n", ""))).isEqualTo(1);
      assertThat(err.toString()).contains("has purged transactions that the start lacks");
      assertThat(position("set", "example", "1001", time(T))).isEqualTo(1);
      assertThat(err.toString()).contains("begins at", "missing: what was written between the two");
      set("earliest");

      CanalConnector client = subscribed("s\\.t");
      assertThat(idsUntil("5", client)).containsExactly("4", "5");
      client.disconnect();
    }
  }
}
