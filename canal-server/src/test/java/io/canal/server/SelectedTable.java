package io.canal.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * What SELECT returns of a table, in the text forms of Canal: what a client must have received. The
 * session's time zone has to be UTC.
 */
final class SelectedTable {
  /** A value as it is expected; text is null for NULL. */
  record Value(String text, int sqlType, String mysqlType, boolean isKey) {}

  private record Column(String name, String dataType, String columnType, boolean isKey) {
    boolean unsigned() {
      return columnType.contains("unsigned");
    }

    boolean isBytes() {
      return switch (dataType) {
        case "binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob" -> true;
        case "geometry", "point", "linestring", "polygon", "multipoint" -> true;
        case "multilinestring", "multipolygon", "geomcollection", "geometrycollection" -> true;
        case "vector", "inet4", "inet6", "uuid" -> true;
        default -> false;
      };
    }
  }

  private final String name;
  private final ZoneId zone;
  private final List<Column> columns = new ArrayList<>();

  private SelectedTable(String name, ZoneId zone) {
    this.name = name;
    this.zone = zone;
  }

  /**
   * @param zone in which TIMESTAMP is expected
   */
  static SelectedTable of(Connection connection, String schema, String table, ZoneId zone)
      throws SQLException {
    SelectedTable selected = new SelectedTable(quote(schema) + "." + quote(table), zone);
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT column_name, data_type, column_type, column_key FROM information_schema.columns"
                + " WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position")) {
      statement.setString(1, schema);
      statement.setString(2, table);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          selected.columns.add(
              new Column(
                  rows.getString(1),
                  rows.getString(2),
                  rows.getString(3),
                  rows.getString(4).equals("PRI")));
        }
      }
    }
    return selected;
  }

  static String quote(String identifier) {
    return "`" + identifier.replace("`", "``") + "`";
  }

  /** All rows in the order of the expression. */
  List<Map<String, Value>> rows(Connection connection, String orderBy) throws SQLException {
    List<Map<String, Value>> all = new ArrayList<>();
    String list = columns.stream().map(SelectedTable::expression).collect(Collectors.joining(","));
    try (Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "SELECT %s FROM %s ORDER BY %s".formatted(list, name, orderBy))) {
      while (rows.next()) {
        Map<String, Value> row = new LinkedHashMap<>();
        for (int i = 0; i < columns.size(); i++) {
          Column column = columns.get(i);
          String found = rows.getString(i + 1);
          String text = found == null ? null : text(column, found);
          row.put(
              column.name(),
              new Value(text, sqlType(column, text), column.columnType(), column.isKey()));
        }
        all.add(row);
      }
    }
    return all;
  }

  private static String expression(Column column) {
    String name = quote(column.name());
    return switch (column.dataType()) {
      case "tinyint", "smallint", "mediumint", "int", "bigint" -> name + " + 0";
      case "bit", "enum", "set" -> "CAST(" + name + " AS UNSIGNED)";
      case "float", "double" -> name + " + 0e0"; // all digits, which FLOAT itself does not print
      case "inet4" -> "HEX(CAST(" + name + " AS BINARY(4)))";
      case "inet6", "uuid" -> "HEX(CAST(" + name + " AS BINARY(16)))";
      default -> column.isBytes() ? "HEX(" + name + ")" : "CAST(" + name + " AS CHAR)";
    };
  }

  private String text(Column column, String found) {
    if (column.isBytes()) {
      byte[] bytes = HexFormat.of().parseHex(found);
      return column.dataType().equals("vector") ? vector(bytes) : new String(bytes, ISO_8859_1);
    }
    return switch (column.dataType()) {
      case "timestamp" -> inZone(found);
      case "float" -> Float.toString((float) Double.parseDouble(found));
      case "double" -> Double.toString(Double.parseDouble(found));
      default -> found;
    };
  }

  private static String vector(byte[] bytes) {
    ByteBuffer elements = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    List<String> texts = new ArrayList<>();
    while (elements.hasRemaining()) {
      texts.add(Float.toString(elements.getFloat()));
    }
    return "[" + String.join(",", texts) + "]";
  }

  private String inZone(String utc) {
    if (utc.startsWith("0000-00-00")) {
      return utc;
    }
    String fraction = utc.length() > 19 ? utc.substring(19) : "";
    DateTimeFormatter format = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss");
    return LocalDateTime.parse(utc.substring(0, 19), format)
            .atOffset(ZoneOffset.UTC)
            .atZoneSameInstant(zone)
            .format(format)
        + fraction;
  }

  private static int sqlType(Column column, String text) {
    boolean promoted = column.unsigned() && text != null && hasTopBit(column.dataType(), text);
    return switch (column.dataType()) {
      case "tinyint" -> promoted ? Types.SMALLINT : Types.TINYINT;
      case "smallint" -> promoted ? Types.INTEGER : Types.SMALLINT;
      case "mediumint" -> Types.INTEGER;
      case "int" -> promoted ? Types.BIGINT : Types.INTEGER;
      case "bigint" -> promoted ? Types.DECIMAL : Types.BIGINT;
      case "float" -> Types.REAL;
      case "double" -> Types.DOUBLE;
      case "decimal" -> Types.DECIMAL;
      case "bit", "set" -> Types.BIT;
      case "enum" -> Types.INTEGER;
      case "char" -> Types.CHAR;
      case "varchar", "year" -> Types.VARCHAR;
      case "json" -> text == null ? Types.OTHER : Types.VARCHAR;
      case "tinytext", "text", "mediumtext", "longtext" -> Types.CLOB;
      case "date" -> Types.DATE;
      case "time" -> Types.TIME;
      case "datetime", "timestamp" -> Types.TIMESTAMP;
      default -> {
        if (!column.isBytes()) {
          throw new IllegalArgumentException("no rule for " + column);
        }
        yield column.dataType().equals("vector") ? Types.VARCHAR : Types.BLOB;
      }
    };
  }

  private static boolean hasTopBit(String dataType, String text) {
    int bits =
        switch (dataType) {
          case "tinyint" -> 8;
          case "smallint" -> 16;
          case "int" -> 32;
          case "bigint" -> 64;
          default -> 0;
        };
    return bits != 0 && new BigInteger(text).testBit(bits - 1);
  }

  /**
   * Compares texts, FLOAT and DOUBLE by their value, for which the received text must be the
   * shortest.
   */
  static boolean isSame(Value expected, String received) {
    if (expected.text() == null) {
      return received.isEmpty();
    }
    if (!expected.mysqlType().startsWith("float") && !expected.mysqlType().startsWith("double")) {
      return expected.text().equals(received);
    }
    return expected.sqlType() == Types.REAL
        ? Float.compare(Float.parseFloat(received), Float.parseFloat(expected.text())) == 0
            && isShortest(received, Float::valueOf)
        : Double.compare(Double.parseDouble(received), Double.parseDouble(expected.text())) == 0
            && isShortest(received, Double::valueOf);
  }

  private static boolean isShortest(String text, Function<String, Number> parse) {
    BigDecimal value = new BigDecimal(text).stripTrailingZeros();
    if (value.precision() <= 2) { // the form has one digit on each side of the point
      return true;
    }
    BigDecimal shorter = value.round(new MathContext(value.precision() - 1));
    return !parse.apply(shorter.toString()).equals(parse.apply(text));
  }
}
