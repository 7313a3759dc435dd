package io.canal.benchmark;

import java.util.Arrays;

/** Counts what a consumer receives in one pass. Owned by the consumer's thread. */
final class Tally {
  private final Usage usage = Usage.start();
  private final long[] latencies;

  private int samples;
  private long startedMs;
  private long inserts;
  private long updates;
  private long deletes;

  /** Keeps up to that many latencies. */
  Tally(int maxLatencies) {
    latencies = new long[maxLatencies];
  }

  /** The source is about to be asked for its log. */
  void started() {
    startedMs = System.currentTimeMillis();
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
    return samples == latencies.length;
  }

  /** The end of the segment has come. */
  Pass ended() {
    long endedMs = System.currentTimeMillis();
    // the first seconds warm up
    long[] counted = Arrays.copyOfRange(latencies, samples / 3, samples);
    Arrays.sort(counted);
    return new Pass(
        startedMs,
        endedMs,
        inserts + updates + deletes,
        inserts,
        updates,
        deletes,
        usage.cpuSeconds(),
        usage.allocatedBytes(),
        Usage.peakRssMib(),
        counted.length == 0 ? Pass.Latencies.NONE : Pass.Latencies.of(counted));
  }
}
