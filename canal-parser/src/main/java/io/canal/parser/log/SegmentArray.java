package io.canal.parser.log;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * The bytes of a segment while they are in memory. The log holds one pin while it keeps them, and
 * each thread that reads them one for as long as it reads; the last to let go gives the array back
 * for reuse.
 */
final class SegmentArray {
  final Segment segment;
  final byte[] bytes;

  private final AtomicInteger pins = new AtomicInteger(1);

  /** With the one pin of its maker. */
  SegmentArray(Segment segment, byte[] bytes) {
    this.segment = segment;
    this.bytes = bytes;
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
