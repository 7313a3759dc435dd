package io.canal.parser.row;

import io.canal.protocol.WriteBuffer;
import java.sql.Types;

/**
 * DATE, TIME, DATETIME and YEAR in the formats of MySQL 5.6 and later, and TIME and DATETIME of
 * tables that are older. They know no time zone. Zero and partly zero dates stay as they are.
 */
final class TemporalWriter extends FixedTypeWriter {
  static final TemporalWriter DATE =
      new TemporalWriter("DATE", Types.DATE, 3, 0, TemporalWriter::writeDate);
  static final TemporalWriter YEAR =
      new TemporalWriter("YEAR", Types.VARCHAR, 1, 0, TemporalWriter::writeYear);
  static final TemporalWriter OLD_TIME =
      new TemporalWriter("TIME", Types.TIME, 3, 0, TemporalWriter::writeOldTime);
  static final TemporalWriter OLD_DATETIME =
      new TemporalWriter("DATETIME", Types.TIMESTAMP, 8, 0, TemporalWriter::writeOldDatetime);

  private static final int DATETIME_WHOLE_BYTES = 5;
  private static final int TIME_WHOLE_BYTES = 3;
  private static final int[] MICROS_OF_FRACTION_BYTES = {1_000_000, 10_000, 100, 1};

  @FunctionalInterface
  private interface Format {
    void write(byte[] array, int offset, int fractionalDigits, WriteBuffer out);
  }

  private final String type;
  private final int length;
  private final int fractionalDigits;
  private final Format format;

  private TemporalWriter(
      String type, int sqlType, int wholeBytes, int fractionalDigits, Format format) {
    super(sqlType);
    this.type = type;
    this.length = wholeBytes + fractionBytes(fractionalDigits);
    this.fractionalDigits = fractionalDigits;
    this.format = format;
  }

  static TemporalWriter datetime(int fractionalDigits) {
    return new TemporalWriter(
        "DATETIME",
        Types.TIMESTAMP,
        DATETIME_WHOLE_BYTES,
        fractionalDigits,
        TemporalWriter::writeDatetime);
  }

  static TemporalWriter time(int fractionalDigits) {
    return new TemporalWriter(
        "TIME", Types.TIME, TIME_WHOLE_BYTES, fractionalDigits, TemporalWriter::writeTime);
  }

  @Override
  public void write(byte[] array, int offset, int length, WriteBuffer out) {
    expectLength(type, this.length, length);
    format.write(array, offset, fractionalDigits, out);
  }

  /** How many bytes hold a fraction: one for each two digits. */
  static int fractionBytes(int fractionalDigits) {
    return (fractionalDigits + 1) / 2;
  }

  /** The microseconds that stand big-endian in the bytes of a fraction. */
  static int micros(byte[] array, int offset, int fractionalDigits) {
    int bytes = fractionBytes(fractionalDigits);
    return (int) bigEndian(array, offset, bytes) * MICROS_OF_FRACTION_BYTES[bytes];
  }

  static long bigEndian(byte[] array, int offset, int bytes) {
    long value = 0;
    for (int i = 0; i < bytes; i++) {
      value = (value << 8) | (array[offset + i] & 0xFF);
    }
    return value;
  }

  /** Day in five bits, month in four, year above. */
  private static void writeDate(byte[] array, int offset, int fraction, WriteBuffer out) {
    int value = LittleEndian.uint24(array, offset);
    TemporalText.writeDate(value >>> 9, ((value >>> 5) & 0xF), value & 0x1F, out);
  }

  private static void writeYear(byte[] array, int offset, int fraction, WriteBuffer out) {
    int value = array[offset] & 0xFF;
    out.writePadded(value == 0 ? 0 : 1900 + value, 4);
  }

  /** A number hhmmss with its sign. */
  private static void writeOldTime(byte[] array, int offset, int fraction, WriteBuffer out) {
    int value = (LittleEndian.uint24(array, offset) << 8) >> 8;
    if (value < 0) {
      out.writeByte('-');
      value = -value;
    }
    TemporalText.writeTimeOfDay(value / 10_000, value / 100 % 100, value % 100, out);
  }

  /** A number yyyymmddhhmmss. */
  private static void writeOldDatetime(byte[] array, int offset, int fraction, WriteBuffer out) {
    long value = LittleEndian.int64(array, offset);
    int date = (int) Long.remainderUnsigned(Long.divideUnsigned(value, 1_000_000), 100_000_000);
    int time = (int) Long.remainderUnsigned(value, 1_000_000);
    TemporalText.writeDate(date / 10_000, date / 100 % 100, date % 100, out);
    out.writeByte(' ');
    TemporalText.writeTimeOfDay(time / 10_000, time / 100 % 100, time % 100, out);
  }

  /** Sign (always set), year × 13 + month in 17 bits, day 5, hour 5, minute 6, second 6. */
  private static void writeDatetime(byte[] array, int offset, int fraction, WriteBuffer out) {
    long value = bigEndian(array, offset, DATETIME_WHOLE_BYTES);
    int months = (int) (value >>> 22) & 0x1_FFFF;
    TemporalText.writeDate(months / 13, months % 13, ((int) (value >>> 17) & 0x1F), out);
    out.writeByte(' ');
    TemporalText.writeTimeOfDay(
        ((int) (value >>> 12) & 0x1F), ((int) (value >>> 6) & 0x3F), (int) value & 0x3F, out);
    int micros = micros(array, offset + DATETIME_WHOLE_BYTES, fraction);
    TemporalText.writeFraction(micros, fraction, out);
  }

  /**
   * Hour in ten bits, minute 6, second 6 and the fraction are one number, offset so that the first
   * bit is its sign: a negative time with a fraction is negative as a whole.
   */
  private static void writeTime(byte[] array, int offset, int fraction, WriteBuffer out) {
    int fractionBits = fractionBytes(fraction) << 3;
    long value =
        bigEndian(array, offset, TIME_WHOLE_BYTES + (fractionBits >>> 3))
            - (0x80_0000L << fractionBits);
    if (value < 0) {
      out.writeByte('-');
      value = -value;
    }
    int time = (int) (value >>> fractionBits);
    TemporalText.writeTimeOfDay(((time >>> 12) & 0x3FF), ((time >>> 6) & 0x3F), time & 0x3F, out);
    int units = (int) (value & ((1L << fractionBits) - 1));
    TemporalText.writeFraction(units * MICROS_OF_FRACTION_BYTES[fractionBits >>> 3], fraction, out);
  }
}
