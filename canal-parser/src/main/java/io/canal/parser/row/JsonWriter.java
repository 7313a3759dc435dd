package io.canal.parser.row;

import io.canal.parser.schema.ColumnType;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.WriteBuffer;
import java.sql.Types;

/**
 * JSON in MySQL's binary form, written as a SELECT prints it.
 *
 * <p>A value is a type byte and its data. An object or array begins with its element count and its
 * size in bytes, then for an object one entry of offset and length per key, then one entry of type
 * and offset per value, small values in place of their offset; offsets count from the begin of the
 * object or array and take two bytes, or four in the large forms.
 *
 * <p>The parts of a document never overlap, so that what has been read is counted against the
 * document's length: bytes that point at each other in circles or many times end in an error.
 */
final class JsonWriter extends ValueWriter {
  private static final int MAX_DEPTH = 100; // the server's own limit

  private static final int SMALL_OBJECT = 0x0;
  private static final int LARGE_OBJECT = 0x1;
  private static final int SMALL_ARRAY = 0x2;
  private static final int LARGE_ARRAY = 0x3;
  private static final int LITERAL = 0x4;
  private static final int INT16 = 0x5;
  private static final int UINT16 = 0x6;
  private static final int INT32 = 0x7;
  private static final int UINT32 = 0x8;
  private static final int INT64 = 0x9;
  private static final int UINT64 = 0xA;
  private static final int DOUBLE = 0xB;
  private static final int STRING = 0xC;
  private static final int OPAQUE = 0xF;

  private static final byte[] HEX = {
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'
  };

  /** What stands behind the backslash for a byte of a string; 0 for a byte that stays. */
  private static final byte[] ESCAPES = new byte[256];

  static {
    for (int i = 0; i < 0x20; i++) {
      ESCAPES[i] = 'u';
    }
    ESCAPES['"'] = '"';
    ESCAPES['\\'] = '\\';
    ESCAPES['\b'] = 'b';
    ESCAPES['\f'] = 'f';
    ESCAPES['\n'] = 'n';
    ESCAPES['\r'] = 'r';
    ESCAPES['\t'] = 't';
  }

  private final String column;

  JsonWriter(String column) {
    super(Types.VARCHAR);
    this.column = column;
  }

  @Override
  public int sqlTypeOfNull() {
    return Types.OTHER;
  }

  @Override
  public void write(byte[] array, int offset, int length, WriteBuffer out) {
    if (length == 0) {
      // A column filled by INSERT IGNORE or ALTER without a value: the server reads it as null.
      out.writeAscii("null");
      return;
    }
    int type = array[offset] & 0xFF;
    writeValue(type, array, offset + 1, offset + length, length - 1, 0, out);
  }

  /**
   * Writes a value.
   *
   * @param end where the object or array that holds it ends
   * @param left how many bytes of the document are not accounted for
   * @return the rest of {@code left}
   */
  private int writeValue(
      int type, byte[] array, int offset, int end, int left, int depth, WriteBuffer out) {
    switch (type) {
      case SMALL_OBJECT -> {
        return writeContainer(true, 2, array, offset, end, left, depth, out);
      }
      case LARGE_OBJECT -> {
        return writeContainer(true, 4, array, offset, end, left, depth, out);
      }
      case SMALL_ARRAY -> {
        return writeContainer(false, 2, array, offset, end, left, depth, out);
      }
      case LARGE_ARRAY -> {
        return writeContainer(false, 4, array, offset, end, left, depth, out);
      }
      case STRING, OPAQUE -> {
        return writeVariable(type, array, offset, end, left, out);
      }
      default -> {
        int width = scalarWidth(type);
        int rest = take(width, end - offset, left);
        writeScalar(type, array, offset, out);
        return rest;
      }
    }
  }

