package io.canal.parser.row;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.WriteBuffer;
import java.sql.Types;

/** VECTOR: little-endian floats, as a JSON array without spaces: {@code [1.5,-2.0]}. */
final class VectorWriter extends ValueWriter {
  static final VectorWriter INSTANCE = new VectorWriter();

  private VectorWriter() {
    super(Types.VARCHAR);
  }

  @Override
  public void write(byte[] array, int offset, int length, WriteBuffer out) {
    if (length % Float.BYTES != 0) {
      throw new CanalException(
          ErrorCode.STOP_INSTANCE,
          "VECTOR: expected floats of 4 bytes, found " + length + " bytes");
    }
    out.writeByte('[');
    for (int at = 0; at < length; at += Float.BYTES) {
      if (at > 0) {
        out.writeByte(',');
      }
      FloatingText.writeFloat(LittleEndian.int32(array, offset + at), out);
    }
    out.writeByte(']');
  }
}
