package io.canal.parser.row;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Reads numbers of the binlog's byte order; the caller has checked that they lie in the array. */
final class LittleEndian {
  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private LittleEndian() {}

  static int uint16(byte[] array, int offset) {
    return (short) SHORT.get(array, offset) & 0xFFFF;
  }

  static int uint24(byte[] array, int offset) {
    return uint16(array, offset) | ((array[offset + 2] & 0xFF) << 16);
  }

  /** An unsigned number of one to eight bytes. */
  static long unsigned(byte[] array, int offset, int length) {
    if (offset + Long.BYTES <= array.length) {
      int unusedBits = Long.SIZE - (length << 3);
      return (int64(array, offset) << unusedBits) >>> unusedBits;
    }
    long value = 0;
    for (int i = length - 1; i >= 0; i--) {
      value = (value << 8) | (array[offset + i] & 0xFF);
    }
    return value;
  }

  static int int32(byte[] array, int offset) {
    return (int) INT.get(array, offset);
  }

  static long int64(byte[] array, int offset) {
    return (long) LONG.get(array, offset);
  }
}
