package io.canal.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import io.canal.protocol.CanalEntry.Column;
import io.canal.protocol.CanalEntry.EventType;
import io.canal.server.RowReceiver.Row;
import io.canal.testing.MysqlServer;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which columns a row has, how they are named, and what their flags say. */
@Timeout(120)
class RowImageIT {
  @RegisterExtension static final MysqlServer MYSQL = MysqlServer.of("9.7");

  private static CanalHome home;
  private static CanalServer canal;

  @BeforeAll
  static void start() {
    home = CanalHome.create().destination("example", MYSQL);
    canal = home.start();
  }

  @AfterAll
  static void stop() {
    canal.close();
    home.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"FULL", "MINIMAL"})
  void shouldMarkTheColumnsOfThePrimaryKeyAlone(String metadata) throws Exception {
    String schema = schema(metadata);
    try (RowReceiver client = client(schema)) {
      MYSQL.execute(
          "USE " + schema,
          "CREATE TABLE keyless (a INT, b INT)",
          "CREATE TABLE uniquely (a INT NOT NULL UNIQUE, b INT)",
          "CREATE TABLE pair (a INT, b VARCHAR(20), c INT, PRIMARY KEY (c, b(2)))",
          "INSERT INTO keyless VALUES (1, 2), (1, 2)",
          "INSERT INTO uniquely VALUES (1, 2)",
          "INSERT INTO pair VALUES (1, 'bb', 3)",
          "DELETE FROM keyless LIMIT 1");

      List<Row> rows = client.rows(5);

      assertThat(rows)
          .extracting(row -> row.table() + " " + row.type() + " " + keys(row))
          .containsExactly(
              "keyless INSERT []",
              "keyless INSERT []",
              // in full metadata MySQL calls this key the primary one, as SHOW COLUMNS does
              "uniquely INSERT " + (metadata.equals("FULL") ? "[a]" : "[]"),
              "pair INSERT [b, c]",
              "keyless DELETE []");
      assertThat(values(rows.get(4).before())).containsExactly(entry("a", "1"), entry("b", "2"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"FULL", "MINIMAL"})
  void shouldKeepNamesAsTheyAre(String metadata) throws Exception {
    String schema = schema(metadata);
    List<String> names =
        List.of("a b", "`", "点.x", "\"q\"", "SELECT", "ÄÖ", "$", "back\\slash", "0");
    String table = "tä`.点 x";
    try (RowReceiver client = client(schema)) {
      StringBuilder columns = new StringBuilder();
      names.forEach(name -> columns.append(SelectedTable.quote(name)).append(" INT, "));
      MYSQL.execute(
          "USE " + schema,
          "CREATE TABLE %s (%s PRIMARY KEY (`a b`))".formatted(SelectedTable.quote(table), columns),
          "INSERT INTO %s VALUES (0, 1, 2, 3, 4, 5, 6, 7, 8)"
              .formatted(SelectedTable.quote(table)));

      Row row = client.rows(1).get(0);

      assertThat(row.entry().getHeader().getSchemaName()).isEqualTo(schema);
      assertThat(row.table()).isEqualTo(table);
      Map<String, String> expected = new LinkedHashMap<>();
      IntStream.range(0, names.size())
          .forEach(i -> expected.put(names.get(i), Integer.toString(i)));
      assertThat(values(row.after())).containsExactlyEntriesOf(expected);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"FULL", "MINIMAL"})
  void shouldDeliverGeneratedAndInvisibleColumns(String metadata) throws Exception {
    String schema = schema(metadata);
    try (RowReceiver client = client(schema)) {
      MYSQL.execute(
          "USE " + schema,
          "CREATE TABLE t (id INT PRIMARY KEY, twice INT AS (id * 2) VIRTUAL,"
              + " square INT AS (id * id) STORED, hidden VARCHAR(9) INVISIBLE DEFAULT 'x',"
              + " INDEX (twice))",
          "INSERT INTO t (id) VALUES (3)",
          "UPDATE t SET id = 4");

      List<Row> rows = client.rows(2);

      assertThat(values(rows.get(0).after()))
          .containsExactly(
              entry("id", "3"), entry("twice", "6"), entry("square", "9"), entry("hidden", "x"));
      assertThat(values(rows.get(1).after()))
          .containsExactly(
              entry("id", "4"), entry("twice", "8"), entry("square", "16"), entry("hidden", "x"));
      assertThat(updated(rows.get(1))).containsExactly("id", "twice", "square");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"FULL", "MINIMAL"})
  void shouldLeaveOutWhatTheRowImageLacks(String metadata) throws Exception {
    String schema = schema(metadata);
    try (RowReceiver client = client(schema);
        Connection connection = MYSQL.connect(schema);
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT DEFAULT 7, c TEXT)");
      statement.execute("SET binlog_row_image = MINIMAL");
      statement.execute("INSERT INTO t (a, id) VALUES (NULL, 1)");
      statement.execute("UPDATE t SET a = 2, b = 7");
      statement.execute("UPDATE t SET c = 'text', a = NULL");
      statement.execute("SET binlog_row_image = NOBLOB");
      statement.execute("UPDATE t SET a = 4");
      statement.execute("DELETE FROM t");

      List<Row> rows = client.rows(5);

      assertThat(rows)
          .extracting(Row::type)
          .containsExactly(
              EventType.INSERT,
              EventType.UPDATE,
              EventType.UPDATE,
              EventType.UPDATE,
              EventType.DELETE);
      assertThat(rows)
          .extracting(row -> values(row.before()) + " -> " + values(row.after()))
          .containsExactly(
              "{} -> {id=1, a=null}",
              "{id=1} -> {a=2, b=7}",
              "{id=1} -> {a=null, c=text}",
              "{id=1, a=null, b=7} -> {id=1, a=4, b=7}",
              "{id=1, a=4, b=7} -> {}");
      assertThat(rows)
          .extracting(RowImageIT::updated)
          .containsExactly(
              List.of("id", "a"), List.of("a", "b"), List.of("a", "c"), List.of("a"), List.of());
    }
  }

  @Test
  void shouldWriteTimestampsInTheZoneOfTheSourceUnlessAnotherIsSet() throws Exception {
    String schema = schema("FULL");
    MYSQL.execute("SET GLOBAL time_zone = '+05:30'");
    try (CanalHome zones =
            CanalHome.create()
                .destination("source", MYSQL)
                .destination("berlin", MYSQL, Map.of("canal.instance.timezone", "Europe/Berlin"));
        CanalServer server = zones.start();
        RowReceiver source = RowReceiver.open(zones, "source", 1, schema + "\\..*");
        RowReceiver berlin = RowReceiver.open(zones, "berlin", 1, schema + "\\..*");
        RowReceiver system = client(schema)) {
      assertThat(server.status().isReady()).isTrue();
      MYSQL.execute(
          "SET time_zone = '+00:00'",
          "CREATE TABLE %s.t (id INT, at TIMESTAMP(3), stays DATETIME)".formatted(schema),
          "INSERT INTO %s.t VALUES (1, '2024-03-31 00:59:59.123', '2024-03-31 02:30:00'),"
                  .formatted(schema)
              + " (2, '2024-03-31 01:00:00', '2024-03-31 02:30:00')");

      assertThat(source.rows(2))
          .extracting(row -> row.get("at"))
          .containsExactly("2024-03-31 06:29:59.123", "2024-03-31 06:30:00.000");
      assertThat(berlin.rows(2))
          .extracting(row -> row.get("at") + ", " + row.get("stays"))
          .containsExactly(
              "2024-03-31 01:59:59.123, 2024-03-31 02:30:00",
              "2024-03-31 03:00:00.000, 2024-03-31 02:30:00");
      // started while the source's time zone was SYSTEM, which is the zone of this machine
      assertThat(system.rows(2))
          .extracting(row -> row.get("at"))
          .containsExactly(
              inThisZone("2024-03-31T00:59:59.123Z"), inThisZone("2024-03-31T01:00:00Z"));
    } finally {
      MYSQL.execute("SET GLOBAL time_zone = 'SYSTEM'");
    }
  }

  private static String inThisZone(String instant) {
    return Instant.parse(instant)
        .atZone(ZoneId.systemDefault())
        .format(DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss.SSS"));
  }

  private static String schema(String metadata) throws Exception {
    MYSQL.execute("SET GLOBAL binlog_row_metadata = " + metadata);
    return MYSQL.createSchema("images");
  }

  private static RowReceiver client(String schema) {
    return RowReceiver.open(home, "example", 1, schema + "\\..*");
  }

  private static Map<String, String> values(Map<String, Column> image) {
    Map<String, String> values = new LinkedHashMap<>();
    image.forEach(
        (name, column) -> values.put(name, column.getIsNull() ? null : column.getValue()));
    return values;
  }

  private static List<String> keys(Row row) {
    Map<String, Column> image = row.after().isEmpty() ? row.before() : row.after();
    return image.values().stream().filter(Column::getIsKey).map(Column::getName).toList();
  }

  private static List<String> updated(Row row) {
    return row.after().values().stream().filter(Column::getUpdated).map(Column::getName).toList();
  }
}
