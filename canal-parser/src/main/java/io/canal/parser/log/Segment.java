package io.canal.parser.log;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * A stretch of the log in one byte array. The log holds one pin while it retains the segment and
 * each reader one on the segment it stands in; the last to let go gives the array back for reuse.
 */
final class Segment {
  final long base;
  final byte[] data;

  // owned by the writer; readers see them through the log's published position
  int limit;
  Segment next;

  private final AtomicInteger pins = new AtomicInteger(1);

  Segment(long base, byte[] data) {
    this.base = base;
    this.data = data;
  }

  long end() {
    return base + limit;
  }

  /** Takes a pin; false where the array is already given back. */
  boolean pin() {
    int count = pins.get();
    while (count > 0) {
      if (pins.compareAndSet(count, count + 1)) {
        return true;
      }
      count = pins.get();
    }
    return false;
  }

  /** Lets go of a pin; true for the last one, whose owner gives the array back. */
  boolean unpin() {
    return pins.decrementAndGet() == 0;
  }
}
