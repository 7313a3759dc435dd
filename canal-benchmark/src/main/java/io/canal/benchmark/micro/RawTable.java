package io.canal.benchmark.micro;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.canal.parser.binlog.EventType;
import io.canal.parser.schema.ColumnDefinition;
import io.canal.parser.schema.ColumnType;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A table and the raw events that MySQL would write for rows of it. */
final class RawTable {
  private static final int TABLE_ID = 90;
  private static final int HEADER_LENGTH = 19;

  /** How a type looks in a TABLE_MAP and in a row. */
  @SuppressWarnings("ArrayRecordComponent") // constants of this class, never handed out
  private record Type(
      String sql, int code, byte[] metadata, byte[] value, Optional<String> charset) {}

  private static final Type INT =
      type("int", ColumnType.LONG, bytes(), bytes(0xD2, 0x02, 0x96, 0x49));
  private static final Type DECIMAL =
      type(
          "decimal(10,2)",
          ColumnType.NEWDECIMAL,
          bytes(10, 2),
          bytes(0x80, 0xBC, 0x61, 0x4E, 0x38));
  private static final Type DOUBLE =
      type(
          "double",
          ColumnType.DOUBLE,
          bytes(8),
          bytes(0x18, 0x2D, 0x44, 0x54, 0xFB, 0x21, 0x09, 0x40));
  private static final Type DATETIME =
      type(
          "datetime(6)",
          ColumnType.DATETIME2,
          bytes(6),
          bytes(0x99, 0xB2, 0x42, 0xA5, 0x1E, 0x01, 0xE2, 0x40));
  private static final Type TIMESTAMP =
      type(
          "timestamp(6)",
          ColumnType.TIMESTAMP2,
          bytes(6),
          bytes(0x65, 0xE1, 0xA9, 0xC6, 0x01, 0xE2, 0x40));
  private static final Type VARCHAR =
      text("varchar(60)", ColumnType.VARCHAR, bytes(240, 0), 1, "user-4711@example.org, München");
  private static final Type CHAR_120 =
      text(
          "char(120)",
          ColumnType.STRING,
          bytes(0xEE, 0xE0),
          2,
          "68487932199-".repeat(10).substring(1));
  private static final Type CHAR_60 =
      text(
          "char(60)",
          ColumnType.STRING,
          bytes(0xFE, 0xF0),
          1,
          "22195207048-".repeat(5).substring(1));
  private static final Type BLOB =
      type("blob", ColumnType.BLOB, bytes(2), bytes(8, 0, 0x00, 0x7F, 0x80, 0xFF, 1, 2, 3, 4));
  // {"a": 1}
  private static final Type JSON =
      type(
          "json",
          ColumnType.JSON,
          bytes(4),
          bytes(13, 0, 0, 0, 0, 1, 0, 12, 0, 11, 0, 1, 0, 5, 1, 0, 'a'));

  private final List<Type> types = new ArrayList<>();

  private RawTable(List<Type> types) {
    this.types.add(INT); // the key
    this.types.addAll(types);
  }

  /** The table of sysbench, one of 60 columns of all families, or one of ten of one family. */
  static RawTable of(String family) {
    return switch (family) {
      case "sbtest" -> new RawTable(List.of(INT, CHAR_120, CHAR_60));
      case "mixed" -> {
        List<Type> all =
            List.of(INT, DECIMAL, DOUBLE, DATETIME, TIMESTAMP, VARCHAR, BLOB, JSON, INT, VARCHAR);
        List<Type> columns = new ArrayList<>();
        for (int i = 0; columns.size() < 59; i++) {
          columns.add(all.get(i % all.size()));
        }
        yield new RawTable(columns);
      }
      case "int" -> ten(INT);
      case "decimal" -> ten(DECIMAL);
      case "double" -> ten(DOUBLE);
      case "datetime" -> ten(DATETIME);
      case "timestamp" -> ten(TIMESTAMP);
      case "varchar" -> ten(VARCHAR);
      case "blob" -> ten(BLOB);
      case "json" -> ten(JSON);
      default -> throw new IllegalArgumentException("family '" + family + "'");
    };
  }

  private static RawTable ten(Type type) {
    List<Type> columns = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      columns.add(type);
    }
    return new RawTable(columns);
  }

  /** What information_schema would say of it. */
  List<ColumnDefinition> definitions() {
    List<ColumnDefinition> columns = new ArrayList<>();
    for (Type type : types) {
      int place = columns.size();
      columns.add(new ColumnDefinition("c" + place, type.sql(), type.charset(), place == 0));
    }
    return columns;
  }

  byte[] tableMap() {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    body.writeBytes(bytes(TABLE_ID, 0, 0, 0, 0, 0, 1, 0, 4, 's', 'h', 'o', 'p', 0, 1, 't', 0));
    body.write(types.size());
    types.forEach(type -> body.write(type.code()));
    int metadataLength = types.stream().mapToInt(type -> type.metadata().length).sum();
    body.write(metadataLength);
    types.forEach(type -> body.writeBytes(type.metadata()));
    body.writeBytes(new byte[(types.size() + 7) / 8]);
    return event(EventType.TABLE_MAP, body.toByteArray());
  }

  /** An event with one row: WRITE_ROWS. */
  byte[] insert() {
    return rows(EventType.WRITE_ROWS, image(0));
  }

  /** An event with one row: UPDATE_ROWS of the key alone. */
  byte[] update() {
    return rows(EventType.UPDATE_ROWS, image(0), image(1));
  }

  private byte[] rows(int eventType, byte[]... images) {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    body.writeBytes(bytes(TABLE_ID, 0, 0, 0, 0, 0, 1, 0, 2, 0, types.size()));
    byte[] all = new byte[(types.size() + 7) / 8];
    for (int i = 0; i < types.size(); i++) {
      all[i / 8] |= (byte) (1 << i % 8);
    }
    for (int i = 0; i < images.length; i++) {
      body.writeBytes(all);
    }
    for (byte[] image : images) {
      body.writeBytes(image);
    }
    return event(eventType, body.toByteArray());
  }

  private byte[] image(int key) {
    ByteArrayOutputStream image = new ByteArrayOutputStream();
    image.writeBytes(new byte[(types.size() + 7) / 8]);
    image.writeBytes(bytes(key, 0, 0, 0));
    types.subList(1, types.size()).forEach(type -> image.writeBytes(type.value()));
    return image.toByteArray();
  }

  /** The end of a transaction. */
  static byte[] xid() {
    return event(EventType.XID, bytes(1, 0, 0, 0, 0, 0, 0, 0));
  }

  private static byte[] event(int type, byte[] body) {
    int length = HEADER_LENGTH + body.length + 4;
    ByteArrayOutputStream event = new ByteArrayOutputStream();
    event.writeBytes(bytes(0, 0, 0, 0x68, type, 1, 0, 0, 0));
    event.writeBytes(bytes(length, length >>> 8, 0, 0, 0, 0, 0, 0, 0, 0));
    event.writeBytes(body);
    return event.toByteArray();
  }

  private static Type type(String sql, int code, byte[] metadata, byte[] value) {
    return new Type(sql, code, metadata, value, Optional.empty());
  }

  private static Type text(String sql, int code, byte[] metadata, int prefix, String text) {
    byte[] utf8 = text.getBytes(UTF_8);
    byte[] value = new byte[prefix + utf8.length];
    value[0] = (byte) utf8.length;
    System.arraycopy(utf8, 0, value, prefix, utf8.length);
    return new Type(sql, code, metadata, value, Optional.of("utf8mb4"));
  }

  private static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }
}
