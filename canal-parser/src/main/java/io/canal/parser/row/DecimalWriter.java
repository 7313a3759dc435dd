package io.canal.parser.row;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.WriteBuffer;
import java.sql.Types;

/**
 * DECIMAL as the server packs it (decimal2bin): the digits before and after the point apart, nine
 * to a big-endian group of four bytes, the odd ones in a shorter group at the outer end; the first
 * bit flipped, and all bits of a negative number inverted. The text keeps the column's scale.
 */
final class DecimalWriter extends ValueWriter {
  private static final int GROUP_DIGITS = 9;
  private static final int MAX_EXTRA = 3; // sign, point, a zero before it
  private static final int[] BYTES_OF_DIGITS = {0, 1, 1, 2, 2, 3, 3, 4, 4, 4};
  private static final int[] LIMIT_OF_DIGITS = {
    1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000
  };

  private final int precision;
  private final int scale;

  DecimalWriter(int precision, int scale) {
    super(Types.DECIMAL);
    this.precision = precision;
    this.scale = scale;
  }

  @Override
  public void write(byte[] array, int offset, int length, WriteBuffer out) {
    write(array, offset, length, precision, scale, out);
  }

  /** Writes a packed decimal of any precision and scale, as JSON holds it. */
  static void write(
      byte[] array, int offset, int length, int precision, int scale, WriteBuffer out) {
    if (length != ValueLayout.decimalWidth(precision, scale)) {
      throw new CanalException(
          ErrorCode.STOP_INSTANCE,
          "DECIMAL("
              + precision
              + ","
              + scale
              + "): expected a value of that many digits, found "
              + length
              + " bytes");
    }
    boolean negative = array[offset] >= 0;
    int invert = negative ? -1 : 0;
    byte[] target = out.reserve(precision + MAX_EXTRA);
    int end = out.position();
    if (negative) {
      target[end++] = '-';
    }
    int at = offset;
    int whole = precision - scale;
    boolean started = false;
    for (int digits = firstGroup(whole), left = whole; left > 0; left -= digits, digits = 9) {
      int group = group(array, at, digits, invert, at == offset);
      at += BYTES_OF_DIGITS[digits];
      if (started || group != 0) {
        end = WriteBuffer.putPadded(group, started ? digits : 1, target, end);
        started = true;
      }
    }
    if (!started) {
      target[end++] = '0';
    }
    if (scale > 0) {
      target[end++] = '.';
      for (int left = scale; left > 0; left -= GROUP_DIGITS) {
        int digits = Math.min(left, GROUP_DIGITS);
        int group = group(array, at, digits, invert, at == offset);
        at += BYTES_OF_DIGITS[digits];
        end = WriteBuffer.putPadded(group, digits, target, end);
      }
    }
    out.position(end);
  }

  private static int firstGroup(int digits) {
    int odd = digits % GROUP_DIGITS;
    return odd == 0 ? GROUP_DIGITS : odd;
  }

  private static int group(byte[] array, int offset, int digits, int invert, boolean first) {
    int bytes = BYTES_OF_DIGITS[digits];
    int bits = bytes << 3;
    int value = (int) BigEndian.unsigned(array, offset, bytes) ^ (first ? 1 << (bits - 1) : 0);
    value ^= invert >>> (Integer.SIZE - bits);
    check(value, digits);
    return value;
  }

  private static void check(int group, int digits) {
    if (group < 0 || group >= LIMIT_OF_DIGITS[digits]) {
      throw new CanalException(
          ErrorCode.STOP_INSTANCE,
          "DECIMAL: expected "
              + digits
              + " digits in a group, found "
              + Integer.toUnsignedString(group));
    }
  }
}
