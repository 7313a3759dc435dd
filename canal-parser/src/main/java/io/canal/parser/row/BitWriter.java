package io.canal.parser.row;

import io.canal.protocol.WriteBuffer;
import java.sql.Types;

/** BIT(1) to BIT(64): a big-endian unsigned number. */
final class BitWriter extends FixedTypeWriter {
  static final BitWriter INSTANCE = new BitWriter();

  private BitWriter() {
    super(Types.BIT);
  }

  @Override
  public void write(byte[] array, int offset, int length, WriteBuffer out) {
    long value = 0;
    for (int i = 0; i < length; i++) {
      value = (value << 8) | (array[offset + i] & 0xFF);
    }
    out.writeUnsignedDecimal(value);
  }
}
