package io.canal.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.canal.protocol.CanalEntry.Column;
import io.canal.protocol.CanalEntry.EventType;
import io.canal.server.RowReceiver.Row;
import io.canal.server.SelectedTable.Value;
import io.canal.server.TypeMatrix.MatrixTable;
import io.canal.testing.DatabaseServer;
import io.canal.testing.MariadbServer;
import io.canal.testing.MysqlServer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Every column type x the ends of its range x NULL, inserted, updated and deleted on real servers:
 * what a client receives is what SELECT returns, by the name of the column.
 */
@Timeout(180)
class TypeMatrixIT {
  private static final ZoneId ZONE = ZoneId.of("America/New_York");
  private static final String WHOLE_DOUBLES =
      "'[1.0, -0.0, 100.0, 1e14]'"; // 5.7 prints as integers
  private static final int SHOWN_CHARACTERS = 80;

  @Test
  void shouldDeliverWhatSelectReturnsOfMysql97WithFullAndWithMinimalMetadata() throws Exception {
    try (MysqlServer server = MysqlServer.of("9.7")) {
      for (String metadata : List.of("FULL", "MINIMAL")) {
        server.execute("SET GLOBAL binlog_row_metadata = " + metadata);
        compare(server, matrix -> matrix.withJson(WHOLE_DOUBLES).withVector());
      }
    }
  }

  @Test
  void shouldDeliverWhatSelectReturnsOfMysql80WithFullAndWithMinimalMetadata() throws Exception {
    try (MysqlServer server = MysqlServer.of("8.0")) {
      for (String metadata : List.of("FULL", "MINIMAL")) {
        server.execute("SET GLOBAL binlog_row_metadata = " + metadata);
        compare(server, matrix -> matrix.withJson(WHOLE_DOUBLES));
      }
    }
  }

  @Test
  void shouldDeliverWhatSelectReturnsOfMysql57() throws Exception {
    try (MysqlServer server = MysqlServer.of("5.7")) {
      compare(server, matrix -> matrix.withJson("'1'"));
    }
  }

  @Test
  void shouldDeliverWhatSelectReturnsOfMariadb118WithFullAndWithoutMetadata() throws Exception {
    try (MariadbServer server = MariadbServer.of("11.8")) {
      for (String metadata : List.of("FULL", "MINIMAL", "NO_LOG")) {
        server.execute("SET GLOBAL binlog_row_metadata = " + metadata);
        compare(server, matrix -> matrix.withMariadbTypes(true));
      }
    }
  }

  @Test
  void shouldDeliverWhatSelectReturnsOfMariadb1011() throws Exception {
    try (MariadbServer server = MariadbServer.of("10.11")) {
      compare(server, matrix -> matrix.withMariadbTypes(true));
    }
  }

  private static void compare(DatabaseServer server, UnaryOperator<TypeMatrix> additions)
      throws Exception {
    String schema = server.createSchema("matrix");
    Map<String, List<Expected>> expected = new LinkedHashMap<>();
    Map<String, List<Row>> received = new LinkedHashMap<>();
    try (CanalHome home =
            CanalHome.create()
                .destination("example", server, Map.of("canal.instance.timezone", ZONE.getId()));
        CanalServer canal = home.start();
        RowReceiver client = RowReceiver.open(home, "example", 1, schema + "\\..*");
        Connection connection = server.connect(schema);
        Statement statement = connection.createStatement()) {
      assertThat(canal.status().isReady()).isTrue();
      statement.execute("SET sql_mode = '', time_zone = '+00:00'");
      TypeMatrix matrix = additions.apply(TypeMatrix.common(charsets(statement)));
      int count = 0;
      for (MatrixTable table : matrix.tables()) {
        List<Expected> changes = change(connection, statement, schema, table);
        expected.put(table.name(), changes);
        count += changes.size();
      }

      for (Row row : client.rows(count)) {
        received.computeIfAbsent(row.table(), name -> new ArrayList<>()).add(row);
      }
    }

    SoftAssertions all = new SoftAssertions();
    expected.forEach(
        (table, changes) -> {
          List<Row> rows = received.getOrDefault(table, List.of());
          all.assertThat(rows).as(table).hasSameSizeAs(changes);
          for (int i = 0; i < Math.min(rows.size(), changes.size()); i++) {
            compare(all, table + " change " + i, changes.get(i), rows.get(i));
          }
        });
    all.assertAll();
  }

