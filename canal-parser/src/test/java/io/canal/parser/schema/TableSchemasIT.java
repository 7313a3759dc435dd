package io.canal.parser.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.canal.parser.binlog.BinlogEventStream;
import io.canal.parser.binlog.EventHeader;
import io.canal.parser.binlog.EventType;
import io.canal.parser.source.BinlogDump;
import io.canal.parser.source.DumpRequest;
import io.canal.parser.source.SourceConfig;
import io.canal.parser.source.SqlSession;
import io.canal.parser.source.SslMode;
import io.canal.protocol.CanalException;
import io.canal.testing.DatabaseServer;
import io.canal.testing.MariadbServer;
import io.canal.testing.MysqlServer;
import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tables of real servers: columns are what SHOW CREATE TABLE says, by name, type and key. */
class TableSchemasIT {
  @RegisterExtension static final MysqlServer mysql = MysqlServer.shared();

  @RegisterExtension
  static final MysqlServer full = MysqlServer.of("8.0").withOptions("--binlog-row-metadata=FULL");

  @RegisterExtension static final MysqlServer old = MysqlServer.of("5.7");

  @RegisterExtension
  static final MariadbServer mariadb =
      MariadbServer.of("11.8").withOptions("--binlog-row-metadata=FULL");

  @RegisterExtension static final MariadbServer bareMariadb = MariadbServer.of("10.11");

  private static final List<String> COMMON =
      List.of(
          "id INT UNSIGNED NOT NULL",
          "a TINYINT(1)",
          "b TINYINT UNSIGNED",
          "c SMALLINT(5) UNSIGNED ZEROFILL",
          "y YEAR",
          "d MEDIUMINT",
          "e INT(11)",
          "f BIGINT UNSIGNED",
          "g FLOAT",
          "h FLOAT(7,3)",
          "i DOUBLE UNSIGNED",
          "j DOUBLE(20,4)",
          "k DECIMAL",
          "l DECIMAL(65,30) UNSIGNED ZEROFILL",
          "m BIT",
          "n BIT(64)",
          "o DATE",
          "p TIME(3)",
          "q DATETIME",
          "r DATETIME(6)",
          "s TIMESTAMP(2) NULL",
          "t CHAR",
          "u CHAR(255) CHARACTER SET utf8mb4",
          "v CHAR(10) CHARACTER SET latin1",
          "w BINARY(255)",
          "x VARCHAR(0)",
          "z VARCHAR(255) CHARACTER SET latin1",
          "aa VARCHAR(256) CHARACTER SET gbk",
          "ab VARCHAR(3000) CHARACTER SET utf8mb4",
          "ac VARBINARY(16)",
          "ad TINYTEXT",
          "ae TEXT CHARACTER SET ucs2",
          "af MEDIUMTEXT",
          "ag LONGTEXT",
          "ah TINYBLOB",
          "ai BLOB",
          "aj MEDIUMBLOB",
          "ak LONGBLOB",
          "al ENUM('a','b''c','d\\\\e','é') CHARACTER SET latin1",
          "am SET('x','Ж') CHARACTER SET utf8mb4",
          "an SET(" + members(64) + ")",
          "ao ENUM(" + members(256) + ")",
          "ap JSON",
          "aq GEOMETRY",
          "ar POINT",
          "at MULTIPOLYGON",
          "au GEOMETRYCOLLECTION",
          "av INT AS (id + 1) VIRTUAL",
          "aw INT AS (id + 2) STORED",
          "`na``me ö` INT",
          "PRIMARY KEY (r, id)");

