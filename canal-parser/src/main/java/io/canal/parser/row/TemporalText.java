package io.canal.parser.row;

import io.canal.protocol.WriteBuffer;

/**
 * The parts of temporal text, each put where there is room for it; they return where the next one
 * goes. Fields are written as they are: a zero month or day stays.
 */
final class TemporalText {
  /** More than any of the types needs, with its sign and fraction. */
  static final int MAX_BYTES = 40;

  private TemporalText() {}

  static int putDate(int year, int month, int day, byte[] target, int at) {
    int next = WriteBuffer.putPadded(year, 4, target, at);
    target[next] = '-';
    WriteBuffer.putPair(month, target, next + 1);
    target[next + 3] = '-';
    WriteBuffer.putPair(day, target, next + 4);
    return next + 6;
  }

  static int putTimeOfDay(int hour, int minute, int second, byte[] target, int at) {
    int next = WriteBuffer.putPadded(hour, 2, target, at);
    target[next] = ':';
    WriteBuffer.putPair(minute, target, next + 1);
    target[next + 3] = ':';
    WriteBuffer.putPair(second, target, next + 4);
    return next + 6;
  }

  /**
   * Puts the point and the fraction; nothing for none.
   *
   * @param units as the types store them: of as many digits, or one more where these are odd
   */
  static int putFraction(int units, int digits, byte[] target, int at) {
    if (digits == 0) {
      return at;
    }
    target[at] = '.';
    return WriteBuffer.putPadded((digits & 1) == 0 ? units : units / 10, digits, target, at + 1);
  }
}
