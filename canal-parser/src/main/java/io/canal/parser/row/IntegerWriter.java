package io.canal.parser.row;

import io.canal.protocol.WriteBuffer;

/** Little-endian integers of one to eight bytes: the INT family, ENUM's index and SET's mask. */
final class IntegerWriter extends ValueWriter {
  private final boolean unsigned;
  private final int sqlTypeOfTopBit;

  private IntegerWriter(boolean unsigned, int sqlType, int sqlTypeOfTopBit) {
    super(sqlType);
    this.unsigned = unsigned;
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
    if (unsigned) {
      out.writeUnsignedDecimal(LittleEndian.unsigned(array, offset, length));
    } else {
      int unusedBits = Long.SIZE - (length << 3);
      long value = LittleEndian.unsigned(array, offset, length);
      out.writeDecimal((value << unusedBits) >> unusedBits);
    }
  }

  @Override
  public int sqlTypeOfTopBit() {
    return sqlTypeOfTopBit;
  }
}
