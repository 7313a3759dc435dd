package io.canal.parser.row;

import io.canal.protocol.WriteBuffer;
import java.sql.Types;

/**
 * TIMESTAMP in a time zone: big-endian seconds since 1970 in UTC and a fraction, or little-endian
 * without one in a table made before MySQL 5.6. Zero seconds are MySQL's zero timestamp.
 */
final class TimestampWriter extends FixedTypeWriter {
  private static final int WHOLE_BYTES = 4;
  private static final int SECONDS_PER_DAY = 86_400;
  private static final int DAYS_PER_ERA = 146_097; // 400 years
  private static final int DAYS_TO_1970 = 719_468; // from 0000-03-01

  private final ZoneOffsets zone;
  private final int fractionalDigits;
  private final boolean old;

  TimestampWriter(ZoneOffsets zone, int fractionalDigits, boolean old) {
    super(Types.TIMESTAMP);
    this.zone = zone;
    this.fractionalDigits = fractionalDigits;
    this.old = old;
  }

  @Override
  public void write(byte[] array, int offset, int length, WriteBuffer out) {
    expectLength("TIMESTAMP", WHOLE_BYTES + TemporalWriter.fractionBytes(fractionalDigits), length);
    long seconds =
        old
            ? Integer.toUnsignedLong(LittleEndian.int32(array, offset))
            : TemporalWriter.bigEndian(array, offset, WHOLE_BYTES);
    if (seconds == 0) {
      out.writeAscii("0000-00-00 00:00:00");
      TemporalText.writeFraction(0, fractionalDigits, out);
      return;
    }
    long local = seconds + zone.offsetSeconds(seconds);
    int days = (int) Math.floorDiv(local, SECONDS_PER_DAY);
    int second = Math.floorMod(local, SECONDS_PER_DAY);
    writeDay(days, out);
    out.writeByte(' ');
    TemporalText.writeTimeOfDay(second / 3600, second / 60 % 60, second % 60, out);
    int micros = TemporalWriter.micros(array, offset + WHOLE_BYTES, fractionalDigits);
    TemporalText.writeFraction(micros, fractionalDigits, out);
  }

  /** Writes a day counted from 1970-01-01, in years that begin in March, so that February ends. */
  private static void writeDay(int epochDay, WriteBuffer out) {
    int day = epochDay + DAYS_TO_1970;
    int era = day / DAYS_PER_ERA;
    int dayOfEra = day % DAYS_PER_ERA;
    int yearOfEra =
        (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / (DAYS_PER_ERA - 1)) / 365;
    int dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
    int month = (5 * dayOfYear + 2) / 153; // from March
    int dayOfMonth = dayOfYear - (153 * month + 2) / 5 + 1;
    int year = era * 400 + yearOfEra + (month >= 10 ? 1 : 0);
    TemporalText.writeDate(year, month < 10 ? month + 3 : month - 9, dayOfMonth, out);
  }
}
