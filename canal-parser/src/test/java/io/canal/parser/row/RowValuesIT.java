package io.canal.parser.row;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.canal.parser.charset.MysqlCharsets;
import io.canal.parser.schema.Column;
import io.canal.parser.schema.TableMap;
import io.canal.parser.schema.TableMapDecoder;
import io.canal.protocol.WriteBuffer;
import io.canal.testing.DatabaseServer;
import io.canal.testing.MariadbServer;
import io.canal.testing.MysqlServer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Values of every type on real servers: what we write of the binary log is what SELECT returns. */
class RowValuesIT {
  @RegisterExtension static final MysqlServer mysql = MysqlServer.shared();
  @RegisterExtension static final MariadbServer mariadb = MariadbServer.shared();

  private static final int TABLE_MAP = 19;
  private static final ZoneId ZONE = ZoneId.of("+08:00");

  /** A column type and SQL of its values; NULL is added to each. */
  private record Type(String definition, List<String> values) {}

  @Test
  void shouldWriteWhatSelectReturnsOfMysql() throws Exception {
    List<Type> types = commonTypes();
    types.add(json());
    types.add(type("GEOMETRY", "ST_GeomFromText('POINT(1 -2.5)', 4326)"));
    types.add(type("VECTOR(3)", "STRING_TO_VECTOR('[1.5,-2,3.4e38]')"));
    types.add(type("VECTOR(2000)", "STRING_TO_VECTOR('[0]')"));

    compare(mysql, types);
  }

  @Test
  void shouldPrintDoublesInJsonAsMysqlDoes() throws Exception {
    long seed = new SplittableRandom().nextLong();
    SplittableRandom random = new SplittableRandom(seed);
    List<String> values = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      StringBuilder array = new StringBuilder("'[0.5");
      for (int k = 0; k < 200; k++) {
        double value =
            k % 2 == 0
                ? Double.longBitsToDouble(random.nextLong())
                : random.nextLong(1, 10_000_000) * Math.pow(10, random.nextInt(-25, 20));
        array.append(Double.isFinite(value) ? ", " + value : "");
      }
      values.add(array + "]'");
    }

