package io.canal.parser.binlog;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Reads the 19 bytes in front of each event (binlog version 4). Pure; the caller has made sure that
 * they are there.
 */
public final class EventHeader {
  public static final int LENGTH = 19;

  /** The event was made up for this connection and stands in no file. */
  public static final int ARTIFICIAL = 0x20;

  /** A reader that does not know the type may pass over the event. */
  public static final int IGNORABLE = 0x80;

  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

  private EventHeader() {}

  /** Seconds since 1970, as the source set it; 0 on some artificial events. */
  public static long timestampSeconds(byte[] array, int offset) {
    return (int) INT.get(array, offset) & 0xFFFFFFFFL;
  }

  public static int type(byte[] array, int offset) {
    return array[offset + 4] & 0xFF;
  }

  /** Makes the event one of another type. */
  public static void type(byte[] array, int offset, int type) {
    array[offset + 4] = (byte) type;
  }

  public static long serverId(byte[] array, int offset) {
    return (int) INT.get(array, offset + 5) & 0xFFFFFFFFL;
  }

  /** Bytes of the event in the file, with this header and the checksum. */
  public static long length(byte[] array, int offset) {
    return (int) INT.get(array, offset + 9) & 0xFFFFFFFFL;
  }

  /** The low 32 bits of where the event ends in its file; 0 where the source did not say. */
  public static long logPos(byte[] array, int offset) {
    return (int) INT.get(array, offset + 13) & 0xFFFFFFFFL;
  }

  public static int flags(byte[] array, int offset) {
    return (short) SHORT.get(array, offset + 17) & 0xFFFF;
  }
}
