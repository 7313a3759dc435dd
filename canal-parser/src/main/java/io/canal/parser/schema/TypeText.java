package io.canal.parser.schema;

import io.canal.parser.charset.MysqlCharsets;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The text of a column's type as SHOW CREATE TABLE and information_schema print it. A TABLE_MAP
 * holds all of it but how numbers are displayed ({@code tinyint(1)}, {@code zerofill}) and some
 * names of MariaDB; {@link #plain} takes those away, so that both can be compared.
 */
final class TypeText {
  private static final List<String> GEOMETRIES =
      List.of(
          "geometry",
          "point",
          "linestring",
          "polygon",
          "multipoint",
          "multilinestring",
          "multipolygon",
          "geomcollection");

  private static final Pattern DISPLAY =
      Pattern.compile("(tinyint|smallint|mediumint|int|bigint|float|double|year)\\([0-9,]+\\)(.*)");
  private static final Pattern VECTOR = Pattern.compile("vector\\(([0-9]{1,9})\\)");
  private static final int BYTES_PER_DIMENSION = 4;

  private TypeText() {}

  /** The text that the shape alone gives. */
  static String of(int type, int metadata, ColumnMetadata column) {
    String sign = column.unsigned() ? " unsigned" : "";
    return switch (type) {
      case ColumnType.TINY -> "tinyint" + sign;
      case ColumnType.SHORT -> "smallint" + sign;
      case ColumnType.INT24 -> "mediumint" + sign;
      case ColumnType.LONG -> "int" + sign;
      case ColumnType.LONGLONG -> "bigint" + sign;
      case ColumnType.FLOAT -> "float" + sign;
      case ColumnType.DOUBLE -> "double" + sign;
      case ColumnType.NEWDECIMAL ->
          "decimal(" + (metadata >>> 8) + "," + (metadata & 0xFF) + ")" + sign;
      case ColumnType.BIT -> "bit(" + metadata + ")";
      case ColumnType.YEAR -> "year";
      case ColumnType.DATE, ColumnType.NEWDATE -> "date";
      case ColumnType.TIME, ColumnType.TIME2 -> "time" + fraction(metadata);
      case ColumnType.DATETIME, ColumnType.DATETIME2 -> "datetime" + fraction(metadata);
      case ColumnType.TIMESTAMP, ColumnType.TIMESTAMP2 -> "timestamp" + fraction(metadata);
      case ColumnType.VARCHAR, ColumnType.VAR_STRING ->
          isBinary(column)
              ? "varbinary(" + metadata + ")"
              : "varchar(" + characters(metadata, column) + ")";
      case ColumnType.MARIADB_VARCHAR_COMPRESSED -> // a byte more says how it is compressed
          isBinary(column)
              ? "varbinary(" + (metadata - 1) + ")"
              : "varchar(" + characters(metadata - 1, column) + ")";
      case ColumnType.STRING ->
          isBinary(column)
              ? "binary(" + metadata + ")"
              : "char(" + characters(metadata, column) + ")";
      case ColumnType.TINY_BLOB,
          ColumnType.BLOB,
          ColumnType.MEDIUM_BLOB,
          ColumnType.LONG_BLOB,
          ColumnType.MARIADB_BLOB_COMPRESSED ->
          size(metadata) + (isBinary(column) ? "blob" : "text");
      case ColumnType.JSON -> "json";
      case ColumnType.ENUM -> "enum" + list(column.members());
      case ColumnType.SET -> "set" + list(column.members());
      case ColumnType.GEOMETRY ->
          0 <= column.geometryType() && column.geometryType() < GEOMETRIES.size()
              ? GEOMETRIES.get(column.geometryType())
              : GEOMETRIES.get(0);
      case ColumnType.VECTOR ->
          column.vectorDimensions() < 0 ? "vector" : "vector(" + column.vectorDimensions() + ")";
      default ->
          throw new CanalException(
              ErrorCode.STOP_INSTANCE, "expected a column type that is known, found " + type);
    };
  }

  private static boolean isBinary(ColumnMetadata column) {
    return column.collation() == Column.BINARY_COLLATION;
  }

  private static int characters(int bytes, ColumnMetadata column) {
    return MysqlCharsets.byCollation(column.collation())
        .map(charset -> bytes / charset.maxBytesPerChar())
        .orElseThrow(
            () ->
                new CanalException(
                    ErrorCode.STOP_INSTANCE,
                    "expected a collation that is known, found id " + column.collation()));
  }

  private static String fraction(int digits) {
    return digits == 0 ? "" : "(" + digits + ")";
  }

  private static String size(int lengthBytes) {
    return switch (lengthBytes) {
      case 1 -> "tiny";
      case 3 -> "medium";
      case 4 -> "long";
      default -> "";
    };
  }

  private static String list(List<String> members) {
    return members.stream().map(TypeText::quote).collect(Collectors.joining(",", "(", ")"));
  }

  private static String quote(String label) {
    StringBuilder quoted = new StringBuilder("'");
    for (int i = 0; i < label.length(); i++) {
      char c = label.charAt(i);
      switch (c) {
        case '\'' -> quoted.append("''");
        case '\\' -> quoted.append("\\\\");
        case '\n' -> quoted.append("\\n");
        case '\r' -> quoted.append("\\r");
        case '\0' -> quoted.append("\\0");
        default -> quoted.append(c);
      }
    }
    return quoted.append('\'').toString();
  }

  /** A printed text without what a TABLE_MAP cannot say, to be compared with {@link #of}. */
  static String plain(String printed) {
    if (printed.startsWith("enum(") || printed.startsWith("set(")) {
      return printed;
    }
    String text = printed;
    int comment = text.indexOf(" /*"); // MariaDB: /*M!100301 COMPRESSED*/
    if (comment > 0) {
      text = text.substring(0, comment);
    }
    if (text.endsWith(" zerofill")) {
      text = text.substring(0, text.length() - " zerofill".length());
    }
    Matcher display = DISPLAY.matcher(text);
    if (display.matches()) {
      text = display.group(1) + display.group(2);
    }
    return switch (text) {
      case "uuid", "inet6" -> "binary(16)";
      case "inet4" -> "binary(4)";
      case "geometrycollection" -> "geomcollection";
      default -> text;
    };
  }

  /** Whether {@code printed} is the type that {@code shape}, a text of {@link #of}, stands for. */
  static boolean agree(String printed, String shape) {
    String plain = plain(printed);
    if (plain.equals(shape)) {
      return true;
    }
    Matcher vector = VECTOR.matcher(plain); // MariaDB sends it as what it is stored as
    return vector.matches()
        && shape.equals(
            "varbinary(" + Integer.parseInt(vector.group(1)) * BYTES_PER_DIMENSION + ")");
  }

  static boolean isUnsigned(String printed) {
    return printed.contains(" unsigned") && !printed.startsWith("enum(");
  }

  static int geometryType(String printed) {
    return GEOMETRIES.indexOf(plain(printed));
  }

  static int vectorDimensions(String printed) {
    Matcher vector = VECTOR.matcher(printed);
    return vector.matches() ? Integer.parseInt(vector.group(1)) : ColumnMetadata.UNKNOWN;
  }

  /** The labels of a printed ENUM or SET; none of another type. */
  static List<String> members(String printed) {
    List<String> members = new ArrayList<>();
    if (!printed.startsWith("enum('") && !printed.startsWith("set('")) {
      return members;
    }
    StringBuilder label = new StringBuilder();
    for (int i = printed.indexOf('\'') + 1; i < printed.length(); i++) {
      char c = printed.charAt(i);
      char next = i + 1 < printed.length() ? printed.charAt(i + 1) : ')';
      if (c == '\\') {
        label.append(
            switch (next) {
              case 'n' -> '\n';
              case 'r' -> '\r';
              case '0' -> '\0';
              default -> next;
            });
        i++;
      } else if (c != '\'') {
        label.append(c);
      } else if (next == '\'') {
        label.append('\'');
        i++;
      } else {
        members.add(label.toString());
        label.setLength(0);
        i = next == ',' ? i + 2 : printed.length(); // behind the next opening quote, or the end
      }
    }
    return members;
  }
}
