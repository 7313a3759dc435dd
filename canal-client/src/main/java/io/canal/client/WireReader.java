package io.canal.client;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;

/**
 * Walks the fields of one protobuf message in a byte array, in whatever order they come, without
 * copying. Owned by one thread; reused for message after message.
 */
final class WireReader {
  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  private static final int BYTES = 2;
  private static final int FIXED32 = 5;

  private byte[] array;
  private int position;
  private int limit;
  // the field that next() read last
  private int field;
  private long number;
  private int offset;
  private int length;

  static String text(byte[] array, int offset, int length) {
    return length == 0 ? "" : new String(array, offset, length, UTF_8);
  }

  void wrap(byte[] newArray, int newOffset, int newLength) {
    array = newArray;
    position = newOffset;
    limit = newOffset + newLength;
  }

  /** Reads a field with its value; false at the end of the message. */
  boolean next() {
    if (position >= limit) {
      return false;
    }
    int tag = (int) varint();
    field = tag >>> 3;
    switch (tag & 7) {
      case VARINT -> {
        number = varint();
        offset = position;
        length = 0;
      }
      case BYTES -> {
        long announced = varint();
        if (announced < 0 || announced > limit - position) {
          throw malformed(
              "a field of " + announced + " bytes where " + (limit - position) + " remain");
        }
        number = 0;
        offset = position;
        length = (int) announced;
        position += length;
      }
      case FIXED64 -> skip(8);
      case FIXED32 -> skip(4);
      default -> throw malformed("wire type " + (tag & 7));
    }
    return true;
  }

  /** Where the next field starts. */
  int position() {
    return position;
  }

  /** Field number. */
  int field() {
    return field;
  }

  /** Value of a varint field. */
  long number() {
    return number;
  }

  /** Where the content of a length-delimited field starts. */
  int offset() {
    return offset;
  }

  /** Bytes of its content. */
  int length() {
    return length;
  }

  private void skip(int bytes) {
    if (bytes > limit - position) {
      throw malformed("a field of " + bytes + " bytes where " + (limit - position) + " remain");
    }
    number = 0;
    offset = position;
    length = 0;
    position += bytes;
  }

  private long varint() {
    int at = position;
    if (at < limit && array[at] >= 0) {
      position = at + 1;
      return array[at];
    }
    long value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      if (at >= limit) {
        throw malformed("a number that does not end");
      }
      byte next = array[at++];
      value |= (long) (next & 0x7F) << shift;
      if (next >= 0) {
        position = at;
        return value;
      }
    }
    throw malformed("a number of more than ten bytes");
  }

  private CanalException malformed(String found) {
    return new CanalException(
        ErrorCode.RETRY, "byte " + position + " of a frame: expected protobuf, found " + found);
  }
}
