package io.canal.parser.row;

import io.canal.protocol.WriteBuffer;
import java.sql.Types;

/** FLOAT and DOUBLE, little-endian. */
final class FloatingWriter extends ValueWriter {
  static final FloatingWriter FLOAT = new FloatingWriter(Types.REAL, Float.BYTES);
  static final FloatingWriter DOUBLE = new FloatingWriter(Types.DOUBLE, Double.BYTES);

  private final int width;

  private FloatingWriter(int sqlType, int width) {
    super(sqlType);
    this.width = width;
  }

  @Override
  public void write(byte[] array, int offset, int length, WriteBuffer out) {
    expectLength(width == Float.BYTES ? "FLOAT" : "DOUBLE", width, length);
    if (width == Float.BYTES) {
      FloatingText.writeFloat(LittleEndian.int32(array, offset), out);
    } else {
      FloatingText.writeDouble(LittleEndian.int64(array, offset), out);
    }
  }
}
