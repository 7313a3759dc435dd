package io.canal.parser.row;

import java.math.BigInteger;

/**
 * Finds the shortest decimal that reads back as the same floating-point number, the nearest one
 * where several are as short. This is the Schubfach algorithm (Raffaello Giulietti, "The Schubfach
 * way to render doubles", 2020), with its table of powers computed at start. Without state and
 * garbage: a result is one {@code long} of digits, the exponent comes from a second call.
 */
final class ShortestDecimal {
  private static final int MIN_POWER = -293;
  private static final int MAX_POWER = 325;
  private static final BigInteger TWO_64 = BigInteger.ONE.shiftLeft(64);

  /** 10^power as 128 bits, normalized to a leading one and rounded up, in two halves. */
  private static final long[] HIGH = new long[MAX_POWER - MIN_POWER + 1];

  private static final long[] LOW = new long[HIGH.length];

  static {
    for (int power = MIN_POWER; power <= MAX_POWER; power++) {
      BigInteger rounded = normalizedPower(power);
      HIGH[power - MIN_POWER] = rounded.shiftRight(64).longValue();
      LOW[power - MIN_POWER] = rounded.mod(TWO_64).longValue();
    }
  }

  private ShortestDecimal() {}

  private static BigInteger normalizedPower(int power) {
    int shift = 127 - floorLog2OfPower10(power);
    BigInteger ten = BigInteger.TEN.pow(Math.abs(power));
    if (power >= 0 && shift >= 0) {
      return ten.shiftLeft(shift);
    }
    BigInteger numerator = power >= 0 ? ten : BigInteger.ONE.shiftLeft(shift);
    BigInteger denominator = power >= 0 ? BigInteger.ONE.shiftLeft(-shift) : ten;
    BigInteger[] quotient = numerator.divideAndRemainder(denominator);
    return quotient[1].signum() == 0 ? quotient[0] : quotient[0].add(BigInteger.ONE);
  }

  /**
   * The power of ten by which {@link #digits} counts: the digits found are a multiple of
   * 10^exponent.
   *
   * @param binaryExponent of a number {@code significand × 2^binaryExponent}
   * @param atPowerOfTwo whether the gap below the number is half of the gap above it
   */
  static int exponent(int binaryExponent, boolean atPowerOfTwo) {
    // floor(log10(2^e)), and of 3/4 of that
    return (binaryExponent * 1_262_611 - (atPowerOfTwo ? 524_031 : 0)) >> 22;
  }

  /**
   * The digits of the shortest decimal, with zeros at the end where it is shorter than others.
   *
   * @param minimumDigits 1; or 2 for Java's rule, where two digits may be nearer than one
   */
  static long digits(
      long significand, int binaryExponent, boolean atPowerOfTwo, int minimumDigits) {
    int exponent = exponent(binaryExponent, atPowerOfTwo);
    int shift = binaryExponent + floorLog2OfPower10(-exponent) + 1;
    long high = HIGH[-exponent - MIN_POWER];
    long low = LOW[-exponent - MIN_POWER];
    // All in quarters of the decimal unit, so that the middle to the neighbours is a whole number.
    long quarters = significand << 2;
    long value = multiplyToOdd(high, low, quarters << shift);
    int open = (int) (significand & 1); // the middle itself reads back as the even neighbour
    long lower = multiplyToOdd(high, low, (quarters - (atPowerOfTwo ? 1 : 2)) << shift) + open;
    long upper = multiplyToOdd(high, low, (quarters + 2) << shift) - open;

    long unit = value >> 2;
    if (unit >= (minimumDigits == 1 ? 10 : 100)) {
      long tens = unit / 10 * 10;
      boolean below = lower <= (tens << 2);
      boolean above = ((tens + 10) << 2) <= upper;
      if (below != above) {
        return below ? tens : tens + 10;
      }
    }
    boolean below = lower <= (unit << 2);
    boolean above = ((unit + 1) << 2) <= upper;
    if (below != above) {
      return below ? unit : unit + 1;
    }
    long middle = (unit << 2) + 2;
    return value > middle || (value == middle && (unit & 1) == 1) ? unit + 1 : unit;
  }

  /** The product's top 64 of 192 bits, made odd where bits below are lost. */
  private static long multiplyToOdd(long high, long low, long factor) {
    long carry = unsignedMultiplyHigh(low, factor);
    long middle = high * factor + carry;
    long top = unsignedMultiplyHigh(high, factor);
    if (Long.compareUnsigned(middle, carry) < 0) {
      top++;
    }
    return Long.compareUnsigned(middle, 1) > 0 ? top | 1 : top;
  }

  /** The high half of a product whose second factor is not negative. */
  private static long unsignedMultiplyHigh(long unsigned, long factor) {
    return Math.multiplyHigh(unsigned, factor) + ((unsigned >> 63) & factor);
  }

  private static int floorLog2OfPower10(int power) {
    return (power * 1_741_647) >> 19;
  }
}
