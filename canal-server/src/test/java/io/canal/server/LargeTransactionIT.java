package io.canal.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.client.Message;
import io.canal.server.RowReceiver.Row;
import io.canal.testing.MysqlServer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What is larger than the change log, and clients that do not keep up with it. */
@Timeout(120)
class LargeTransactionIT {
  @RegisterExtension
  static final MysqlServer MYSQL =
      MysqlServer.of("9.7")
          .withOptions("--max-allowed-packet=256M", "--innodb-log-buffer-size=64M");

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int ROWS = 40_000; // of about 1 KiB
  private static final Map<String, String> LOG_OF_4_MIB =
      Map.of("canal.instance.memory.buffer.size", "4096");

  private static CanalHome home;
  private static CanalServer canal;

  @BeforeAll
  static void start() {
    home =
        CanalHome.create()
            .destination("example", MYSQL, LOG_OF_4_MIB)
            .destination("pressed", MYSQL, LOG_OF_4_MIB);
    canal = home.start();
  }

  @AfterAll
  static void stop() {
    canal.close();
    home.close();
  }

  @Test
  void shouldDeliverEachRowOnceThoughTheDumpIsKilledInATransactionLargerThanTheLog()
      throws Exception {
    String schema = MYSQL.createSchema("large");
    try (RowReceiver client = RowReceiver.open(home, "example", 1, schema + "\\..*")) {
      insertLarge(schema);
      List<Row> rows = new ArrayList<>();
      for (int kill = 0; kill < 3; kill++) {
        rows.addAll(client.rows(ROWS / 5));
        killDumps();
      }
      rows.addAll(client.rows(ROWS - rows.size()));

      assertThat(ids(rows)).containsExactlyElementsOf(numbers(ROWS));
      MYSQL.execute("INSERT INTO %s.t VALUES (0, 'the next one')".formatted(schema));
      assertThat(ids(client.rows(1))).containsExactly("0");
    }
  }

  @Test
  void shouldKeepOnDiskWhatASlowClientHasYetToRead() throws Exception {
    String schema = MYSQL.createSchema("slow");
    try (RowReceiver fast = RowReceiver.open(home, "example", 1, schema + "\\..*");
        RowReceiver slow = RowReceiver.open(home, "example", 2, schema + "\\..*")) {
      insertLarge(schema);

      List<Row> received = fast.rows(ROWS);
      JsonNode spilled = home.status("example");
      List<Row> late = slow.rows(ROWS);

      assertThat(spilled.path("logDiskBytes").asLong()).isGreaterThan(30_000_000);
      assertThat(spilled.path("logBytes").asLong()).isLessThanOrEqualTo(4 << 20);
      assertThat(ids(received)).containsExactlyElementsOf(numbers(ROWS));
      assertThat(ids(late)).containsExactlyElementsOf(numbers(ROWS));
      slow.connector().unsubscribe();
    }
  }

  @Test
  void shouldWaitForItsOnlyClientToReadAndKeepWhatThatHasNotAcknowledged() throws Exception {
    String schema = MYSQL.createSchema("pressure");
    try (RowReceiver client = RowReceiver.open(home, "pressed", 1, schema + "\\..*")) {
      insertLarge(schema);
      home.await(
          "pressed",
          "that the log is full and names who holds it",
          instance ->
              instance.path("state").asText().equals("WAITING")
                  && instance
                      .path("reason")
                      .asText()
                      .equals("the change log is full until consumer 1 reads"));
      List<String> timeouts = dumpTimeouts();

      List<Row> unacknowledged = new ArrayList<>();
      while (unacknowledged.size() < ROWS) {
        Message message =
            client.connector().getWithoutAck(256, PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        message.getEntries().forEach(entry -> unacknowledged.addAll(RowReceiver.rows(entry)));
      }
      client.connector().rollback();

      assertThat(timeouts).isNotEmpty().containsOnly("7200");
      assertThat(ids(unacknowledged)).containsExactlyElementsOf(numbers(ROWS));
      assertThat(ids(client.rows(ROWS))).containsExactlyElementsOf(numbers(ROWS));
      home.await(
          "pressed",
          "that the receiver reads again",
          instance -> instance.path("state").asText().equals("RUNNING"));
    }
  }

  @Test
  void shouldDeliverARowOf64MiB() throws Exception {
    int bytes = 64 * 1024 * 1024;
    String schema = MYSQL.createSchema("row");
    MYSQL.execute("CREATE TABLE %s.t (id INT, v LONGBLOB)".formatted(schema));
    // in a JVM of its own: client and server together need more heap than the tests have
    try (CanalHome other = CanalHome.create().destination("example", MYSQL, LOG_OF_4_MIB);
        CanalProcess server = other.startProcess("-Xmx512m");
        RowReceiver client = RowReceiver.open(other, "example", 1, schema + "\\..*")) {
      MYSQL.execute(
          "INSERT INTO %s.t VALUES (1, REPEAT('x', %d))".formatted(schema, bytes),
          "INSERT INTO %s.t VALUES (2, '')".formatted(schema));

      assertThat(client.connector().checkValid()).as(server.logTail()).isTrue();

      List<Row> rows = client.rows(2);

      assertThat(rows).extracting(row -> row.get("v").length()).containsExactly(bytes, 0);
    }
  }

  /** One transaction of 40 MB, ten times what the log may hold. */
  private static void insertLarge(String schema) throws SQLException {
    MYSQL.execute(
        "USE " + schema,
        "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(1000))",
        "SET cte_max_recursion_depth = " + ROWS,
        ("INSERT INTO t WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i <"
                + " %d) SELECT i, REPEAT('x', 1000) FROM n")
            .formatted(ROWS));
  }

  private static List<String> ids(List<Row> rows) {
    return rows.stream().map(row -> row.get("id")).toList();
  }

  private static List<String> numbers(int count) {
    return IntStream.rangeClosed(1, count).mapToObj(Integer::toString).toList();
  }

  private static void killDumps() throws SQLException {
    for (String id :
        select("SELECT id FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%'")) {
      MYSQL.execute("KILL " + id);
    }
  }

  private static List<String> dumpTimeouts() throws SQLException {
    return select(
        "SELECT variable_value FROM performance_schema.variables_by_thread"
            + " JOIN performance_schema.threads USING (thread_id)"
            + " WHERE processlist_command LIKE 'Binlog Dump%'"
            + " AND variable_name = 'net_write_timeout'");
  }

  private static List<String> select(String sql) throws SQLException {
    List<String> values = new ArrayList<>();
    try (Connection connection = MYSQL.connect();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      while (rows.next()) {
        values.add(rows.getString(1));
      }
    }
    return values;
  }
}
