package io.canal.parser.row;

import java.time.Instant;
import java.time.ZoneId;
import java.time.zone.ZoneOffsetTransition;
import java.time.zone.ZoneRules;
import java.util.Arrays;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The offsets of a time zone over the range of TIMESTAMP (1970 to 2106), laid out for a search
 * without garbage. Immutable, for all threads.
 */
final class ZoneOffsets {
  private static final ConcurrentHashMap<ZoneId, ZoneOffsets> BY_ZONE = new ConcurrentHashMap<>();
  private static final Instant LAST = Instant.ofEpochSecond(0xFFFF_FFFFL);
  private static final int SPAN_BITS = 22; // 48 days

  /** The seconds at which an offset begins; the first counts from ever. */
  private final long[] begins;

  private final int[] offsets;

  /** Which offset holds at the begin of each span of 2^22 seconds, where the search begins. */
  private final short[] atSpan = new short[1 << (Integer.SIZE - SPAN_BITS)];

  private ZoneOffsets(ZoneRules rules) {
    long[] seconds = new long[16];
    int[] values = new int[16];
    int count = 1;
    seconds[0] = Long.MIN_VALUE;
    values[0] = rules.getOffset(Instant.EPOCH).getTotalSeconds();
    ZoneOffsetTransition transition = rules.nextTransition(Instant.EPOCH);
    while (transition != null && !transition.getInstant().isAfter(LAST)) {
      if (count == seconds.length) {
        seconds = Arrays.copyOf(seconds, count * 2);
        values = Arrays.copyOf(values, count * 2);
      }
      seconds[count] = transition.toEpochSecond();
      values[count] = transition.getOffsetAfter().getTotalSeconds();
      count++;
      transition = rules.nextTransition(transition.getInstant());
    }
    begins = Arrays.copyOf(seconds, count);
    offsets = Arrays.copyOf(values, count);
    int at = 0;
    for (int span = 0; span < atSpan.length; span++) {
      while (at + 1 < count && begins[at + 1] <= (long) span << SPAN_BITS) {
        at++;
      }
      atSpan[span] = (short) at;
    }
  }

  static ZoneOffsets of(ZoneId zone) {
    return BY_ZONE.computeIfAbsent(zone, id -> new ZoneOffsets(id.getRules()));
  }

  /** The offset at a second from 0 to 2^32 − 1. */
  int offsetSeconds(long epochSecond) {
    int at = atSpan[(int) (epochSecond >>> SPAN_BITS)];
    while (at + 1 < begins.length && begins[at + 1] <= epochSecond) {
      at++;
    }
    return offsets[at];
  }
}
