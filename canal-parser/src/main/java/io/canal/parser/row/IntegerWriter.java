package io.canal.parser.row;

import io.canal.protocol.WriteBuffer;

/** Little-endian integers of one to eight bytes: the INT family, ENUM's index and SET's mask. */
final class IntegerWriter implements ValueWriter {
  private final boolean unsigned;
  private final int sqlType;
  private final int sqlTypeOfTopBit;

  private IntegerWriter(boolean unsigned, int sqlType, int sqlTypeOfTopBit) {
    this.unsigned = unsigned;
    this.sqlType = sqlType;
    this.sqlTypeOfTopBit = sqlTypeOfTopBit;
  }

  static IntegerWriter signed(int sqlType) {
    return new IntegerWriter(false, sqlType, sqlType);
  }

  /**
   * An unsigned number.
   *
   * @param sqlTypeOfTopBit the wider type that holds a value with its top bit set
   */
  static IntegerWriter unsigned(int sqlType, int sqlTypeOfTopBit) {
    return new IntegerWriter(true, sqlType, sqlTypeOfTopBit);
  }

  @Override
  public void write(byte[] array, int offset, int length, WriteBuffer out) {
    long value = 0;
    for (int i = length - 1; i >= 0; i--) {
      value = (value << 8) | (array[offset + i] & 0xFF);
    }
    if (unsigned) {
      out.writeUnsignedDecimal(value);
    } else {
      int unusedBits = Long.SIZE - (length << 3);
      out.writeDecimal((value << unusedBits) >> unusedBits);
    }
  }

  @Override
  public int sqlType(byte[] array, int offset, int length) {
    return sqlType != sqlTypeOfTopBit && array[offset + length - 1] < 0 ? sqlTypeOfTopBit : sqlType;
  }

  @Override
  public int sqlTypeOfNull() {
    return sqlType;
  }
}
