package io.canal.parser.row;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.canal.parser.schema.ColumnType;
import io.canal.parser.schema.TableMap;
import java.util.Optional;

/** As much of a TABLE_MAP event as a walk over rows needs. */
final class RawTableMap {
  private static final int BODY = 19;

  private final byte[] event;
  private int at = BODY + 8;

  private RawTableMap(byte[] event) {
    this.event = event;
  }

  static TableMap decode(byte[] event) {
    return new RawTableMap(event).decode();
  }

  private TableMap decode() {
    String database = name();
    String table = name();
    int columns = packed();
    int[] types = new int[columns];
    for (int i = 0; i < columns; i++) {
      types[i] = event[at++] & 0xFF;
    }
    packed();
    int[] metadata = new int[columns];
    for (int i = 0; i < columns; i++) {
      switch (types[i]) {
        case ColumnType.STRING -> {
          int first = event[at++] & 0xFF;
          int second = event[at++] & 0xFF;
          if ((first & 0x30) != 0x30) {
            metadata[i] = (((first & 0x30) ^ 0x30) << 4) | second;
          } else {
            types[i] = first;
            metadata[i] = second;
          }
        }
        case ColumnType.NEWDECIMAL -> metadata[i] = (next() << 8) | next();
        case ColumnType.BIT -> metadata[i] = next() + next() * 8;
        case ColumnType.VARCHAR, ColumnType.VAR_STRING, ColumnType.MARIADB_VARCHAR_COMPRESSED ->
            metadata[i] = next() | (next() << 8);
        case ColumnType.FLOAT,
            ColumnType.DOUBLE,
            ColumnType.TIMESTAMP2,
            ColumnType.DATETIME2,
            ColumnType.TIME2,
            ColumnType.BLOB,
            ColumnType.MARIADB_BLOB_COMPRESSED,
            ColumnType.GEOMETRY,
            ColumnType.VECTOR,
            ColumnType.JSON ->
            metadata[i] = next();
        default -> {}
      }
    }
    return new TableMap(
        RowsEvent.tableId(event, 0),
        database,
        table,
        types,
        metadata,
        new boolean[columns],
        Optional.empty());
  }

  private int next() {
    return event[at++] & 0xFF;
  }

  private String name() {
    int length = next();
    String name = new String(event, at, length, UTF_8);
    at += length + 1;
    return name;
  }

  private int packed() {
    int first = next();
    return first < 0xFB ? first : next() | (next() << 8);
  }
}