  private int writeContainer(
      boolean object,
      int wide,
      byte[] array,
      int offset,
      int end,
      int left,
      int depth,
      WriteBuffer out) {
    if (depth >= MAX_DEPTH) {
      throw broken("at most " + MAX_DEPTH + " levels", "more");
    }
    int rest = take(2 * wide, end - offset, left);
    int count = number(array, offset, wide);
    int size = number(array, offset + wide, wide);
    if (size < 0 || size > end - offset) {
      throw broken("an object or array within " + (end - offset) + " bytes", unsigned(size));
    }
    int keyWidth = object ? wide + 2 : 0;
    int valueWidth = 1 + wide;
    long entries = Integer.toUnsignedLong(count) * (keyWidth + valueWidth);
    if (entries > size - 2L * wide) {
      throw broken(entries + " bytes for " + unsigned(count) + " elements", unsigned(size));
    }
    int ownEnd = offset + size;
    rest = take((int) entries, ownEnd - offset, rest);
    int keys = offset + 2 * wide;
    int values = keys + count * keyWidth;
    out.writeByte(object ? '{' : '[');
    for (int i = 0; i < count; i++) {
      if (i > 0) {
        out.writeByte(',');
        out.writeByte(' ');
      }
      if (object) {
        rest = writeKey(array, keys + i * keyWidth, wide, offset, size, rest, out);
        out.writeByte(':');
        out.writeByte(' ');
      }
      int entry = values + i * valueWidth;
      int type = array[entry] & 0xFF;
      if (isInlined(type, wide)) {
        writeScalar(type, array, entry + 1, out);
      } else {
        int at = number(array, entry + 1, wide);
        if (at < 0 || at > size) {
          throw broken("a value within " + size + " bytes", unsigned(at));
        }
        rest = writeValue(type, array, offset + at, ownEnd, rest, depth + 1, out);
      }
    }
    out.writeByte(object ? '}' : ']');
    return rest;
  }

  private int writeKey(
      byte[] array, int entry, int wide, int start, int size, int left, WriteBuffer out) {
    int at = number(array, entry, wide);
    int length = LittleEndian.uint16(array, entry + wide);
    if (at < 0 || at > size) {
      throw broken("a key within " + size + " bytes", unsigned(at));
    }
    int rest = take(length, size - at, left);
    writeQuoted(array, start + at, length, out);
    return rest;
  }

  private static boolean isInlined(int type, int wide) {
    return switch (type) {
      case LITERAL, INT16, UINT16 -> true;
      case INT32, UINT32 -> wide == 4;
      default -> false;
    };
  }

  private int scalarWidth(int type) {
    return switch (type) {
      case LITERAL -> 1;
      case INT16, UINT16 -> 2;
      case INT32, UINT32 -> 4;
      case INT64, UINT64, DOUBLE -> 8;
      default -> throw broken("a type that is known", "type " + type);
    };
  }

  private void writeScalar(int type, byte[] array, int offset, WriteBuffer out) {
    switch (type) {
      case LITERAL -> out.writeAscii(literal(array[offset]));
      case INT16 -> out.writeDecimal((short) LittleEndian.uint16(array, offset));
      case UINT16 -> out.writeDecimal(LittleEndian.uint16(array, offset));
      case INT32 -> out.writeDecimal(LittleEndian.int32(array, offset));
      case UINT32 -> out.writeDecimal(Integer.toUnsignedLong(LittleEndian.int32(array, offset)));
      case INT64 -> out.writeDecimal(LittleEndian.int64(array, offset));
      case UINT64 -> out.writeUnsignedDecimal(LittleEndian.int64(array, offset));
      default -> {
        long bits = LittleEndian.int64(array, offset);
        if (!Double.isFinite(Double.longBitsToDouble(bits))) {
          throw broken("a finite number", Double.toString(Double.longBitsToDouble(bits)));
        }
        FloatingText.writeMysqlDouble(bits, out);
      }
    }
  }

  private String literal(byte code) {
    return switch (code) {
      case 0 -> "null";
      case 1 -> "true";
      case 2 -> "false";
      default -> throw broken("null, true or false", "literal " + code);
    };
  }

