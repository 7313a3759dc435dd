package io.canal.protocol;

import static java.nio.charset.StandardCharsets.UTF_8;

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
  private static final byte[] DIGIT_TENS = new byte[100];
  private static final byte[] DIGIT_ONES = new byte[100];

  static {
    for (int i = 0; i < 100; i++) {
      DIGIT_TENS[i] = (byte) ('0' + i / 10);
      DIGIT_ONES[i] = (byte) ('0' + i % 10);
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

  /** Makes room for {@code length} more bytes. */
  public void reserve(int length) {
    if (length > array.length - position) {
      grow(length);
    }
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
    reserve(length);
    System.arraycopy(source, offset, array, position, length);
    position += length;
  }

  /** Protobuf varint of an unsigned 32-bit number. */
  public void writeVarint32(int value) {
    reserve(5);
    int rest = value;
    while ((rest & ~0x7F) != 0) {
      array[position++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    array[position++] = (byte) rest;
  }

  /** Protobuf varint; a negative number takes ten bytes, as protobuf's int32 and int64 do. */
  public void writeVarint64(long value) {
    reserve(10);
    long rest = value;
    while ((rest & ~0x7FL) != 0) {
      array[position++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    array[position++] = (byte) rest;
  }

  public static int varintLength(int value) {
    return (38 - Integer.numberOfLeadingZeros(value | 1)) / 7;
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
    int at = position + digits;
    position = at;
    while (rest >= 100) {
      long quotient = rest / 100;
      int pair = (int) (rest - quotient * 100);
      array[--at] = DIGIT_ONES[pair];
      array[--at] = DIGIT_TENS[pair];
      rest = quotient;
    }
    array[--at] = DIGIT_ONES[(int) rest];
    if (rest >= 10) {
      array[--at] = DIGIT_TENS[(int) rest];
    }
  }

  /** Decimal text of a number that is not negative, with zeros in front up to {@code digits}. */
  public void writePadded(long value, int digits) {
    for (int missing = digits - decimalDigits(value); missing > 0; missing--) {
      writeByte('0');
    }
    writeUnsignedDecimal(value);
  }

  private static int decimalDigits(long value) {
    int digits = 1;
    long limit = 10;
    while (digits < 19 && value >= limit) {
      digits++;
      limit *= 10;
    }
    return digits;
  }
}
