package io.canal.client;

import java.util.Arrays;

/**
 * The first fields of a serialized {@code Column}: what is the same in row after row of a table, so
 * that comparing bytes saves reading them. Immutable.
 */
final class ColumnHead {
  private static final int INDEX = 1;
  private static final int SQL_TYPE = 2;
  private static final int NAME = 3;
  private static final int IS_KEY = 4;

  static final ColumnHead EMPTY = new ColumnHead(new byte[0], new Names());

  private final byte[] bytes;
  private final int index;
  private final int sqlType;
  private final String name;
  private final boolean key;

  /**
   * @param bytes whole fields; not changed by anybody any more
   */
  ColumnHead(byte[] bytes, Names names) {
    this.bytes = bytes;
    int readIndex = 0;
    int readSqlType = 0;
    String readName = "";
    boolean readKey = false;
    WireReader reader = new WireReader();
    reader.wrap(bytes, 0, bytes.length);
    while (reader.next()) {
      switch (reader.field()) {
        case INDEX -> readIndex = (int) reader.number();
        case SQL_TYPE -> readSqlType = (int) reader.number();
        case NAME -> readName = names.text(bytes, reader.offset(), reader.length());
        case IS_KEY -> readKey = reader.number() != 0;
        default -> throw new IllegalArgumentException("field " + reader.field() + " in a head");
      }
    }
    index = readIndex;
    sqlType = readSqlType;
    name = readName;
    key = readKey;
  }

  static boolean holds(int field) {
    return field >= INDEX && field <= IS_KEY;
  }

  boolean begins(byte[] array, int offset, int length) {
    return length >= bytes.length
        && Arrays.equals(bytes, 0, bytes.length, array, offset, offset + bytes.length);
  }

  int length() {
    return bytes.length;
  }

  int index() {
    return index;
  }

  int sqlType() {
    return sqlType;
  }

  String name() {
    return name;
  }

  boolean isKey() {
    return key;
  }
}
