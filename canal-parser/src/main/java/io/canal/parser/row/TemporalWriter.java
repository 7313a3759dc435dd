package io.canal.parser.row;

import io.canal.protocol.WriteBuffer;
import java.sql.Types;

/**
 * DATE, TIME, DATETIME and YEAR in the formats of MySQL 5.6 and later, and TIME and DATETIME of
 * tables that are older. They know no time zone. Zero and partly zero dates stay as they are.
 */
abstract class TemporalWriter extends ValueWriter {
  static final TemporalWriter DATE = new DateWriter();
  static final TemporalWriter YEAR = new YearWriter();
  static final TemporalWriter OLD_TIME = new OldTimeWriter();
  static final TemporalWriter OLD_DATETIME = new OldDatetimeWriter();

  private final String type;
  private final int length;

  private TemporalWriter(String type, int sqlType, int length) {
    super(sqlType);
    this.type = type;
    this.length = length;
  }

  static TemporalWriter datetime(int fractionalDigits) {
    return new DatetimeWriter(fractionalDigits);
  }

  static TemporalWriter time(int fractionalDigits) {
    return new TimeWriter(fractionalDigits);
  }

  /** Checks the value's length, and makes room for its text. */
  final byte[] room(int found, WriteBuffer out) {
    expectLength(type, length, found);
    return out.reserve(TemporalText.MAX_BYTES);
  }

  /** How many bytes hold a fraction: one for each two digits. */
  static int fractionBytes(int fractionalDigits) {
    return (fractionalDigits + 1) / 2;
  }

  /** Day in five bits, month in four, year above. */
  private static final class DateWriter extends TemporalWriter {
    DateWriter() {
      super("DATE", Types.DATE, 3);
    }

    @Override
    public void write(byte[] array, int offset, int length, WriteBuffer out) {
      out.position(put(array, offset, room(length, out), out.position()));
    }

    private static int put(byte[] array, int offset, byte[] target, int at) {
      int value = LittleEndian.uint24(array, offset);
      return TemporalText.putDate(value >>> 9, (value >>> 5) & 0xF, value & 0x1F, target, at);
    }
  }

  private static final class YearWriter extends TemporalWriter {
    YearWriter() {
      super("YEAR", Types.VARCHAR, 1);
    }

    @Override
    public void write(byte[] array, int offset, int length, WriteBuffer out) {
      out.position(put(array, offset, room(length, out), out.position()));
    }

    private static int put(byte[] array, int offset, byte[] target, int at) {
      int value = array[offset] & 0xFF;
      return WriteBuffer.putPadded(value == 0 ? 0 : 1900 + value, 4, target, at);
    }
  }

  /** A number hhmmss with its sign. */
  private static final class OldTimeWriter extends TemporalWriter {
    OldTimeWriter() {
      super("TIME", Types.TIME, 3);
    }

    @Override
    public void write(byte[] array, int offset, int length, WriteBuffer out) {
      out.position(put(array, offset, room(length, out), out.position()));
    }

    private static int put(byte[] array, int offset, byte[] target, int at) {
      int value = (LittleEndian.uint24(array, offset) << 8) >> 8;
      int next = at;
      if (value < 0) {
        target[next++] = '-';
        value = -value;
      }
      return TemporalText.putTimeOfDay(
          value / 10_000, value / 100 % 100, value % 100, target, next);
    }
  }

  /** A number yyyymmddhhmmss. */
  private static final class OldDatetimeWriter extends TemporalWriter {
    OldDatetimeWriter() {
      super("DATETIME", Types.TIMESTAMP, 8);
    }

    @Override
    public void write(byte[] array, int offset, int length, WriteBuffer out) {
      out.position(put(array, offset, room(length, out), out.position()));
    }

    private static int put(byte[] array, int offset, byte[] target, int at) {
      long value = LittleEndian.int64(array, offset);
      int date = (int) Long.remainderUnsigned(Long.divideUnsigned(value, 1_000_000), 100_000_000);
      int time = (int) Long.remainderUnsigned(value, 1_000_000);
      int next = TemporalText.putDate(date / 10_000, date / 100 % 100, date % 100, target, at);
      target[next++] = ' ';
      return TemporalText.putTimeOfDay(time / 10_000, time / 100 % 100, time % 100, target, next);
    }
  }

  /** Sign (always set), year × 13 + month in 17 bits, day 5, hour 5, minute 6, second 6. */
  private static final class DatetimeWriter extends TemporalWriter {
    private static final int WHOLE_BYTES = 5;

    private final int fractionalDigits;

    DatetimeWriter(int fractionalDigits) {
      super("DATETIME", Types.TIMESTAMP, WHOLE_BYTES + fractionBytes(fractionalDigits));
      this.fractionalDigits = fractionalDigits;
    }

    @Override
    public void write(byte[] array, int offset, int length, WriteBuffer out) {
      out.position(put(array, offset, room(length, out), out.position()));
    }

    private int put(byte[] array, int offset, byte[] target, int at) {
      long value = BigEndian.unsigned(array, offset, WHOLE_BYTES);
      int months = (int) (value >>> 22) & 0x1_FFFF;
      int day = (int) (value >>> 17) & 0x1F;
      int time = (int) value & 0x1_FFFF;
      int next = TemporalText.putDate(months / 13, months % 13, day, target, at);
      target[next++] = ' ';
      next = TemporalText.putTimeOfDay(time >>> 12, (time >>> 6) & 0x3F, time & 0x3F, target, next);
      int bytes = fractionBytes(fractionalDigits);
      int units = (int) BigEndian.unsigned(array, offset + WHOLE_BYTES, bytes);
      return TemporalText.putFraction(units, fractionalDigits, target, next);
    }
  }

  /**
   * Hour in ten bits, minute 6, second 6 and the fraction are one number, offset so that the first
   * bit is its sign: a negative time with a fraction is negative as a whole.
   */
  private static final class TimeWriter extends TemporalWriter {
    private static final int WHOLE_BYTES = 3;

    private final int fractionalDigits;

    TimeWriter(int fractionalDigits) {
      super("TIME", Types.TIME, WHOLE_BYTES + fractionBytes(fractionalDigits));
      this.fractionalDigits = fractionalDigits;
    }

    @Override
    public void write(byte[] array, int offset, int length, WriteBuffer out) {
      out.position(put(array, offset, room(length, out), out.position()));
    }

    private int put(byte[] array, int offset, byte[] target, int at) {
      int fractionBits = fractionBytes(fractionalDigits) << 3;
      long value =
          BigEndian.unsigned(array, offset, WHOLE_BYTES + (fractionBits >>> 3))
              - (0x80_0000L << fractionBits);
      int next = at;
      if (value < 0) {
        target[next++] = '-';
        value = -value;
      }
      int time = (int) (value >>> fractionBits);
      next =
          TemporalText.putTimeOfDay(
              (time >>> 12) & 0x3FF, (time >>> 6) & 0x3F, time & 0x3F, target, next);
      int units = (int) (value & ((1L << fractionBits) - 1));
      return TemporalText.putFraction(units, fractionalDigits, target, next);
    }
  }
}