  /** A change with its images; an image that it must not have is empty. */
  private record Expected(EventType type, Map<String, Value> before, Map<String, Value> after) {}

  private static List<String> charsets(Statement statement) throws SQLException {
    List<String> charsets = new ArrayList<>();
    try (ResultSet rows =
        statement.executeQuery(
            "SELECT character_set_name FROM information_schema.character_sets"
                + " WHERE character_set_name <> 'binary' ORDER BY 1")) {
      while (rows.next()) {
        charsets.add(rows.getString(1));
      }
    }
    return charsets;
  }

  private static List<Expected> change(
      Connection connection, Statement statement, String schema, MatrixTable table)
      throws SQLException {
    statement.execute(table.create());
    statement.execute(table.insert());
    SelectedTable selected = SelectedTable.of(connection, schema, table.name(), ZONE);
    List<Map<String, Value>> inserted = selected.rows(connection, "id");
    connection.setAutoCommit(false);
    for (int row = 0; row < table.rows(); row++) {
      statement.execute(table.update(row));
    }
    connection.commit();
    connection.setAutoCommit(true);
    List<Map<String, Value>> updated = selected.rows(connection, "id");
    statement.execute("DELETE FROM " + table.name() + " ORDER BY id");

    List<Expected> changes = new ArrayList<>();
    inserted.forEach(row -> changes.add(new Expected(EventType.INSERT, Map.of(), row)));
    for (int row = 0; row < inserted.size(); row++) {
      changes.add(new Expected(EventType.UPDATE, inserted.get(row), updated.get(row)));
    }
    updated.forEach(row -> changes.add(new Expected(EventType.DELETE, row, Map.of())));
    return changes;
  }

  private static void compare(SoftAssertions all, String where, Expected expected, Row row) {
    all.assertThat(row.type()).as(where).isEqualTo(expected.type());
    compareImage(all, where + " before", expected.before(), row.before());
    compareImage(all, where + " after", expected.after(), row.after());
    row.before()
        .forEach(
            (name, column) ->
                all.assertThat(column.getUpdated()).as(where + " updated " + name).isFalse());
    row.after()
        .forEach(
            (name, column) ->
                all.assertThat(column.getUpdated())
                    .as(where + " updated " + name)
                    .isEqualTo(
                        expected.type() == EventType.INSERT
                            || !Objects.equals(
                                text(expected.before(), name), text(expected.after(), name))));
  }

  private static String text(Map<String, Value> image, String name) {
    Value value = image.get(name);
    return value == null ? null : value.text();
  }

  private static void compareImage(
      SoftAssertions all, String where, Map<String, Value> expected, Map<String, Column> image) {
    all.assertThat(image.keySet()).as(where).containsExactlyElementsOf(expected.keySet());
    int index = 0;
    for (Map.Entry<String, Value> entry : expected.entrySet()) {
      Column column = image.get(entry.getKey());
      Value value = entry.getValue();
      if (column == null) {
        continue;
      }
      String what = where + " " + entry.getKey() + " " + shown(value.mysqlType());
      all.assertThat(column.getIndex()).as(what).isEqualTo(index++);
      all.assertThat(column.getIsNull()).as(what).isEqualTo(value.text() == null);
      all.assertThat(SelectedTable.isSame(value, column.getValue()))
          .as("%s: expected %s, found %s", what, shown(value.text()), shown(column.getValue()))
          .isTrue();
      all.assertThat(column.getSqlType())
          .as(what + " sqlType of " + shown(value.text()))
          .isEqualTo(value.sqlType());
      all.assertThat(column.getMysqlType()).as(what).isEqualTo(value.mysqlType());
      all.assertThat(column.getIsKey()).as(what).isEqualTo(value.isKey());
    }
  }

  private static String shown(String text) {
    return text == null || text.length() <= SHOWN_CHARACTERS
        ? text
        : text.substring(0, SHOWN_CHARACTERS) + "... of " + text.length();
  }
}
