package io.canal.parser.row;

import io.canal.parser.schema.Column;
import io.canal.parser.schema.ColumnType;

/**
 * How many bytes a value takes in a row image. A layout is one number: not negative, a fixed width;
 * −1 to −4, the width of the length that stands in front of the value; {@link #UNKNOWN}, a type or
 * metadata that has no meaning here.
 */
final class ValueLayout {
  static final int UNKNOWN = Integer.MIN_VALUE;

  private static final int DIGITS_PER_GROUP = 9;
  private static final int BYTES_PER_GROUP = 4;
  private static final int MAX_DECIMAL_PRECISION = 65;
  private static final int MAX_DECIMAL_SCALE = 38; // MariaDB; MySQL ends at 30
  private static final int[] BYTES_OF_DIGITS = {0, 1, 1, 2, 2, 3, 3, 4, 4, 4};

  private ValueLayout() {}

  /**
   * The layout of a column.
   *
   * @param type a code of {@link ColumnType}
   * @param metadata as {@link Column#metadata} describes
   */
  static int of(int type, int metadata) {
    return switch (type) {
      case ColumnType.NULL -> 0;
      case ColumnType.TINY, ColumnType.YEAR -> 1;
      case ColumnType.SHORT -> 2;
      case ColumnType.INT24, ColumnType.DATE, ColumnType.NEWDATE, ColumnType.TIME -> 3;
      case ColumnType.LONG, ColumnType.TIMESTAMP -> 4;
      case ColumnType.LONGLONG, ColumnType.DATETIME -> 8;
      case ColumnType.FLOAT -> 4;
      case ColumnType.DOUBLE -> 8;
      case ColumnType.NEWDECIMAL -> decimalWidth(metadata >>> 8, metadata & 0xFF);
      case ColumnType.TIMESTAMP2 -> withFraction(4, metadata);
      case ColumnType.DATETIME2 -> withFraction(5, metadata);
      case ColumnType.TIME2 -> withFraction(3, metadata);
      case ColumnType.BIT -> between(1, metadata, 64) ? (metadata + 7) >>> 3 : UNKNOWN;
      case ColumnType.ENUM -> between(1, metadata, 2) ? metadata : UNKNOWN;
      case ColumnType.SET -> between(1, metadata, 8) ? metadata : UNKNOWN;
      case ColumnType.VARCHAR,
          ColumnType.VAR_STRING,
          ColumnType.STRING,
          ColumnType.MARIADB_VARCHAR_COMPRESSED ->
          metadata > 255 ? -2 : -1;
      case ColumnType.TINY_BLOB,
          ColumnType.BLOB,
          ColumnType.MEDIUM_BLOB,
          ColumnType.LONG_BLOB,
          ColumnType.MARIADB_BLOB_COMPRESSED,
          ColumnType.JSON,
          ColumnType.GEOMETRY,
          ColumnType.VECTOR ->
          between(1, metadata, 4) ? -metadata : UNKNOWN;
      default -> UNKNOWN;
    };
  }

  /** The bytes of a packed DECIMAL: nine digits in four bytes, the rest in as few as hold them. */
  static int decimalWidth(int precision, int scale) {
    if (!between(1, precision, MAX_DECIMAL_PRECISION)
        || scale > Math.min(precision, MAX_DECIMAL_SCALE)) {
      return UNKNOWN;
    }
    return digitsWidth(precision - scale) + digitsWidth(scale);
  }

  private static int digitsWidth(int digits) {
    return digits / DIGITS_PER_GROUP * BYTES_PER_GROUP + BYTES_OF_DIGITS[digits % DIGITS_PER_GROUP];
  }

  private static int withFraction(int width, int fractionalDigits) {
    return between(0, fractionalDigits, 6) ? width + (fractionalDigits + 1) / 2 : UNKNOWN;
  }

  private static boolean between(int low, int value, int high) {
    return low <= value && value <= high;
  }
}
