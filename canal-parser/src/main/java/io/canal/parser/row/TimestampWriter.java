package io.canal.parser.row;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.canal.protocol.WriteBuffer;
import java.sql.Types;

/**
 * TIMESTAMP in a time zone: big-endian seconds since 1970 in UTC and a fraction, or little-endian
 * without one in a table made before MySQL 5.6. Zero seconds are MySQL's zero timestamp.
 */
final class TimestampWriter extends ValueWriter {
  private static final int WHOLE_BYTES = 4;
  private static final int SECONDS_PER_DAY = 86_400;
  private static final int DAYS_PER_ERA = 146_097; // 400 years
  private static final int DAYS_TO_1970 = 719_468; // from 0000-03-01
  private static final byte[] ZERO = "0000-00-00 00:00:00".getBytes(US_ASCII);

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
    int fractionBytes = TemporalWriter.fractionBytes(fractionalDigits);
    expectLength("TIMESTAMP", WHOLE_BYTES + fractionBytes, length);
    long seconds =
        old
            ? LittleEndian.unsigned(array, offset, WHOLE_BYTES)
            : BigEndian.unsigned(array, offset, WHOLE_BYTES);
    int units = (int) BigEndian.unsigned(array, offset + WHOLE_BYTES, fractionBytes);
    byte[] target = out.reserve(TemporalText.MAX_BYTES);
    int at = out.position();
    if (seconds == 0) {
      System.arraycopy(ZERO, 0, target, at, ZERO.length);
      at += ZERO.length;
      units = 0;
    } else {
      at = putLocal(seconds + zone.offsetSeconds(seconds), target, at);
    }
    out.position(TemporalText.putFraction(units, fractionalDigits, target, at));
  }

  private static int putLocal(long seconds, byte[] target, int at) {
    // A day more keeps a place west of Greenwich from going below zero.
    long fromDayBefore = seconds + SECONDS_PER_DAY;
    int days = (int) (fromDayBefore / SECONDS_PER_DAY);
    int second = (int) (fromDayBefore - (long) days * SECONDS_PER_DAY);
    int next = putDay(days - 1, target, at);
    target[next++] = ' ';
    return TemporalText.putTimeOfDay(second / 3600, second / 60 % 60, second % 60, target, next);
  }

  /**
   * Puts a day counted from 1970-01-01, in years that begin in March, so that February ends: the
   * algorithm of Neri and Schneider, "Euclidean affine functions and their application to calendar
   * algorithms" (2022).
   */
  private static int putDay(int epochDay, byte[] target, int at) {
    int day = 4 * (epochDay + DAYS_TO_1970) + 3;
    int century = day / DAYS_PER_ERA;
    int dayOfCentury = day % DAYS_PER_ERA | 3;
    long scaled = 2_939_745L * dayOfCentury;
    int yearOfCentury = (int) (scaled >>> 32);
    int dayOfYear = (int) ((scaled & 0xFFFF_FFFFL) / 2_939_745 / 4);
    int monthAndDay = 2141 * dayOfYear + 197_913;
    int month = monthAndDay >>> 16; // 3 for March, 14 for February
    int dayOfMonth = (monthAndDay & 0xFFFF) / 2141 + 1;
    int year = 100 * century + yearOfCentury;
    return month > 12
        ? TemporalText.putDate(year + 1, month - 12, dayOfMonth, target, at)
        : TemporalText.putDate(year, month, dayOfMonth, target, at);
  }
}