  private static String members(int count) {
    List<String> members = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      members.add("'m" + i + "'");
    }
    return String.join(",", members);
  }

  @Test
  void shouldResolveTablesOfMysqlWithMinimalMetadata() throws Exception {
    List<String> columns = new ArrayList<>(COMMON);
    columns.add("ax VECTOR(3)");
    columns.add("ay INT INVISIBLE");
    columns.add("KEY functional ((e + 1))");
    columns.add("KEY many ((CAST(ap->'$' AS UNSIGNED ARRAY)))");

    compare(mysql, columns);
  }

  @Test
  void shouldResolveTablesOfMysqlWithFullMetadata() throws Exception {
    List<String> columns = new ArrayList<>(COMMON);
    columns.add("KEY functional ((e + 1))");
    columns.add("KEY many ((CAST(ap->'$' AS UNSIGNED ARRAY)))");

    compare(full, columns);
  }

  @Test
  void shouldResolveTablesOfAnOldMysql() throws Exception {
    compare(old, COMMON);
  }

  @Test
  void shouldResolveTablesOfMariadb() throws Exception {
    List<String> columns = new ArrayList<>(COMMON);
    columns.add("ax UUID");
    columns.add("ay INET6");
    columns.add("az INET4");
    columns.add("ba VARCHAR(300) COMPRESSED");
    columns.add("bb TEXT COMPRESSED");
    columns.add("bc VECTOR(3)");
    columns.add("bd INT INVISIBLE");
    columns.add("be VARCHAR(20) COLLATE utf8mb4_uca1400_ai_ci");

    compare(mariadb, columns);
  }

  @Test
  void shouldResolveTablesOfMariadbWithoutMetadata() throws Exception {
    List<String> columns = new ArrayList<>(COMMON);
    columns.add("ay INET6");
    columns.add("ba VARCHAR(300) COMPRESSED");
    columns.add("bb TEXT COMPRESSED");

    compare(bareMariadb, columns);
  }

  @Test
  void shouldStopAtADroppedTableWithoutFullMetadata() throws Exception {
    String schema = mysql.createSchema("schemas");
    mysql.execute(
        "CREATE TABLE " + schema + ".gone (id INT)", "INSERT INTO " + schema + ".gone VALUES (1)");
    byte[] event = tableMap(mysql, schema, "gone");
    mysql.execute("DROP TABLE " + schema + ".gone");

    try (SqlSession session = SqlSession.open(config(mysql))) {
      TableSchemas schemas = new TableSchemas(new InformationSchema(session::query));
      assertThatThrownBy(() -> schemas.resolve(event, 0, event.length))
          .isInstanceOf(CanalException.class)
          .hasMessageContaining(schema + ".gone")
          .hasMessageContaining("binlog_row_metadata=FULL");
    }
  }

  @Test
  void shouldNameColumnsOfADroppedTableWithFullMetadata() throws Exception {
    String schema = full.createSchema("schemas");
    full.execute(
        "CREATE TABLE " + schema + ".gone (id INT PRIMARY KEY, t TINYINT(1))",
        "INSERT INTO " + schema + ".gone VALUES (1, 1)");
    byte[] event = tableMap(full, schema, "gone");
    full.execute("DROP TABLE " + schema + ".gone");

    try (SqlSession session = SqlSession.open(config(full))) {
      TableSchemas schemas = new TableSchemas(new InformationSchema(session::query));
      assertThat(describe(schemas.resolve(event, 0, event.length)))
          .containsExactly("id int key", "t tinyint");
    }
  }

  /** The key is that of the PRIMARY KEY; information_schema calls a UNIQUE one PRI as well. */
  @Test
  void shouldNotTakeAUniqueKeyForThePrimaryOne() throws Exception {
    String schema = mysql.createSchema("schemas");
    mysql.execute(
        "CREATE TABLE " + schema + ".t (id INT NOT NULL UNIQUE)",
        "INSERT INTO " + schema + ".t VALUES (1)");

    assertThat(resolve(mysql, schema, "t")).containsExactly("id int");
  }

  private static void compare(DatabaseServer server, List<String> columns) throws Exception {
    String schema = server.createSchema("schemas");
    server.execute(
        "CREATE TABLE "
            + schema
            + ".`all types` ("
            + String.join(", ", columns)
            + ") DEFAULT CHARSET utf8",
        "INSERT INTO " + schema + ".`all types` (id, r) VALUES (1, '2024-01-02 03:04:05')");

    List<String> found = resolve(server, schema, "all types");

    assertThat(found).containsExactlyElementsOf(expected(server, schema, "all types"));
  }

  private static List<String> resolve(DatabaseServer server, String schema, String table)
      throws IOException {
    byte[] event = tableMap(server, schema, table);
    try (SqlSession session = SqlSession.open(config(server))) {
      TableSchemas schemas = new TableSchemas(new InformationSchema(session::query));
      schemas.writtenByMariadb(isMariadb(server));
      return describe(schemas.resolve(event, 0, event.length));
    }
  }

  private static boolean isMariadb(DatabaseServer server) {
    return server instanceof MariadbServer;
  }

  private static List<String> describe(ResolvedTable table) {
    return table.schema().columns().stream()
        .map(column -> column.name() + " " + column.mysqlType() + (column.key() ? " key" : ""))
        .toList();
  }

  private static List<String> expected(DatabaseServer server, String schema, String table)
      throws SQLException {
    List<String> expected = new ArrayList<>();
    try (Connection connection = server.connect();
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery("SHOW COLUMNS FROM `" + table + "` FROM " + schema)) {
      while (rows.next()) {
        expected.add(
            rows.getString("Field")
                + " "
                + rows.getString("Type")
                + (rows.getString("Key").equals("PRI") ? " key" : ""));
      }
    }
    return expected;
  }

  /** The last TABLE_MAP of the table. */
  private static byte[] tableMap(DatabaseServer server, String schema, String table)
      throws IOException {
    byte[] found = null;
    try (BinlogDump dump =
        BinlogDump.openUntilEnd(config(server), new DumpRequest.At("", DumpRequest.FIRST_OFFSET))) {
      BinlogEventStream events = dump.events();
      while (events.next()) {
        if (events.type() == EventType.TABLE_MAP) {
          byte[] event = new byte[EventHeader.LENGTH + (int) events.bodyLength()];
          events.read(event, 0);
          TableMap map = TableMapDecoder.decode(event, 0, event.length, isMariadb(server));
          if (map.database().equals(schema) && map.table().equals(table)) {
            found = event;
          }
        } else {
          events.skip();
        }
      }
    }
    return found;
  }

  private static SourceConfig config(DatabaseServer server) {
    return new SourceConfig(
        server.host(),
        server.port(),
        server.user(),
        server.password(),
        SslMode.DISABLED,
        Optional.empty(),
        0,
        10_000,
        10_000,
        0);
  }
}
