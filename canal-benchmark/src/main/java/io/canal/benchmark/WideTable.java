package io.canal.benchmark;

import java.util.List;
import java.util.stream.Collectors;

/** A table of 60 columns of all types, and how the values of row {@code n} are made. */
final class WideTable {
  static final String NAME = "wide";

  /**
   * @param value SQL over {@code n}, the row's number, and {@code h}, 32 hexadecimal digits of it
   */
  private record Column(String name, String type, String value) {}

  private static final List<Column> COLUMNS =
      List.of(
          new Column("id", "BIGINT UNSIGNED NOT NULL PRIMARY KEY", "n"),
          new Column("tiny", "TINYINT", "n % 256 - 128"),
          new Column("tiny_u", "TINYINT UNSIGNED", "n % 256"),
          new Column("flag", "BOOLEAN", "n % 2"),
          new Column("small", "SMALLINT", "n % 65536 - 32768"),
          new Column("small_u", "SMALLINT UNSIGNED", "n % 65536"),
          new Column("medium", "MEDIUMINT", "n % 16777216 - 8388608"),
          new Column("medium_u", "MEDIUMINT UNSIGNED", "n * 37 % 16777216"),
          new Column("number", "INT", "n * 7919 % 2000000000 - 1000000000"),
          new Column("number_u", "INT UNSIGNED", "n * 104729 % 4294967296"),
          new Column("quantity", "INT", "n % 12"),
          new Column("customer", "INT", "n * 31 % 5000000"),
          new Column("big", "BIGINT", "-1 * n * 1000000007"),
          new Column("big_u", "BIGINT UNSIGNED", "18446744073709551615 - n"),
          new Column("reference", "BIGINT UNSIGNED", "n * 15485863"),
          new Column("account", "BIGINT", "n + 900000000000"),
          new Column("price", "DECIMAL(10,2)", "n % 9999999 / 7"),
          new Column("rate", "DECIMAL(20,6)", "n * 1.234567"),
          new Column("exact", "DECIMAL(38,10)", "n * 9876543210.0123456789"),
          new Column("rebate", "DECIMAL(12,4)", "IF(n % 2 = 0, NULL, -n / 3)"),
          new Column("single_f", "FLOAT", "n / 3"),
          new Column("double_f", "DOUBLE", "n * PI()"),
          new Column("ratio", "DOUBLE", "-1 / (n + 1)"),
          new Column("at_6", "DATETIME(6)", "'2024-03-01 10:20:30.123456' + INTERVAL n SECOND"),
          new Column("at_3", "DATETIME(3)", "'2025-06-07 08:09:10.111' + INTERVAL n SECOND"),
          new Column("at_0", "DATETIME", "'2001-02-03 04:05:06' + INTERVAL n MINUTE"),
          new Column("ended_at", "DATETIME(6)", "NULL"),
          new Column(
              "stamp_6", "TIMESTAMP(6) NULL", "'2026-01-02 03:04:05.654321' + INTERVAL n SECOND"),
          new Column("stamp_0", "TIMESTAMP NULL", "'2020-10-11 12:13:14' + INTERVAL n SECOND"),
          new Column("created", "TIMESTAMP(6) NULL", "'2025-01-01 00:00:00' + INTERVAL n SECOND"),
          new Column("changed", "TIMESTAMP(6) NULL", "'2025-12-31 23:59:59' + INTERVAL n SECOND"),
          new Column("born", "DATE", "'1950-01-01' + INTERVAL n % 25000 DAY"),
          new Column("due", "DATE", "'2026-01-01' + INTERVAL n % 400 DAY"),
          new Column("took_3", "TIME(3)", "SEC_TO_TIME(n % 86400 + 0.125)"),
          new Column("took", "TIME", "SEC_TO_TIME(-(n % 86400))"),
          new Column("vintage", "YEAR", "1950 + n % 100"),
          new Column("bit_1", "BIT(1)", "n % 2"),
          new Column("bit_16", "BIT(16)", "n % 65536"),
          new Column("state", "ENUM('new','paid','sent','done','back')", "1 + n % 5"),
          new Column("tags", "SET('a','b','c','d','e','f','g','h')", "n % 256"),
          new Column("country", "CHAR(2)", "ELT(1 + n % 4, 'DE', 'CN', 'BR', 'US')"),
          new Column("digest", "CHAR(32)", "h"),
          new Column("code", "CHAR(10) CHARACTER SET latin1", "LEFT(h, 10)"),
          new Column("sku", "VARCHAR(32)", "CONCAT('sku-', n)"),
          new Column("mail", "VARCHAR(64)", "CONCAT(LEFT(h, 12), '@example.org')"),
          new Column("address", "VARCHAR(128)", "CONCAT('Straße ', n % 300, ', 上海市 ', LEFT(h, 8))"),
          new Column("remark", "VARCHAR(255)", "REPEAT(LEFT(h, 11), 5)"),
          new Column("status", "VARCHAR(16)", "'active'"),
          new Column("phone", "VARCHAR(24)", "CONCAT('+49', n * 7)"),
          new Column("nickname", "VARCHAR(50)", "IF(n % 3 = 0, NULL, LEFT(h, 9))"),
          new Column("token", "VARBINARY(32)", "UNHEX(h)"),
          new Column("uuid", "BINARY(16)", "UNHEX(h)"),
          new Column("body", "TEXT", "REPEAT(h, 4)"),
          new Column("note", "MEDIUMTEXT", "CONCAT('✓ ', REPEAT(h, 3))"),
          new Column("empty_text", "TEXT", "NULL"),
          new Column("picture", "BLOB", "UNHEX(REPEAT(h, 4))"),
          new Column("place", "POINT", "POINT(n % 180, n % 90)"),
          new Column(
              "details",
              "JSON",
              "JSON_OBJECT('n', n, 'h', h, 'p', n / 8, 'list', JSON_ARRAY('x', n % 10), 'in', JSON_OBJECT('t', TRUE))"),
          new Column("history", "JSON", "JSON_ARRAY(n, n + 1, h)"),
          new Column("missing", "INT", "NULL"));

  private WideTable() {}

  static String create() {
    return COLUMNS.stream()
        .map(column -> column.name() + " " + column.type())
        .collect(Collectors.joining(", ", "CREATE TABLE " + NAME + " (", ")"));
  }

  /** Inserts the rows with the numbers after {@code first}; at most a thousand. */
  static String insert(long first, long rows) {
    return COLUMNS.stream()
        .map(Column::value)
        .collect(
            Collectors.joining(
                ", ",
                "INSERT INTO " + NAME + " SELECT ",
                " FROM (SELECT %d + i AS n, LEFT(SHA2(%d + i, 256), 32) AS h FROM numbers WHERE i < %d) AS source"
                    .formatted(first + 1, first + 1, rows)));
  }

  static String update(long first, long rows) {
    return "UPDATE %s SET number = number + 1, status = 'changed', price = price + 1, history = JSON_ARRAY(id), changed = NOW(6) WHERE id > %d AND id <= %d"
        .formatted(NAME, first, first + rows);
  }

  static String delete(long first, long rows) {
    return "DELETE FROM %s WHERE id > %d AND id <= %d".formatted(NAME, first, first + rows);
  }
}
