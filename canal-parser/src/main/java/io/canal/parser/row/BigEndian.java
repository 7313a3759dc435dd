package io.canal.parser.row;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Reads numbers of the types that sort as bytes; the caller has checked that they lie in the array.
 */
final class BigEndian {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private BigEndian() {}

  /** An unsigned number of up to eight bytes; 0 for none. */
  static long unsigned(byte[] array, int offset, int length) {
    if (length == 0) {
      return 0;
    }
    if (offset + Long.BYTES <= array.length) {
      return (long) LONG.get(array, offset) >>> (Long.SIZE - (length << 3));
    }
    long value = 0;
    for (int i = 0; i < length; i++) {
      value = (value << 8) | (array[offset + i] & 0xFF);
    }
    return value;
  }
}
