package io.canal.parser.binlog;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * What MariaDB compresses in its events ({@code log_bin_compress}): a byte with the algorithm (bits
 * 4 to 6, 0 is zlib) and how many bytes of length follow, that length in big-endian order, a zlib
 * stream. Pure, apart from the inflater that it reuses; owned by one thread.
 */
public final class MariadbZlib implements AutoCloseable {
  private static final long MAX_BYTES = 1L << 30; // the largest max_allowed_packet

  private final String name;
  private final Inflater inflater = new Inflater();

  /**
   * @param name of the events, for messages
   */
  public MariadbZlib(String name) {
    this.name = name;
  }

  /** Bytes of what {@code from} to {@code to} hold, once inflated. */
  public int inflatedLength(byte[] array, int from, int to) {
    int lengthBytes = lengthBytes(array, from, to);
    long length = 0;
    for (int i = 1; i <= lengthBytes; i++) {
      length = (length << 8) | (array[from + i] & 0xFF);
    }
    int compressed = to - from - 1 - lengthBytes;
    // deflate cannot do better than 1032 to 1
    if (length > Math.min(compressed * 1032L + 64, MAX_BYTES)) {
      throw failure(length + " bytes, compressed to " + compressed + " bytes");
    }
    return (int) length;
  }

  /** Inflates to {@code target}, which has room for {@link #inflatedLength} bytes from there. */
  public void inflate(byte[] array, int from, int to, byte[] target, int offset) {
    int length = inflatedLength(array, from, to);
    int at = from + 1 + lengthBytes(array, from, to);
    inflater.reset();
    inflater.setInput(array, at, to - at);
    try {
      int filled = 0;
      while (filled < length) {
        int count = inflater.inflate(target, offset + filled, length - filled);
        if (count == 0) {
          throw failure("it ends after %d of %d bytes".formatted(filled, length));
        }
        filled += count;
      }
    } catch (DataFormatException e) {
      throw failure(String.valueOf(e.getMessage()));
    }
  }

  /** Gives back the inflater's memory; without it, the garbage collector does. */
  @Override
  public void close() {
    inflater.end();
  }

  private int lengthBytes(byte[] array, int from, int to) {
    int head = from < to ? array[from] & 0xFF : 0;
    int lengthBytes = head & 0x07;
    if ((head & 0xF0) != 0x80 || lengthBytes < 1 || lengthBytes > 4 || lengthBytes >= to - from) {
      throw failure("header " + head + ", expected 129 to 132 (zlib)");
    }
    return lengthBytes;
  }

  private CanalException failure(String found) {
    return new CanalException(ErrorCode.STOP_INSTANCE, name + " event, compressed part: " + found);
  }
}
