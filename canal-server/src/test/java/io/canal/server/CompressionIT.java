package io.canal.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.canal.protocol.CanalEntry.Column;
import io.canal.server.RowReceiver.Row;
import io.canal.testing.DatabaseServer;
import io.canal.testing.MariadbServer;
import io.canal.testing.MysqlServer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Transactions and events that the source has compressed. */
@Timeout(180)
class CompressionIT {
  @RegisterExtension
  static final MysqlServer MYSQL =
      MysqlServer.of("9.7")
          .withOptions("--binlog-transaction-compression=ON", "--binlog-row-metadata=FULL");

  private static final int LARGE_ROWS = 40_000; // of about 1 KiB

  @Test
  void shouldDeliverWhatSelectReturnsOfCompressedTransactionsAcrossARestart() throws Exception {
    String schema = MYSQL.createSchema("compressed");
    try (CanalHome home = CanalHome.create().destination("example", MYSQL)) {
      deliver(MYSQL, home, schema);
    }

    assertThat(eventTypes(MYSQL)).contains("Transaction_payload");
  }

  @Test
  void shouldDeliverWhatSelectReturnsOfMariadbsCompressedEvents() throws Exception {
    try (MariadbServer server =
            MariadbServer.of("11.8")
                .withOptions("--log-bin-compress=ON", "--log-bin-compress-min-len=10");
        CanalHome home = CanalHome.create().destination("example", server)) {
      deliver(server, home, server.createSchema("compressed"));

      assertThat(eventTypes(server))
          .contains(
              "Query_compressed",
              "Write_rows_compressed_v1",
              "Update_rows_compressed_v1",
              "Delete_rows_compressed_v1");
    }
  }

  private static void deliver(DatabaseServer server, CanalHome home, String schema)
      throws Exception {
    Map<String, String> replica = new TreeMap<>();
    try (CanalServer canal = home.start();
        RowReceiver client = RowReceiver.open(home, "example", 1, schema + "\\..*")) {
      assertThat(canal.status().isReady()).isTrue();
      server.execute(
          "CREATE TABLE %s.t (id INT PRIMARY KEY, v VARCHAR(2000))".formatted(schema),
          "CREATE TABLE %s.u (id INT PRIMARY KEY, v VARCHAR(2000))".formatted(schema));
      int rows = 0;
      for (int i = 0; i < 50; i++) {
        change(server, schema, i * 100);
        rows += 9;
      }
      replay(client.rows(rows), replica);
    }
    assertThat(replica).isEqualTo(select(server, schema));

    change(server, schema, 5_000);
    try (CanalServer canal = home.start();
        RowReceiver client = RowReceiver.open(home, "example", 1, schema + "\\..*")) {
      assertThat(canal.status().isReady()).isTrue();
      List<Row> rows = client.rows(9);
      assertThat(rows).hasSize(9);
      replay(rows, replica);
    }
    assertThat(replica).isEqualTo(select(server, schema));
  }

  /** One transaction on both tables: 6 rows inserted, 2 updated, 1 deleted. */
  private static void change(DatabaseServer server, String schema, int first) throws SQLException {
    server.execute(
        "USE " + schema,
        "BEGIN",
        "INSERT INTO t VALUES (%d, REPEAT('x', 1500)), (%d, '\u00e4'), (%d, NULL)"
            .formatted(first, first + 1, first + 2),
        "INSERT INTO u SELECT id, CONCAT(v, 'u') FROM t WHERE id >= " + first,
        "UPDATE t SET v = REPEAT('y', 2000) WHERE id BETWEEN %d AND %d".formatted(first, first + 1),
        "DELETE FROM u WHERE id = " + (first + 1),
        "COMMIT");
  }

  private static void replay(List<Row> rows, Map<String, String> replica) {
    for (Row row : rows) {
      if (!row.before().isEmpty()) {
        replica.remove(key(row, row.before()));
      }
      if (!row.after().isEmpty()) {
        Column value = row.after().get("v");
        replica.put(key(row, row.after()), value.getIsNull() ? "NULL" : value.getValue());
      }
    }
  }

  private static String key(Row row, Map<String, Column> image) {
    return row.table() + image.get("id").getValue();
  }

  private static Map<String, String> select(DatabaseServer server, String schema)
      throws SQLException {
    Map<String, String> values = new TreeMap<>();
    try (Connection connection = server.connect();
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "SELECT CONCAT('t', id), IFNULL(v, 'NULL') FROM %1$s.t UNION ALL SELECT CONCAT('u', id), IFNULL(v, 'NULL') FROM %1$s.u"
                    .formatted(schema))) {
      while (rows.next()) {
        values.put(rows.getString(1), rows.getString(2));
      }
    }
    return values;
  }

  private static Set<String> eventTypes(DatabaseServer server) throws SQLException {
    Set<String> types = new TreeSet<>();
    try (Connection connection = server.connect();
        Statement statement = connection.createStatement();
        ResultSet logs = statement.executeQuery("SHOW BINARY LOGS")) {
      List<String> files = new ArrayList<>();
      while (logs.next()) {
        files.add(logs.getString(1));
      }
      for (String file : files) {
        try (ResultSet events =
            statement.executeQuery("SHOW BINLOG EVENTS IN '%s' LIMIT 1000".formatted(file))) {
          while (events.next()) {
            types.add(events.getString("Event_type"));
          }
        }
      }
    }
    return types;
  }

  @Test
  void shouldDeliverEachRowOfACompressedTransactionLargerThanTheLogOnce() throws Exception {
    String schema = MYSQL.createSchema("large");
    try (CanalHome home =
            CanalHome.create()
                .destination(
                    "example", MYSQL, Map.of("canal.instance.memory.buffer.size", "4096"));
        CanalServer canal = home.start();
        RowReceiver client = RowReceiver.open(home, "example", 1, schema + "\\..*")) {
      assertThat(canal.status().isReady()).isTrue();
      MYSQL.execute(
          "USE " + schema,
          "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(1000))",
          "SET cte_max_recursion_depth = " + LARGE_ROWS,
          ("INSERT INTO t WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i"
                  + " < %d) SELECT i, REPEAT(SHA2(i, 512), 7) FROM n")
              .formatted(LARGE_ROWS));
      List<Row> rows = new ArrayList<>(client.rows(LARGE_ROWS / 4));
      killDumps();
      rows.addAll(client.rows(LARGE_ROWS - rows.size()));

      assertThat(rows.stream().map(row -> row.get("id")))
          .containsExactlyElementsOf(
              IntStream.rangeClosed(1, LARGE_ROWS).mapToObj(Integer::toString).toList());
      MYSQL.execute("INSERT INTO %s.t VALUES (0, 'the next one')".formatted(schema));
      assertThat(client.rows(1)).extracting(row -> row.get("id")).containsExactly("0");
    }
  }

  private static void killDumps() throws SQLException {
    List<String> ids = new ArrayList<>();
    try (Connection connection = MYSQL.connect();
        Statement statement = connection.createStatement();
        ResultSet dumps =
            statement.executeQuery(
                "SELECT id FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%'")) {
      while (dumps.next()) {
        ids.add(dumps.getString(1));
      }
    }
    for (String id : ids) {
      MYSQL.execute("KILL " + id);
    }
  }
}
