package io.canal.parser.row;

import io.canal.parser.charset.Transcoders;
import io.canal.protocol.WriteBuffer;
import java.sql.Types;

/** BINARY(n): the row image lacks the zero bytes at its end; a SELECT shows them, and so do we. */
final class BinaryWriter extends ValueWriter {
  private final int length;

  BinaryWriter(int length) {
    super(Types.BLOB);
    this.length = length;
  }

  @Override
  public void write(byte[] array, int offset, int length, WriteBuffer out) {
    Transcoders.BINARY.write(array, offset, length, out);
    for (int i = length; i < this.length; i++) {
      out.writeByte(0);
    }
  }
}
