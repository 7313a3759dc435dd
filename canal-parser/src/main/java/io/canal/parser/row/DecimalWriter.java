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
final class DecimalWriter extends FixedTypeWriter {
  private static final int GROUP_DIGITS = 9;
  private static final int GROUP_BYTES = 4;
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
    if (negative) {
      out.writeByte('-');
    }
    int at = offset;
    int whole = precision - scale;
    boolean started = false;
    for (int digits = firstGroup(whole), left = whole; left > 0; left -= digits, digits = 9) {
      int group = group(array, at, BYTES_OF_DIGITS[digits], invert, at == offset);
      check(group, digits);
      at += BYTES_OF_DIGITS[digits];
      if (started) {
        out.writePadded(group, digits);
      } else if (group != 0) {
        out.writeUnsignedDecimal(group);
        started = true;
      }
    }
    if (!started) {
      out.writeByte('0');
    }
    if (scale == 0) {
      return;
    }
    out.writeByte('.');
    for (int left = scale; left > 0; left -= GROUP_DIGITS) {
      int digits = Math.min(left, GROUP_DIGITS);
      int group = group(array, at, BYTES_OF_DIGITS[digits], invert, at == offset);
      check(group, digits);
      at += BYTES_OF_DIGITS[digits];
      out.writePadded(group, digits);
    }
  }

  private static int firstGroup(int digits) {
    int odd = digits % GROUP_DIGITS;
    return odd == 0 ? GROUP_DIGITS : odd;
  }

  private static int group(byte[] array, int offset, int bytes, int invert, boolean first) {
    int value = array[offset] ^ (first ? 0x80 : 0) ^ invert;
    value = bytes == GROUP_BYTES ? value : value & 0xFF;
    for (int i = 1; i < bytes; i++) {
      value = (value << 8) | ((array[offset + i] ^ invert) & 0xFF);
    }
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
