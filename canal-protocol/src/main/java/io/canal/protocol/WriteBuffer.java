package io.canal.protocol;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.checkFromIndexSize;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A growing byte array with protobuf's primitives and decimal text, for encoders that write each
 * byte once. Not thread-safe; one owner. Numbers are bounded by {@link Integer#MAX_VALUE} - 8 bytes
 * in all, beyond which a {@link CanalException} is thrown.
 *
 * <p>A nested message is written between {@link #beginMessage} and {@link #endMessage}: its length
 * goes in front in canonical form, and the bytes move only where the predicted width of the length
 * was wrong.
 */
public final class WriteBuffer {
  private static final int MAX_CAPACITY = Integer.MAX_VALUE - 8;
  private static final int SHORT_COPY = 64;
  private static final int MAX_DECIMAL = 19;
  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** The two digits of each number below 100, the first one in the low byte. */
  private static final short[] PAIRS = new short[100];

  private static final long[] POWERS_OF_TEN = new long[19];

  static {
    for (int i = 0; i < 100; i++) {
      PAIRS[i] = (short) ('0' + i / 10 | ('0' + i % 10) << 8);
    }
    POWERS_OF_TEN[0] = 1;
    for (int i = 1; i < POWERS_OF_TEN.length; i++) {
      POWERS_OF_TEN[i] = POWERS_OF_TEN[i - 1] * 10;
    }
  }

  private byte[] array;
  private int position;

  public WriteBuffer(int initialCapacity) {
    array = new byte[initialCapacity];
  }

  /** The bytes; replaced by a larger array as the buffer grows. */
  public byte[] array() {
    return array;
  }

  /** How many bytes are written. */
  public int position() {
    return position;
  }

  /** Takes back, or steps over, to {@code newPosition}. */
  public void position(int newPosition) {
    if (newPosition < 0 || newPosition > array.length) {
      throw new IllegalArgumentException("position " + newPosition + " of " + array.length);
    }
    position = newPosition;
  }

  public void clear() {
    position = 0;
  }

  public byte[] toByteArray() {
    return Arrays.copyOf(array, position);
  }

  /** Makes room for {@code length} more bytes; returns {@link #array}. */
  public byte[] reserve(int length) {
    if (length > array.length - position) {
      grow(length);
    }
    return array;
  }

  private void grow(int length) {
    long needed = (long) position + length;
    if (needed > MAX_CAPACITY) {
      throw new CanalException(
          ErrorCode.STOP_INSTANCE,
          "a message of " + needed + " bytes, expected at most " + MAX_CAPACITY);
    }
    array = Arrays.copyOf(array, (int) Math.min(MAX_CAPACITY, Math.max(needed, array.length * 2L)));
  }

  public void writeByte(int value) {
    reserve(1);
    array[position++] = (byte) value;
  }

  public void writeBytes(byte[] source) {
    writeBytes(source, 0, source.length);
  }

  public void writeBytes(byte[] source, int offset, int length) {
    if (length <= SHORT_COPY && length + Long.BYTES <= source.length - offset) {
      reserve(length + Long.BYTES);
      copyWords(source, offset, array, position, length);
    } else {
      reserve(length);
      System.arraycopy(source, offset, array, position, length);
    }
    position += length;
  }

  /**
   * Copies bytes in whole words, and three words in any case, which spares most calls the loop.
   *
   * @param source with {@link #wordsRoom} from {@code offset} on
   * @param target with as much room from {@code at} on
   * @return where the next byte goes
   */
  public static int putWords(byte[] source, int offset, int length, byte[] target, int at) {
    LONG.set(target, at, (long) LONG.get(source, offset));
    LONG.set(target, at + 8, (long) LONG.get(source, offset + 8));
    LONG.set(target, at + 16, (long) LONG.get(source, offset + 16));
    for (int i = 24; i < length; i += Long.BYTES) {
      LONG.set(target, at + i, (long) LONG.get(source, offset + i));
    }
    return at + length;
  }

  /** How many bytes {@link #putWords} reads and writes for {@code length} of them. */
  public static int wordsRoom(int length) {
    return Math.max(24, (length + 7) & ~7);
  }

  /** Copies in whole words, which may end up to seven bytes later; cheaper than a call for few. */
  private static void copyWords(
      byte[] source, int offset, byte[] target, int targetOffset, int length) {
    for (int i = 0; i < length; i += Long.BYTES) {
      LONG.set(target, targetOffset + i, (long) LONG.get(source, offset + i));
    }
  }

  /** Appends {@code length} bytes that were written before, from {@code offset} on. */
  public void repeat(int offset, int length) {
    checkFromIndexSize(offset, length, position);
    writeBytes(array, offset, length);
  }

  /** Protobuf varint of an unsigned 32-bit number. */
  public void writeVarint32(int value) {
    writeVarint64(Integer.toUnsignedLong(value));
  }

  /** Protobuf varint; a negative number takes ten bytes, as protobuf's int32 and int64 do. */
  public void writeVarint64(long value) {
    reserve(10);
    byte[] target = array;
    int at = position;
    long rest = value;
    while ((rest & ~0x7FL) != 0) {
      target[at++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    target[at++] = (byte) rest;
    position = at;
  }

  public static int varintLength(int value) {
    return (value & ~0x7F) == 0 ? 1 : (38 - Integer.numberOfLeadingZeros(value)) / 7;
  }

  /**
   * Leaves room for the length of a message whose content follows.
   *
   * @param lengthWidth predicted bytes of that length, 1 to 5, usually what {@link #endMessage}
   *     returned for the one before
   * @return the mark to give to {@link #endMessage}
   */
  public int beginMessage(int lengthWidth) {
    reserve(lengthWidth);
    position += lengthWidth;
    return position;
  }

  /**
   * Puts the length of the content written since {@code mark} in front of it; returns its width.
   */
  public int endMessage(int mark, int lengthWidth) {
    int length = position - mark;
    if (lengthWidth == 1 && length < 0x80) {
      array[mark - 1] = (byte) length;
      return 1;
    }
    int width = varintLength(length);
    if (width != lengthWidth) {
      reserve(5);
      System.arraycopy(array, mark, array, mark - lengthWidth + width, length);
    }
    int at = mark - lengthWidth;
    int rest = length;
    while ((rest & ~0x7F) != 0) {
      array[at++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    array[at++] = (byte) rest;
    position = at + length;
    return width;
  }

  /** The low byte of each char; for text that is known to be ASCII. */
  public void writeAscii(String text) {
    int length = text.length();
    reserve(length);
    for (int i = 0; i < length; i++) {
      array[position++] = (byte) text.charAt(i);
    }
  }

  public void writeUtf8(String text) {
    writeBytes(text.getBytes(UTF_8));
  }

  /** Decimal text of a signed number. */
  public void writeDecimal(long value) {
    if (value < 0) {
      writeByte('-');
      writeUnsignedDecimal(-value);
    } else {
      writeUnsignedDecimal(value);
    }
  }

  /** Decimal text of an unsigned 64-bit number. */
  public void writeUnsignedDecimal(long value) {
    long rest = value;
    if (rest < 0) {
      long quotient = Long.divideUnsigned(rest, 10);
      writeUnsignedDecimal(quotient);
      writeByte((int) ('0' + (rest - quotient * 10)));
      return;
    }
    int digits = decimalDigits(rest);
    reserve(digits);
    position += digits;
    putDigits(rest, digits, array, position);
  }

  /** Decimal text of a number that is not negative, with zeros in front up to {@code digits}. */
  public void writePadded(long value, int digits) {
    reserve(Math.max(digits, MAX_DECIMAL));
    position = putPadded(value, digits, array, position);
  }

  /**
   * As {@link #writePadded}, into any array that has room for it; returns where the next byte goes.
   */
  public static int putPadded(long value, int digits, byte[] target, int at) {
    int end = at + Math.max(digits, decimalDigits(value));
    putDigits(value, end - at, target, end);
    return end;
  }

  /** Puts the two digits of a number below 100. */
  public static void putPair(int value, byte[] target, int at) {
    SHORT.set(target, at, PAIRS[value]);
  }

  /**
   * Puts the last {@code digits} digits of a number that is not negative in front of {@code end}.
   */
  private static void putDigits(long value, int digits, byte[] target, int end) {
    long large = value;
    int at = end;
    int left = digits;
    while (large > Integer.MAX_VALUE) {
      long quotient = large / 100;
      at -= 2;
      SHORT.set(target, at, PAIRS[(int) (large - quotient * 100)]);
      large = quotient;
      left -= 2;
    }
    int rest = (int) large;
    while (left >= 2) {
      int quotient = rest / 100;
      at -= 2;
      SHORT.set(target, at, PAIRS[rest - quotient * 100]);
      rest = quotient;
      left -= 2;
    }
    if (left > 0) {
      target[at - 1] = (byte) ('0' + rest);
    }
  }

  private static int decimalDigits(long value) {
    // 1233 / 4096 is a little more than the logarithm of 2 to the base of 10
    int guess = ((Long.SIZE - Long.numberOfLeadingZeros(value | 1)) * 1233) >>> 12;
    return value < POWERS_OF_TEN[guess] ? Math.max(guess, 1) : guess + 1;
  }
}