  /** A string or, behind a type code of its own, any other value of MySQL. */
  private int writeVariable(
      int type, byte[] array, int offset, int end, int left, WriteBuffer out) {
    int at = type == OPAQUE ? offset + 1 : offset;
    long length = 0;
    int shift = 0;
    int next;
    do {
      if (at >= end || shift > 28) {
        throw broken("the length of a string", "its end or too many bytes");
      }
      next = array[at++];
      length |= (next & 0x7FL) << shift;
      shift += 7;
    } while (next < 0);
    int rest = take(at - offset, end - offset, left);
    if (length > end - at) {
      throw broken("a string within " + (end - at) + " bytes", length + " bytes");
    }
    rest = take((int) length, end - at, rest);
    if (type == STRING) {
      writeQuoted(array, at, (int) length, out);
    } else {
      writeOpaque(array[offset] & 0xFF, array, at, (int) length, out);
    }
    return rest;
  }

  private static void writeQuoted(byte[] array, int offset, int length, WriteBuffer out) {
    out.reserve(length + 2);
    out.writeByte('"');
    int end = offset + length;
    int begin = offset;
    for (int at = offset; at < end; at++) {
      int value = array[at] & 0xFF;
      byte escape = ESCAPES[value];
      if (escape != 0) {
        out.writeBytes(array, begin, at - begin);
        out.writeByte('\\');
        out.writeByte(escape);
        if (escape == 'u') {
          out.writeAscii("00");
          out.writeByte(HEX[value >>> 4]);
          out.writeByte(HEX[value & 0xF]);
        }
        begin = at + 1;
      }
    }
    out.writeBytes(array, begin, end - begin);
    out.writeByte('"');
  }

  private void writeOpaque(int type, byte[] array, int offset, int length, WriteBuffer out) {
    switch (type) {
      case ColumnType.NEWDECIMAL -> {
        if (length < 2) {
          throw broken("precision and scale of a decimal", length + " bytes");
        }
        int precision = array[offset] & 0xFF;
        int scale = array[offset + 1] & 0xFF;
        DecimalWriter.write(array, offset + 2, length - 2, precision, scale, out);
      }
      case ColumnType.DATE, ColumnType.DATETIME, ColumnType.TIMESTAMP, ColumnType.TIME -> {
        expectLength("temporal value in JSON", Long.BYTES, length);
        out.writeByte('"');
        writeTemporal(type, LittleEndian.int64(array, offset), out);
        out.writeByte('"');
      }
      default -> {
        out.writeAscii("\"base64:type");
        out.writeDecimal(type);
        out.writeByte(':');
        Base64Text.write(array, offset, length, out);
        out.writeByte('"');
      }
    }
  }

  /** A packed time: microseconds in 24 bits, second 6, minute 6, hour, day 5, year × 13 + month. */
  private static void writeTemporal(int type, long packed, WriteBuffer out) {
    byte[] target = out.reserve(TemporalText.MAX_BYTES);
    int at = out.position();
    long value = packed;
    if (value < 0) {
      target[at++] = '-';
      value = -value;
    }
    int micros = (int) value & 0xFF_FFFF;
    int time = (int) (value >>> 24);
    int second = time & 0x3F;
    int minute = (time >>> 6) & 0x3F;
    if (type == ColumnType.TIME) {
      at = TemporalText.putTimeOfDay((time >>> 12) & 0x3FF, minute, second, target, at);
    } else {
      int day = (int) (value >>> 41) & 0x1F;
      int months = (int) (value >>> 46) & 0x1_FFFF;
      at = TemporalText.putDate(months / 13, months % 13, day, target, at);
      if (type == ColumnType.DATE) {
        out.position(at);
        return;
      }
      target[at++] = ' ';
      at = TemporalText.putTimeOfDay((time >>> 12) & 0x1F, minute, second, target, at);
    }
    out.position(TemporalText.putFraction(micros, 6, target, at));
  }

  private static int number(byte[] array, int offset, int wide) {
    return wide == 2 ? LittleEndian.uint16(array, offset) : LittleEndian.int32(array, offset);
  }

  private int take(int length, int available, int left) {
    if (length > available || length > left) {
      throw broken(length + " bytes", Math.min(available, left) + " bytes left");
    }
    return left - length;
  }

  private static String unsigned(int value) {
    return Integer.toUnsignedString(value);
  }

  private CanalException broken(String expected, String found) {
    return new CanalException(
        ErrorCode.STOP_INSTANCE,
        "JSON of column " + column + ": expected " + expected + ", found " + found);
  }
}
