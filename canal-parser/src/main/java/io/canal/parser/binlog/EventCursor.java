package io.canal.parser.binlog;

import static java.util.Objects.checkFromIndexSize;
import static java.util.Objects.requireNonNull;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.nio.charset.Charset;
import java.util.Arrays;
import java.util.UUID;

/**
 * Reads the fields of one raw event from front to back. Every length is compared with what remains;
 * what does not fit is a {@link CanalException} that stops the instance and names the event.
 */
final class EventCursor {
  private final String name;
  private final byte[] array;
  private final int start;
  private final int end;
  private int position;

  /** A cursor behind the header of the event that {@code offset} and {@code length} cut out. */
  EventCursor(String name, byte[] array, int offset, int length) {
    requireNonNull(array, "array is null");
    checkFromIndexSize(offset, length, array.length);
    this.name = name;
    this.array = array;
    this.start = offset;
    this.end = offset + length;
    this.position = offset;
    skip(EventHeader.LENGTH);
  }

  private EventCursor(EventCursor outer, int length) {
    this.name = outer.name;
    this.array = outer.array;
    this.start = outer.start;
    this.position = outer.position;
    this.end = outer.position + length;
  }

  /** A cursor over the next {@code length} bytes, which this one steps over. */
  EventCursor part(long length) {
    EventCursor part = new EventCursor(this, need(length));
    position = part.end;
    return part;
  }

  int position() {
    return position;
  }

  int remaining() {
    return end - position;
  }

  boolean hasRemaining() {
    return position < end;
  }

  int u1() {
    need(1);
    return array[position++] & 0xFF;
  }

  int u2() {
    return (int) number(2);
  }

  long u4() {
    return number(4);
  }

  /** Eight bytes as they are: callers that cannot meet a set top bit need no check. */
  long i8() {
    return number(8);
  }

  /** A little-endian number of up to eight bytes. */
  long number(int bytes) {
    need(bytes);
    long value = 0;
    for (int i = bytes - 1; i >= 0; i--) {
      value = (value << 8) | (array[position + i] & 0xFF);
    }
    position += bytes;
    return value;
  }

  /** The client protocol's length-encoded integer. */
  long lengthEncoded() {
    int first = u1();
    return switch (first) {
      case 0xFB, 0xFF -> throw failure("length byte " + first + ", expected a number");
      case 0xFC -> number(2);
      case 0xFD -> number(3);
      case 0xFE -> number(8);
      default -> first;
    };
  }

  /**
   * An unsigned integer of MySQL's serialization library: the number of low one bits of the first
   * byte tells how many bytes follow, the bits above them and those bytes are the value.
   */
  long variableLength() {
    int first = u1();
    int more = Integer.numberOfTrailingZeros(~first);
    if (more >= 8) {
      return number(8);
    }
    // 7 more bytes leave no bit of the first one
    long low = (long) first >>> (more + 1);
    return low | (number(more) << (7 - more));
  }

  /** A signed one: the sign is the lowest bit, negative numbers are complemented. */
  long signedVariableLength() {
    long value = variableLength();
    return (value >>> 1) ^ -(value & 1);
  }

  UUID uuid() {
    need(16);
    long high = Long.reverseBytes(number(8));
    return new UUID(high, Long.reverseBytes(number(8)));
  }

  byte[] bytes(long length) {
    int count = need(length);
    byte[] bytes = Arrays.copyOfRange(array, position, position + count);
    position += count;
    return bytes;
  }

  String text(long length, Charset charset) {
    int count = need(length);
    String text = new String(array, position, count, charset);
    position += count;
    return text;
  }

  /** The text up to a zero byte, which is stepped over. */
  String zeroTerminated(Charset charset) {
    int at = position;
    while (at < end && array[at] != 0) {
      at++;
    }
    if (at == end) {
      throw failure("a text without its terminating zero");
    }
    String text = text(at - position, charset);
    position++;
    return text;
  }

  void skip(long count) {
    position += need(count);
  }

  /** Checks that {@code count} bytes remain, and returns it as an int. */
  int need(long count) {
    if (count < 0 || count > end - position) {
      throw failure(
          "expected " + Long.toUnsignedString(count) + " more bytes, found " + remaining());
    }
    return (int) count;
  }

  CanalException failure(String what) {
    return new CanalException(
        ErrorCode.STOP_INSTANCE, name + " event, byte " + (position - start) + ": " + what);
  }
}
