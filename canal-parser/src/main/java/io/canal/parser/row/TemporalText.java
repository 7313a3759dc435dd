package io.canal.parser.row;

import io.canal.protocol.WriteBuffer;

/** The parts of temporal text. Fields are written as they are: a zero month or day stays. */
final class TemporalText {
  private static final int[] MICROS_OF_DIGIT = {1_000_000, 100_000, 10_000, 1_000, 100, 10, 1};

  private TemporalText() {}

  static void writeDate(int year, int month, int day, WriteBuffer out) {
    out.writePadded(year, 4);
    writePair('-', month, out);
    writePair('-', day, out);
  }

  static void writeTimeOfDay(int hour, int minute, int second, WriteBuffer out) {
    out.writePadded(hour, 2);
    writePair(':', minute, out);
    writePair(':', second, out);
  }

  /** Writes the point and the first digits of a fraction; nothing for none. */
  static void writeFraction(int micros, int digits, WriteBuffer out) {
    if (digits > 0) {
      out.writeByte('.');
      out.writePadded(micros / MICROS_OF_DIGIT[digits], digits);
    }
  }

  private static void writePair(char separator, int value, WriteBuffer out) {
    out.reserve(3);
    byte[] array = out.array();
    int at = out.position();
    array[at] = (byte) separator;
    array[at + 1] = (byte) ('0' + value / 10);
    array[at + 2] = (byte) ('0' + value % 10);
    out.position(at + 3);
  }
}
