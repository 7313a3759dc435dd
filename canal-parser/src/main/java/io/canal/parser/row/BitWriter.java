package io.canal.parser.row;

import io.canal.protocol.WriteBuffer;
import java.sql.Types;

/** BIT(1) to BIT(64): a big-endian unsigned number. */
final class BitWriter extends ValueWriter {
  static final BitWriter INSTANCE = new BitWriter();

  private BitWriter() {
    super(Types.BIT);
  }

  @Override
  public void write(byte[] array, int offset, int length, WriteBuffer out) {
    out.writeUnsignedDecimal(BigEndian.unsigned(array, offset, length));
  }
}
