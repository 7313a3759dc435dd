package io.canal.parser.row;

import io.canal.protocol.WriteBuffer;

/** CHAR, VARCHAR and TEXT in utf8mb4, utf8mb3 or ascii: the text is the value's bytes. */
final class Utf8Writer extends ValueWriter {
  Utf8Writer(int sqlType) {
    super(sqlType);
  }

  @Override
  public void write(byte[] array, int offset, int length, WriteBuffer out) {
    out.writeBytes(array, offset, length);
  }
}
