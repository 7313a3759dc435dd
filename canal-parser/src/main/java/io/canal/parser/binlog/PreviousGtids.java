package io.canal.parser.binlog;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.canal.protocol.GtidSet;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Locale;
import java.util.UUID;

/**
 * The binary form of a GTID set, as a PREVIOUS_GTIDS event holds it (all transactions of the files
 * before) and COM_BINLOG_DUMP_GTID takes it. Intervals are half open: the second number is one past
 * the last.
 *
 * <p>The first eight bytes count the UUIDs. Since 8.3 a set with tags says so there: the highest
 * and the lowest byte are 1 and the six between count pairs of UUID and tag.
 */
public final class PreviousGtids {
  private static final int INTERVAL_BYTES = 16;
  private static final int MAX_TAG_LENGTH = 32;

  private PreviousGtids() {}

  public static GtidSet decode(byte[] array, int offset, int length) {
    EventCursor cursor = new EventCursor("PREVIOUS_GTIDS", array, offset, length);
    long header = cursor.i8();
    boolean tagged = header >>> 56 == 1;
    long sources = tagged ? (header << 8) >>> 16 : header;
    // the smallest entry is a UUID and its number of intervals
    if (sources < 0 || sources > cursor.remaining() / 24) {
      throw cursor.failure("set of " + Long.toUnsignedString(sources) + " sources");
    }
    GtidSet set = new GtidSet();
    for (long i = 0; i < sources; i++) {
      UUID sid = cursor.uuid();
      String tag = tagged ? tag(cursor) : "";
      long intervals = cursor.i8();
      if (intervals < 0 || intervals > cursor.remaining() / INTERVAL_BYTES) {
        throw cursor.failure("set of " + Long.toUnsignedString(intervals) + " intervals");
      }
      for (long j = 0; j < intervals; j++) {
        long first = cursor.i8();
        long last = cursor.i8() - 1;
        if (first < 1 || last < first) {
          throw cursor.failure("interval from " + first + " to " + last);
        }
        set.add(sid, tag, first, last);
      }
    }
    return set;
  }

  private static String tag(EventCursor cursor) {
    long length = cursor.variableLength();
    if (length < 0 || length > MAX_TAG_LENGTH) {
      throw cursor.failure("tag of " + length + " characters, expected at most 32");
    }
    return cursor.text(length, US_ASCII).toLowerCase(Locale.ROOT);
  }

  /** Encodes a set, with tags only where it has some: older servers cannot read that form. */
  public static byte[] encode(GtidSet set) {
    boolean tagged = set.hasTags();
    List<GtidSet.Interval> intervals = set.toIntervals();
    int bytes = 8;
    int sources = 0;
    for (int i = 0; i < intervals.size(); i++) {
      if (beginsSource(intervals, i)) {
        sources++;
        bytes += 16 + 8 + (tagged ? 1 + intervals.get(i).tag().length() : 0);
      }
      bytes = Math.addExact(bytes, INTERVAL_BYTES);
    }
    ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    buffer.putLong(tagged ? (1L << 56) | ((long) sources << 8) | 1 : sources);
    int countAt = 0;
    for (int i = 0; i < intervals.size(); i++) {
      GtidSet.Interval interval = intervals.get(i);
      if (beginsSource(intervals, i)) {
        buffer.putLong(Long.reverseBytes(interval.sid().getMostSignificantBits()));
        buffer.putLong(Long.reverseBytes(interval.sid().getLeastSignificantBits()));
        if (tagged) {
          // 32 characters at most, so that the variable-length number is one byte
          buffer.put((byte) (interval.tag().length() << 1));
          buffer.put(interval.tag().getBytes(US_ASCII));
        }
        countAt = buffer.position();
        buffer.putLong(0);
      }
      buffer.putLong(countAt, buffer.getLong(countAt) + 1);
      buffer.putLong(interval.first());
      buffer.putLong(interval.last() + 1);
    }
    return buffer.array();
  }

  private static boolean beginsSource(List<GtidSet.Interval> intervals, int i) {
    return i == 0
        || !intervals.get(i).sid().equals(intervals.get(i - 1).sid())
        || !intervals.get(i).tag().equals(intervals.get(i - 1).tag());
  }
}
