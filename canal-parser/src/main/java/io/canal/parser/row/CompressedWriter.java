package io.canal.parser.row;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.WriteBuffer;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * A COMPRESSED column of MariaDB: a byte that is zero where the value follows as it is; else the
 * method in its high half (8 is zlib), in its low half whether zlib's own header is missing and how
 * many bytes give the length, big-endian, before the compressed value.
 */
final class CompressedWriter extends ValueWriter {
  private static final int ZLIB = 8;
  private static final int RAW = 0x08;
  private static final int LENGTH_BYTES = 0x07;
  private static final int MAX_RATIO = 1032; // deflate's best

  private final ValueWriter writer;

  CompressedWriter(ValueWriter writer) {
    super(writer.sqlType());
    this.writer = writer;
  }

  @Override
  public void write(byte[] array, int offset, int length, WriteBuffer out) {
    if (length == 0) {
      writer.write(array, offset, 0, out);
      return;
    }
    int header = array[offset] & 0xFF;
    if (header == 0) {
      writer.write(array, offset + 1, length - 1, out);
      return;
    }
    int lengthBytes = header & LENGTH_BYTES;
    int bodyOffset = offset + 1 + lengthBytes;
    int bodyLength = length - 1 - lengthBytes;
    if (header >>> 4 != ZLIB || lengthBytes < 1 || lengthBytes > 4 || bodyLength < 1) {
      throw broken("a header of zlib", "header " + header + " of " + length + " bytes");
    }
    long expected = BigEndian.unsigned(array, offset + 1, lengthBytes);
    if (expected > (long) bodyLength * MAX_RATIO) {
      throw broken("at most " + MAX_RATIO + " times " + bodyLength + " bytes", expected + " bytes");
    }
    byte[] value = inflate(array, bodyOffset, bodyLength, (header & RAW) != 0, (int) expected);
    writer.write(value, 0, value.length, out);
  }

  private static byte[] inflate(byte[] array, int offset, int length, boolean raw, int expected) {
    Inflater inflater = new Inflater(raw);
    try {
      inflater.setInput(array, offset, length);
      byte[] value = new byte[expected];
      int found = 0;
      while (found < expected) {
        int more = inflater.inflate(value, found, expected - found);
        if (more == 0) {
          throw broken(expected + " bytes", "" + found);
        }
        found += more;
      }
      return value;
    } catch (DataFormatException e) {
      throw new CanalException(
          ErrorCode.STOP_INSTANCE, "COMPRESSED column: expected zlib, found " + e.getMessage(), e);
    } finally {
      inflater.end();
    }
  }

  private static CanalException broken(String expected, String found) {
    return new CanalException(
        ErrorCode.STOP_INSTANCE, "COMPRESSED column: expected " + expected + ", found " + found);
  }
}