    compare(mysql, List.of(new Type("JSON COMMENT 'seed " + seed + "'", values)));
  }

  @Test
  void shouldWriteWhatSelectReturnsOfMariadb() throws Exception {
    List<Type> types = commonTypes();
    types.add(type("JSON", "'{\"a\":  1}'", "'[]'"));
    types.add(type("VARCHAR(300) COMPRESSED", "''", "'short'", "repeat('long ä', 40)"));
    types.add(type("TEXT COMPRESSED", "''", "'short'", "repeat('long ä', 4000)"));
    types.add(type("BLOB COMPRESSED", "repeat(x'00ff', 4000)"));
    types.add(type("INET6", "'::'", "'2001:db8::ff00:42:8300'", "'2001:db8::'"));
    types.add(type("UUID", "'123e4567-e89b-12d3-a456-426655440000'"));
    types.add(
        type(
            "DECIMAL(65,38)",
            "'-123456789012345678901234567.12345678901234567890123456789012345678'"));

    compare(mariadb, types);
  }

  private static List<Type> commonTypes() {
    List<Type> types = new ArrayList<>();
    types.add(type("TINYINT", "-128", "-1", "0", "127"));
    types.add(type("TINYINT UNSIGNED", "0", "127", "128", "255"));
    types.add(type("SMALLINT", "-32768", "-1", "0", "32767"));
    types.add(type("SMALLINT UNSIGNED", "0", "32768", "65535"));
    types.add(type("MEDIUMINT", "-8388608", "-1", "0", "8388607"));
    types.add(type("MEDIUMINT UNSIGNED", "0", "8388608", "16777215"));
    types.add(type("INT", "-2147483648", "-1", "0", "2147483647"));
    types.add(type("INT UNSIGNED", "0", "2147483648", "4294967295"));
    types.add(type("BIGINT", "-9223372036854775808", "-1", "0", "9223372036854775807"));
    types.add(type("BIGINT UNSIGNED", "0", "9223372036854775808", "18446744073709551615"));
    types.add(type("FLOAT", "0", "1.5", "0.1", "3.4028235e38", "1.17549435e-38", "1e-45", "1e7"));
    types.add(
        type(
            "DOUBLE",
            "0",
            "-0e0",
            "0.1",
            "1.7976931348623157e308",
            "2.2250738585072014e-308",
            "5e-324",
            "1e7",
            "-1e-3"));
    types.add(type("DECIMAL(1,0)", "-9", "0", "9"));
    types.add(type("DECIMAL(10,2)", "-99999999.99", "-0.01", "0", "0.10", "12.5", "99999999.99"));
    types.add(type("DECIMAL(9,9)", "-0.999999999", "0.000000001", "0"));
    types.add(
        type(
            "DECIMAL(30,30)",
            "-0.999999999999999999999999999999",
            "0.000000000000000000000000000001"));
    types.add(type("DECIMAL(18,9)", "-999999999.999999999", "1000000.000001", "0"));
    types.add(type("DECIMAL(19,1)", "-100000000000000000.5", "999999999", "1000000000"));
    types.add(type("DECIMAL(65,0)", "'" + "9".repeat(65) + "'", "'-" + "9".repeat(65) + "'", "0"));
    types.add(type("DECIMAL(65,30)", "'-" + "9".repeat(35) + "." + "9".repeat(30) + "'", "1"));
    types.add(type("BIT(1)", "0", "1"));
    types.add(type("BIT(8)", "0", "255"));
    types.add(type("BIT(9)", "0", "256", "511"));
    types.add(type("BIT(64)", "0", "1", "9223372036854775808", "18446744073709551615"));
    types.add(type("ENUM('a','b','c')", "'a'", "'c'"));
    types.add(type("SET('a','b','c')", "''", "'a'", "'a,c'"));
    types.add(type("SET(" + members(64) + ")", "''", "'m0'", "'m63'", "18446744073709551615"));
    types.add(type("ENUM(" + members(300) + ")", "'m0'", "'m254'", "'m299'"));
    types.add(type("YEAR", "0", "1901", "2021", "2155"));
    types.add(
        type(
            "DATE",
            "'0000-00-00'",
            "'2021-00-00'",
            "'2021-02-00'",
            "'1000-01-01'",
            "'9999-12-31'"));
    for (int digits = 0; digits <= 6; digits++) {
      String suffix = "(" + digits + ")";
      types.add(
          type(
              "DATETIME" + suffix,
              "'0000-00-00'",
              "'2021-00-00 01:02:03.123456'",
              "'1000-01-01 00:00:00'",
              "'9999-12-31 23:59:59'",
              "'2024-02-29 12:34:56.000001'"));
      types.add(
          type(
              "TIMESTAMP" + suffix + " NULL",
              "'0000-00-00'",
              "'1970-01-01 08:00:01'",
              "'2024-02-29 12:34:56.987654'",
              "'2038-01-19 11:14:07'",
              "'2000-01-01 07:59:59.5'"));
      types.add(
          type(
              "TIME" + suffix,
              "'-838:59:59'",
              "'838:59:59'",
              "'0'",
              "'-00:00:00.5'",
              "'-00:00:01.000001'",
              "'-12:00:00.999999'",
              "'01:02:03.04'",
              "'-00:00:59.99'"));
    }
    types.add(type("CHAR(10)", "''", "'a'", "'a  '", "'ä€😀'"));
    types.add(type("CHAR(255)", "''", "repeat('😀', 255)"));
    types.add(type("CHAR(10) CHARACTER SET ucs2", "''", "'a  '", "'ä€'"));
    types.add(type("VARCHAR(63)", "''", "'a  '", "'ä€😀'"));
    types.add(type("VARCHAR(64)", "''", "repeat('😀', 64)"));
    types.add(type("VARCHAR(16000)", "repeat('x', 16000)"));
    types.add(type("TINYTEXT", "''", "'ä'"));
    types.add(type("TEXT", "''", "'ä'", "repeat('ä', 30000)"));
    types.add(type("MEDIUMTEXT", "''", "repeat('ä', 70000)"));
    types.add(type("LONGTEXT", "''", "'ä\\n'"));
    types.add(type("BINARY(4)", "''", "x'00'", "x'010000'", "x'ff00ff00'", "'a  '"));
    types.add(type("BINARY(255)", "x'80'"));
    types.add(type("VARBINARY(10)", "''", "x'0000'", "x'ff80'"));
    types.add(type("VARBINARY(256)", "x'00'", "repeat(x'f0', 256)"));
    types.add(type("TINYBLOB", "''", "x'00ff'"));
    types.add(type("BLOB", "''", "x'00ff'", "repeat(x'c3a4', 20000)"));
    types.add(type("MEDIUMBLOB", "repeat(x'c3a4', 50000)"));
    types.add(type("LONGBLOB", "x'00ff'"));
    types.add(type("POINT", "ST_GeomFromText('POINT(1 -2.5)')"));
    types.add(type("GEOMETRY", "ST_GeomFromText('POLYGON((0 0,0 3,3 3,0 0))')"));
    for (String charset :
        List.of(
            "armscii8",
            "big5",
            "cp1250",
            "cp1251",
            "cp1256",
            "cp1257",
            "cp850",
            "cp852",
            "cp866",
            "cp932",
            "dec8",
            "eucjpms",
            "euckr",
            "gb2312",
            "gbk",
            "geostd8",
            "greek",
            "hebrew",
            "hp8",
            "keybcs2",
            "koi8r",
            "koi8u",
            "latin1",
            "latin2",
            "latin5",
            "latin7",
            "macce",
            "macroman",
            "sjis",
            "swe7",
            "tis620",
            "ucs2",
            "ujis",
            "utf16",
            "utf16le",
            "utf32",
            "utf8mb3",
            "utf8mb4")) {
      types.add(
          type(
              "VARCHAR(100) CHARACTER SET " + charset,
              "'plain'",
              "'ÄÖÜäöüßé€'",
              "'日本語カナｶﾅ'",
              "'中文漢字'",
              "'한국어'",
              "'Привет Київ'",
              "'Ελληνικά'",
              "'עברית'",
              "'العربية'",
              "'ไทย'",
              "'žluťoučký'",
              "'😀'"));
    }
    return types;
  }

  private static Type json() {
    return type(
        "JSON",
        "'null'",
        "'true'",
        "'false'",
        "'0'",
        "'-1'",
        "'32767'",
        "'-32768'",
        "'65535'",
        "'65536'",
        "'-2147483648'",
        "'4294967295'",
        "'4294967296'",
        "'-9223372036854775808'",
        "'18446744073709551615'",
        "'[1.0, -0.0, 0.1, 1e15, 1e14, 123456789012345.6, 1234567890123456.7, 1e-14, 1e-15, 1.5e-15]'",
        "'[1.7976931348623157e308, 2.2250738585072014e-308, 5e-324, 1.5e300, 1e20, 1e22, 1e23, 3.0e10]'",
        "'[0.3, 0.30000000000000004, 100.0, 123.456, -1.5, 9007199254740993.0, 2e-323, 4e-323]'",
        "'\"\"'",
        "'\"plain\"'",
        "JSON_QUOTE('quote \" backslash \\\\ slash / tab \t newline \n return \r bell \b ff ä€😀')",
        "JSON_QUOTE(CHAR(1, 2, 8, 11, 12, 27, 31, 127 USING utf8mb4))",
        "JSON_QUOTE(REPEAT('x', 127))",
        "JSON_QUOTE(REPEAT('x', 128))",
        "JSON_QUOTE(REPEAT('x', 70000))",
        "'[]'",
        "'{}'",
        "'{\"a\": 1, \"b\": [1, 2]}'",
        "'{\"\": {}, \"long key\": [[], {}, null], \"ä\": \"ö\"}'",
        "'[-32769, 32768, 65536, 4294967296, null, true, false, 1, -1]'",
        "JSON_ARRAY(CAST(1.50 AS DECIMAL(10,2)), CAST(-0.001 AS DECIMAL(30,30)), 12345678901234567890.5)",
        "JSON_ARRAY(DATE '2021-02-03', TIME '-12:34:56.789', TIMESTAMP '2021-02-03 04:05:06.7')",
        "JSON_ARRAY(TIME '838:59:59', TIME '00:00:00', DATE '0001-01-01', CAST('2021-02-03 01:02:03' AS DATETIME))",
        "JSON_ARRAY(b'1', x'00ff', CAST('abc' AS BINARY), CAST(REPEAT('a', 200) AS BINARY))",
        "JSON_OBJECT('geometry', ST_GeomFromText('POINT(1 2.5)'))",
        "JSON_ARRAY(REPEAT('a', 40000), REPEAT('b', 40000), 70000, -70000, 1.5, JSON_OBJECT('k', 4294967295))",
        "JSON_OBJECT('k1', REPEAT('a', 40000), 'k2', REPEAT('b', 40000), 'k3', JSON_ARRAY(1, 'x', NULL))",
        "CONCAT(REPEAT('[', 99), REPEAT(']', 99))",
        "CONCAT(REPEAT('{\"a\":', 99), '1', REPEAT('}', 99))",
        "CONCAT('[', REPEAT('1,', 30000), '2]')");
  }

  private static Type type(String definition, String... values) {
    return new Type(definition, List.of(values));
  }

  private static String members(int count) {
    StringBuilder members = new StringBuilder();
    for (int i = 0; i < count; i++) {
      members.append(i == 0 ? "" : ",").append("'m").append(i).append('\'');
    }
    return members.toString();
  }

  private static void compare(DatabaseServer server, List<Type> types) throws Exception {
    String schema = server.createSchema("values");
    BinlogTap tap = new BinlogTap(server);
    Map<String, List<String>> expected = new LinkedHashMap<>();
    Map<String, Column> columns = new HashMap<>();
    try (Connection connection = server.connect(schema);
        Statement statement = connection.createStatement()) {
      statement.execute("SET NAMES utf8mb4, sql_mode = '', time_zone = '+08:00'");
      for (int i = 0; i < types.size(); i++) {
        String table = "t" + i;
        create(statement, table, types.get(i));
        Column column = column(statement, schema, table);
        columns.put(table, column);
        expected.put(table, select(statement, table, column));
      }
    }

    Map<String, List<String>> found = found(tap.events(), schema, columns);

    SoftAssertions all = new SoftAssertions();
    for (int i = 0; i < types.size(); i++) {
      String table = "t" + i;
      all.assertThat(found.get(table)).as(types.get(i).definition()).isEqualTo(expected.get(table));
    }
    all.assertAll();
  }

  private static void create(Statement statement, String table, Type type) throws SQLException {
    statement.execute(
        "CREATE TABLE "
            + table
            + "(id INT AUTO_INCREMENT PRIMARY KEY, v "
            + type.definition
            + ") CHARACTER SET utf8mb4");
    statement.execute(
        "INSERT IGNORE INTO "
            + table
            + "(v) VALUES (NULL), ("
            + String.join("), (", type.values)
            + ")");
  }

  private static Column column(Statement statement, String schema, String table)
      throws SQLException {
    try (ResultSet row =
        statement.executeQuery(
            "SELECT data_type, column_type, character_set_name FROM information_schema.columns"
                + " WHERE table_schema = '"
                + schema
                + "' AND table_name = '"
                + table
                + "' AND column_name = 'v'")) {
      row.next();
      String charset = row.getString(3);
      int collation =
          charset == null
              ? Column.BINARY_COLLATION
              : MysqlCharsets.byName(charset).orElseThrow().defaultCollation();
      boolean unsigned = row.getString(2).contains("unsigned");
      return new Column(
          1, row.getString(1), 0, 0, unsigned, collation, false, row.getString(2), List.of());
    }
  }

  private static List<String> select(Statement statement, String table, Column column)
      throws SQLException {
    String dataType = column.name();
    boolean bytes =
        switch (dataType) {
          case "binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob" -> true;
          case "point", "geometry", "vector", "inet6", "uuid" -> true;
          default -> false;
        };
    String value =
        switch (dataType) {
          case "bit", "enum", "set" -> "CAST(v AS UNSIGNED)";
          case "float" -> "v + 0e0"; // all digits, which FLOAT itself does not print
          case "inet6", "uuid" -> "CAST(v AS BINARY(16))";
          default -> "v";
        };
    List<String> values = new ArrayList<>();
    try (ResultSet rows =
        statement.executeQuery(
            "SELECT HEX("
                + (bytes ? value : "CONVERT(CAST(" + value + " AS CHAR) USING utf8mb4)")
                + ") FROM "
                + table
                + " ORDER BY id")) {
      while (rows.next()) {
        String hex = rows.getString(1);
        byte[] text = hex == null ? null : HexFormat.of().parseHex(hex);
        values.add(text == null ? null : asCanalWrites(dataType, text, bytes));
      }
    }
    return values;
  }

  private static String asCanalWrites(String dataType, byte[] value, boolean bytes) {
    if (dataType.equals("vector")) {
      StringBuilder text = new StringBuilder();
      for (int at = 0; at < value.length; at += Float.BYTES) {
        float element = Float.intBitsToFloat(LittleEndian.int32(value, at));
        text.append(at == 0 ? "[" : ",").append(element);
      }
      return text.append(']').toString();
    }
    String text = new String(value, bytes ? ISO_8859_1 : UTF_8);
    return switch (dataType) {
      case "float" -> normalized((float) Double.parseDouble(text));
      case "double" -> normalized(Double.parseDouble(text));
      default -> text;
    };
  }

  private static String normalized(double value) {
    return "bits " + Double.doubleToLongBits(value);
  }

  private static Map<String, List<String>> found(
      List<byte[]> events, String schema, Map<String, Column> columns) {
    Map<String, List<String>> values = new HashMap<>();
    Map<Long, TableMap> maps = new HashMap<>();
    RowsEvent rows = new RowsEvent();
    WriteBuffer out = new WriteBuffer(64);
    for (byte[] event : events) {
      int type = event[4] & 0xFF;
      if (type == TABLE_MAP) {
        TableMap map = TableMapDecoder.decode(event, 0, event.length);
        maps.put(map.tableId(), map);
      } else if (type == 23 || type == 30) {
        TableMap map = maps.get(RowsEvent.tableId(event, 0));
        if (!map.database().equals(schema)) {
          continue;
        }
        Column column = columns.get(map.table());
        ValueWriter writer = ValueWriters.of(typed(column, map), ZONE);
        rows.wrap(event, 0, event.length, map);
        while (rows.next()) {
          String text = null;
          if (!rows.isNull(RowsEvent.AFTER, 1)) {
            out.clear();
            writer.write(
                event,
                rows.valueOffset(RowsEvent.AFTER, 1),
                rows.valueLength(RowsEvent.AFTER, 1),
                out);
            text = new String(out.toByteArray(), UTF_8);
            text =
                switch (column.name()) {
                  case "float" -> normalized(Float.parseFloat(text));
                  case "double" -> normalized(Double.parseDouble(text));
                  default -> text;
                };
          }
          values.computeIfAbsent(map.table(), name -> new ArrayList<>()).add(text);
        }
      }
    }
    assertThat(values).isNotEmpty();
    return values;
  }

  private static Column typed(Column column, TableMap map) {
    return new Column(
        1,
        column.name(),
        map.types()[1],
        map.metadata()[1],
        column.unsigned(),
        column.collation(),
        false,
        column.mysqlType(),
        List.of());
  }
}
