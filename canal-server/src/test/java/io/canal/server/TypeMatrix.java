package io.canal.server;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Tables with every column type of a server and the values at the ends of their ranges. Each column
 * also takes NULL; row {@code n} holds value {@code n} of each column, from the beginning again
 * where a column has fewer.
 */
final class TypeMatrix {
  /** The values are SQL expressions; the first one is NULL. */
  record MatrixColumn(String name, String definition, List<String> values) {}

  /** A table; its primary key is {@code id}, from 0. */
  record MatrixTable(String name, List<MatrixColumn> columns) {
    int rows() {
      return columns.stream().mapToInt(column -> column.values().size()).max().orElseThrow();
    }

    String create() {
      return columns.stream()
          .map(column -> SelectedTable.quote(column.name()) + " " + column.definition())
          .collect(
              Collectors.joining(
                  ", ",
                  "CREATE TABLE " + name + " (id INT PRIMARY KEY, ",
                  ") DEFAULT CHARSET utf8mb4"));
    }

    /** Inserts all rows with one statement. */
    String insert() {
      return IntStream.range(0, rows())
          .mapToObj(
              row ->
                  columns.stream()
                      .map(column -> value(column, row))
                      .collect(Collectors.joining(", ", "(" + row + ", ", ")")))
          .collect(Collectors.joining(", ", "INSERT IGNORE INTO " + name + " VALUES ", ""));
    }

    /** Gives a row the values of the next one. */
    String update(int row) {
      return columns.stream()
          .map(column -> SelectedTable.quote(column.name()) + " = " + value(column, row + 1))
          .collect(
              Collectors.joining(", ", "UPDATE IGNORE " + name + " SET ", " WHERE id = " + row));
    }

    private static String value(MatrixColumn column, int row) {
      return column.values().get(row % column.values().size());
    }
  }

  private final List<MatrixTable> tables = new ArrayList<>();
  private List<MatrixColumn> columns;

  private TypeMatrix() {}

  /** What all servers have. */
  static TypeMatrix common(List<String> charsets) {
    TypeMatrix matrix = new TypeMatrix();
    matrix.integers();
    matrix.numbers();
    matrix.times();
    matrix.texts();
    matrix.binaries();
    matrix.lists();
    matrix.charsets(charsets);
    matrix.geometries();
    return matrix;
  }

  List<MatrixTable> tables() {
    return List.copyOf(tables);
  }

  private void table(String name) {
    columns = new ArrayList<>();
    tables.add(new MatrixTable(name, columns));
  }

  private void column(String definition, String... values) {
    add("c" + columns.size(), definition, values);
  }

  private void add(String name, String definition, String... values) {
    List<String> all = new ArrayList<>();
    all.add("NULL");
    all.addAll(List.of(values));
    columns.add(new MatrixColumn(name, definition, all));
  }

