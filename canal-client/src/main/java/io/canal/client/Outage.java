package io.canal.client;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Counts the failed attempts between two successes and says which of them are worth a line in the
 * log: the first, and one a minute. Owned by one thread.
 */
final class Outage {
  private static final long PAUSE_NANOS = TimeUnit.MINUTES.toNanos(1);

  private final LongSupplier nanoClock;
  private int failures;
  private long lastLineNanos;

  /**
   * @param nanoClock as {@link System#nanoTime}
   */
  Outage(LongSupplier nanoClock) {
    this.nanoClock = nanoClock;
  }

  /** Counts a failure; true if it is to be logged. */
  boolean failed() {
    failures++;
    long now = nanoClock.getAsLong();
    if (failures > 1 && now - lastLineNanos < PAUSE_NANOS) {
      return false;
    }
    lastLineNanos = now;
    return true;
  }

  /** Ends the outage; how many attempts failed in it, 0 if there was none. */
  int over() {
    int count = failures;
    failures = 0;
    return count;
  }
}
