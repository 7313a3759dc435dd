package io.canal.client;

/** Pauses between attempts: 100 ms, doubled each time up to 10 s. Owned by one thread. */
final class Backoff {
  static final long FIRST_MS = 100;
  static final long LAST_MS = 10_000;

  private long nextMs = FIRST_MS;

  /** Milliseconds to pause before the next attempt. */
  long next() {
    long pauseMs = nextMs;
    nextMs = Math.min(LAST_MS, nextMs * 2);
    return pauseMs;
  }

  /** An attempt succeeded. */
  void reset() {
    nextMs = FIRST_MS;
  }
}
