package io.canal.parser.row;

import io.canal.protocol.WriteBuffer;

/**
 * Text of floating-point numbers: as {@code toString} of JDK 19 and later on every JDK, and as
 * MySQL prints a double in JSON.
 */
final class FloatingText {
  private static final int DOUBLE_FRACTION_BITS = 52;
  private static final int DOUBLE_MAX_EXPONENT = 0x7FF;
  private static final int DOUBLE_BIAS = 1075;
  private static final int DOUBLE_ONE_DIGIT = 3; // smaller subnormals need a digit more for two
  private static final int FLOAT_FRACTION_BITS = 23;
  private static final int FLOAT_MAX_EXPONENT = 0xFF;
  private static final int FLOAT_BIAS = 150;
  private static final int FLOAT_ONE_DIGIT = 8;

  private FloatingText() {}

  /** Writes the float of these bits as {@link Float#toString(float)} of JDK 19. */
  static void writeFloat(int bits, WriteBuffer out) {
    int exponent = (bits >>> FLOAT_FRACTION_BITS) & FLOAT_MAX_EXPONENT;
    long fraction = bits & ((1 << FLOAT_FRACTION_BITS) - 1);
    if (exponent == FLOAT_MAX_EXPONENT) {
      writeNotFinite(bits < 0, fraction != 0, out);
      return;
    }
    if (bits < 0) {
      out.writeByte('-');
    }
    if (exponent != 0) {
      long significand = fraction | (1 << FLOAT_FRACTION_BITS);
      writeJava(significand, exponent - FLOAT_BIAS, fraction == 0 && exponent > 1, 0, out);
    } else {
      writeJavaSubnormal(fraction, 1 - FLOAT_BIAS, FLOAT_ONE_DIGIT, out);
    }
  }

  /** Writes the double of these bits as {@link Double#toString(double)} of JDK 19. */
  static void writeDouble(long bits, WriteBuffer out) {
    int exponent = (int) (bits >>> DOUBLE_FRACTION_BITS) & DOUBLE_MAX_EXPONENT;
    long fraction = bits & ((1L << DOUBLE_FRACTION_BITS) - 1);
    if (exponent == DOUBLE_MAX_EXPONENT) {
      writeNotFinite(bits < 0, fraction != 0, out);
      return;
    }
    if (bits < 0) {
      out.writeByte('-');
    }
    if (exponent != 0) {
      long significand = fraction | (1L << DOUBLE_FRACTION_BITS);
      writeJava(significand, exponent - DOUBLE_BIAS, fraction == 0 && exponent > 1, 0, out);
    } else {
      writeJavaSubnormal(fraction, 1 - DOUBLE_BIAS, DOUBLE_ONE_DIGIT, out);
    }
  }

  /**
   * Writes a finite double as MySQL's JSON does: plain from 1e-15 to below 1e15, else with an
   * exponent that has no sign of its own, and {@code .0} where it would look like an integer.
   */
  static void writeMysqlDouble(long bits, WriteBuffer out) {
    int exponent = (int) (bits >>> DOUBLE_FRACTION_BITS) & DOUBLE_MAX_EXPONENT;
    long fraction = bits & ((1L << DOUBLE_FRACTION_BITS) - 1);
    if (bits < 0) {
      out.writeByte('-');
    }
    if (exponent == 0 && fraction == 0) {
      out.writeAscii("0.0");
      return;
    }
    long significand = exponent == 0 ? fraction : fraction | (1L << DOUBLE_FRACTION_BITS);
    int binaryExponent = Math.max(exponent, 1) - DOUBLE_BIAS;
    boolean atPowerOfTwo = fraction == 0 && exponent > 1;
    writeDigits(
        ShortestDecimal.digits(significand, binaryExponent, atPowerOfTwo, 1),
        ShortestDecimal.exponent(binaryExponent, atPowerOfTwo),
        Style.MYSQL_JSON,
        out);
  }

  private enum Style {
    JAVA(-2, 7),
    MYSQL_JSON(-14, 15);

    /** Where the point stands, counted from the first digit, for a number without exponent. */
    final int minPoint;

    final int maxPoint;

    Style(int minPoint, int maxPoint) {
      this.minPoint = minPoint;
      this.maxPoint = maxPoint;
    }
  }

  private static void writeNotFinite(boolean negative, boolean nan, WriteBuffer out) {
    out.writeAscii(nan ? "NaN" : negative ? "-Infinity" : "Infinity");
  }

  private static void writeJavaSubnormal(
      long fraction, int binaryExponent, int oneDigit, WriteBuffer out) {
    if (fraction == 0) {
      out.writeAscii("0.0");
    } else if (fraction < oneDigit) {
      writeJava(fraction * 10, binaryExponent, false, -1, out);
    } else {
      writeJava(fraction, binaryExponent, false, 0, out);
    }
  }

  private static void writeJava(
      long significand,
      int binaryExponent,
      boolean atPowerOfTwo,
      int exponentShift,
      WriteBuffer out) {
    writeDigits(
        ShortestDecimal.digits(significand, binaryExponent, atPowerOfTwo, 2),
        ShortestDecimal.exponent(binaryExponent, atPowerOfTwo) + exponentShift,
        Style.JAVA,
        out);
  }

  /** Writes {@code digits × 10^exponent}. */
  private static void writeDigits(long digits, int exponent, Style style, WriteBuffer out) {
    long significant = digits;
    int scale = exponent;
    while (significant % 10 == 0) {
      significant /= 10;
      scale++;
    }
    int start = out.position();
    out.writeUnsignedDecimal(significant);
    int count = out.position() - start;
    int point = count + scale;
    // MySQL goes without an exponent also where that shows no zero before the point.
    boolean pointInside = style == Style.MYSQL_JSON && point > 0 && point < count;
    if (point < style.minPoint || (point > style.maxPoint && !pointInside)) {
      if (count > 1) {
        insert(start + 1, 1, '.', out);
      } else if (style == Style.JAVA) {
        out.writeAscii(".0");
      }
      out.writeByte(style == Style.JAVA ? 'E' : 'e');
      out.writeDecimal(point - 1);
    } else if (point <= 0) {
      insert(start, 2 - point, '0', out);
      out.array()[start + 1] = '.';
    } else if (point < count) {
      insert(start + point, 1, '.', out);
    } else {
      for (int i = count; i < point; i++) {
        out.writeByte('0');
      }
      out.writeAscii(".0");
    }
  }

  private static void insert(int at, int times, char what, WriteBuffer out) {
    byte[] array = out.reserve(times);
    int end = out.position();
    System.arraycopy(array, at, array, at + times, end - at);
    for (int i = 0; i < times; i++) {
      array[at + i] = (byte) what;
    }
    out.position(end + times);
  }
}