  private void integers() {
    table("integers");
    column("TINYINT", "-128", "-1", "0", "1", "127");
    column("TINYINT UNSIGNED", "0", "127", "128", "255");
    column("TINYINT(1)", "0", "1", "-1");
    column("SMALLINT", "-32768", "-1", "0", "32767");
    column("SMALLINT UNSIGNED", "0", "32767", "32768", "65535");
    column("MEDIUMINT", "-8388608", "-1", "0", "8388607");
    column("MEDIUMINT UNSIGNED", "0", "8388607", "8388608", "16777215");
    column("INT", "-2147483648", "-1", "0", "2147483647");
    column("INT UNSIGNED", "0", "2147483647", "2147483648", "4294967295");
    column("INT(5) UNSIGNED ZEROFILL", "0", "42", "4294967295");
    column("BIGINT", "-9223372036854775808", "-1", "0", "9223372036854775807");
    column(
        "BIGINT UNSIGNED",
        "0",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615");
    column("BOOLEAN", "TRUE", "FALSE");
  }

  private void numbers() {
    table("numbers");
    column(
        "FLOAT",
        "0",
        "1",
        "-1.5",
        "0.1",
        "3.4028235e38",
        "-3.4028235e38",
        "1.17549435e-38",
        "1e-45",
        "16777216",
        "1e7",
        "9999999",
        "0.001",
        "3.3e-4");
    column("FLOAT UNSIGNED", "0", "0.1");
    column("FLOAT(7,3)", "1234.567", "-0.001");
    column(
        "DOUBLE",
        "0",
        "-1.5",
        "0.1",
        "1.7976931348623157e308",
        "-1.7976931348623157e308",
        "2.2250738585072014e-308",
        "4.9e-324",
        "2e-323",
        "2e23",
        "9007199254740993",
        "1e7",
        "1e-3",
        "1.1e-3");
    column("DOUBLE(10,2)", "12345678.91", "-0.01");
    column("DECIMAL(1,0)", "-9", "0", "9");
    column("DECIMAL(10,2)", "-99999999.99", "-0.01", "0", "0.1", "99999999.99");
    column("DECIMAL(10,2) UNSIGNED", "0", "99999999.99");
    column("DECIMAL(9,9)", "-0.999999999", "0.000000001", "0");
    column("DECIMAL(30,30)", "-0.000000000000000000000000000001", "0.1");
    column("DECIMAL(65,0)", "'" + "9".repeat(65) + "'", "'-" + "9".repeat(65) + "'", "0");
    column(
        "DECIMAL(65,30)",
        "'" + "9".repeat(35) + "." + "9".repeat(30) + "'",
        "'-" + "9".repeat(35) + "." + "9".repeat(30) + "'",
        "1",
        "-0.000000000000000000000000000001");
    column("BIT(1)", "b'0'", "b'1'");
    column("BIT(8)", "0", "128", "255");
    column("BIT(17)", "0", "65536", "131071");
    column("BIT(64)", "0", "1", "9223372036854775808", "18446744073709551615");
  }

  private void times() {
    table("times");
    column("DATE", "'0000-00-00'", "'2021-00-00'", "'2021-02-00'", "'1000-01-01'", "'9999-12-31'");
    column("YEAR", "0", "1901", "2000", "2155");
    for (int digits = 0; digits <= 6; digits++) {
      column(
          "DATETIME(" + digits + ")",
          "'0000-00-00 00:00:00'",
          "'2021-00-00 01:02:03.123456'",
          "'1000-01-01 00:00:00'",
          "'9999-12-31 23:59:59'",
          "'2024-02-29 12:34:56.000001'",
          "'2024-02-29 12:34:56.987654'");
      column(
          "TIMESTAMP(" + digits + ") NULL",
          "'0000-00-00 00:00:00'",
          "'1970-01-01 00:00:01'",
          "'2038-01-19 03:14:07'",
          "'2024-03-10 06:59:59.9'",
          "'2024-03-10 07:00:00.000001'",
          "'2024-11-03 05:30:00'",
          "'2024-07-01 00:00:00.987654'",
          "'2024-11-03 06:30:00'");
      column(
          "TIME(" + digits + ")",
          "'-838:59:59'",
          "'838:59:59'",
          "'00:00:00'",
          "'-00:00:00.5'",
          "'-00:00:01.000001'",
          "'-12:00:00.999999'",
          "'01:02:03.04'",
          "'-00:00:59.99'");
    }
  }

  private void texts() {
    table("texts");
    column("CHAR(10)", "''", "'a'", "'a  '", "'ä€😀'");
    column("CHAR(255)", "''", "REPEAT('😀', 255)");
    column("VARCHAR(10)", "''", "'a  '", "' '", "'ä€😀'");
    column("VARCHAR(300)", "''", "REPEAT('x', 255)", "REPEAT('x', 256)", "REPEAT('ä', 300)");
    column("TINYTEXT", "''", "'ä'", "REPEAT('x', 255)");
    column("TEXT", "''", "REPEAT('ä', 30000)");
    column("MEDIUMTEXT", "''", "REPEAT('x', 70000)", "REPEAT('€', 70000)");
    column("LONGTEXT", "''", "'line\\nline\\r\\ttab \\\\ \\0 \\Z'");
    column("CHAR(0)", "''");
  }

  private void binaries() {
    table("binaries");
    column("BINARY(4)", "''", "x'00'", "x'010000'", "x'FF00FF00'", "'a  '");
    column("BINARY(255)", "x'80'", "REPEAT(x'FF', 255)");
    column("VARBINARY(10)", "''", "x'0000'", "x'FF80'");
    column("VARBINARY(300)", "x'00'", "REPEAT(x'F0', 300)");
    column("TINYBLOB", "''", "x'00FF'");
    column("BLOB", "''", "REPEAT(x'C3A4', 30000)");
    column("MEDIUMBLOB", "''", "REPEAT(x'80', 70000)");
    column("LONGBLOB", "x'00'", "UNHEX('00010203047F8081FEFF')");
  }

  private void lists() {
    table("lists");
    column("ENUM('a','b','it''s','ä')", "'a'", "'it''s'", "'ä'", "0");
    column("ENUM(" + members(300) + ")", "'m0'", "'m254'", "'m255'", "'m299'");
    column("SET('a','b','c')", "''", "'a'", "'a,c'", "'a,b,c'");
    column("SET(" + members(64) + ")", "''", "'m0'", "'m62'", "'m63'", "18446744073709551615");
  }

  private static String members(int count) {
    return IntStream.range(0, count).mapToObj(i -> "'m" + i + "'").collect(Collectors.joining(","));
  }

  /** One column per character set; what a set lacks becomes a question mark at the server. */
  private void charsets(List<String> charsets) {
    table("charsets");
    for (String charset : charsets) {
      add(
          charset,
          "VARCHAR(40) CHARACTER SET " + charset,
          "''",
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
          "'😀'");
      add(charset + " text", "TEXT CHARACTER SET " + charset, "REPEAT('aé日', 1000)");
      add(charset + " char", "CHAR(5) CHARACTER SET " + charset, "'é '", "'abcde'");
    }
  }

  private void geometries() {
    table("geometries");
    column("GEOMETRY", "ST_GeomFromText('POINT(1 -2.5)', 4326)", "ST_GeomFromText('POINT(0 0)')");
    column("POINT", "ST_GeomFromText('POINT(1e300 -2.5)')");
    column("LINESTRING", "ST_GeomFromText('LINESTRING(0 0,1 1,2 3)')");
    column("POLYGON", "ST_GeomFromText('POLYGON((0 0,0 3,3 3,0 0))')");
    column("MULTIPOINT", "ST_GeomFromText('MULTIPOINT(0 0,1 1)')");
    column("MULTILINESTRING", "ST_GeomFromText('MULTILINESTRING((0 0,1 1),(2 2,3 3))')");
    column("MULTIPOLYGON", "ST_GeomFromText('MULTIPOLYGON(((0 0,0 3,3 3,0 0)))')");
    column("GEOMETRYCOLLECTION", "ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1))')");
  }

  /** JSON as MySQL has it. */
  TypeMatrix withJson(String... more) {
    table("jsons");
    column(
        "JSON",
        "'null'",
        "'true'",
        "'0'",
        "'-32769'",
        "'18446744073709551615'",
        "'[1.5, 0.1, 1e15, 1e-15, 5e-324, 1.7976931348623157e308]'",
        "'\"\"'",
        "'[]'",
        "'{}'",
        "'{\"a\":   1, \"b\": [1, 2, {\"ä€😀\": null}]}'",
        "JSON_QUOTE('quote \" backslash \\\\ slash / \t \n \r ä€😀')",
        "JSON_QUOTE(REPEAT('x', 70000))",
        "JSON_ARRAY(CAST(1.50 AS DECIMAL(10,2)), CAST('2021-02-03' AS DATE),"
            + " CAST('-12:34:56.789' AS TIME(3)), CAST('2021-02-03 04:05:06' AS DATETIME))",
        "JSON_ARRAY(x'00FF', b'1')",
        "JSON_ARRAY(REPEAT('a', 40000), REPEAT('b', 40000), 70000)");
    column("JSON", "'{\"a\": 1}'");
    column("JSON", more);
    return this;
  }

  TypeMatrix withVector() {
    table("vectors");
    column("VECTOR(3)", "STRING_TO_VECTOR('[1.5,-2,3.4e38]')", "STRING_TO_VECTOR('[0,0,0.1]')");
    column("VECTOR(2000)", "STRING_TO_VECTOR('[0]')");
    column("VECTOR", "STRING_TO_VECTOR('[1,2]')");
    return this;
  }

  TypeMatrix withMariadbTypes(boolean inet4) {
    table("maria");
    column("JSON", "'{\"a\":   1}'", "'[]'");
    column("VARCHAR(300) COMPRESSED", "''", "'short'", "REPEAT('long ä', 40)");
    column("TEXT COMPRESSED", "''", "'short'", "REPEAT('long ä', 4000)");
    column("BLOB COMPRESSED", "''", "REPEAT(x'00FF', 4000)");
    column("INET6", "'::'", "'2001:db8::ff00:42:8300'");
    column("UUID", "'123e4567-e89b-12d3-a456-426655440000'");
    column("DECIMAL(65,38)", "'-" + "1".repeat(27) + "." + "2".repeat(38) + "'");
    if (inet4) {
      column("INET4", "'0.0.0.0'", "'192.168.0.255'");
    }
    return this;
  }
}
