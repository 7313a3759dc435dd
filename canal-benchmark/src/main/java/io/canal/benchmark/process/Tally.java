package io.canal.benchmark.process;

import java.util.Arrays;

/**
 * Counts what one consumer receives in one pass, and what its process uses meanwhile. Owned by the
 * thread that has the rows.
 */
final class Tally {
  private final long[] latencies;

  private Usage usage = Usage.start();
  private long startedMs = System.currentTimeMillis();
  private long endedMs;
  private int markersLeft;
  private int samples;
  private long inserts;
  private long updates;
  private long deletes;

  /** The source, or the server, is about to be asked for the segment. */
  Tally(Segment segment) {
    markersLeft = segment.hasPrelude() ? 2 : 1;
    latencies = new long[segment.isLatency() ? (int) segment.inserts() : 0];
  }

  void insert(long rows) {
    inserts += rows;
  }

  void update(long rows) {
    updates += rows;
  }

  void delete(long rows) {
    deletes += rows;
  }

  /** A row of the latency table came that was stamped at that time; true with the last one. */
  boolean sample(long stampMicros) {
    latencies[samples++] = Clocks.nowMicros() - stampMicros;
    inserts++;
    return samples == latencies.length && end();
  }

  /** A row of the marker table came; true if it ends the segment, else counting begins again. */
  boolean mark() {
    if (--markersLeft == 0) {
      return end();
    }
    usage = Usage.start();
    startedMs = System.currentTimeMillis();
    inserts = 0;
    updates = 0;
    deletes = 0;
    return false;
  }

  /** The segment has ended, which a runner that does not decode sees by itself; true. */
  boolean end() {
    endedMs = System.currentTimeMillis();
    return true;
  }

  boolean hasEnded() {
    return endedMs != 0;
  }

  /** What was counted, and what the process has used until now. */
  Pass pass() {
    // the first third warms up
    long[] counted = Arrays.copyOfRange(latencies, samples / 3, samples);
    Arrays.sort(counted);
    return new Pass(
        startedMs,
        endedMs,
        inserts,
        updates,
        deletes,
        usage.cpuSeconds(),
        usage.allocatedBytes(),
        Pass.Latencies.of(counted));
  }
}
