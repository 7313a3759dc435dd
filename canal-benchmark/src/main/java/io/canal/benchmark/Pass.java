package io.canal.benchmark;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;

/**
 * What one process measured of one pass over a segment; printed as one line of JSON behind {@value
 * #PREFIX}. Times are milliseconds since the epoch, so that those of two processes of one machine
 * can be compared.
 *
 * @param startedMs when the source was asked for its log; 0 for a process that does not ask
 * @param endedMs when the segment's end had come; 0 for a process that does not see it
 * @param rows 0 where rows are not decoded
 */
record Pass(
    long startedMs,
    long endedMs,
    long rows,
    long inserts,
    long updates,
    long deletes,
    double cpuSeconds,
    long allocatedBytes,
    double peakRssMib,
    Latencies latencies) {
  static final String PREFIX = "PASS ";
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Microseconds from just before the statement is sent to the row in the consumer's hands. */
  record Latencies(int count, long p50, long p99, long p999, long max) {
    static final Latencies NONE = new Latencies(0, 0, 0, 0, 0);

    /** Of samples in rising order. */
    static Latencies of(long[] sorted) {
      return new Latencies(
          sorted.length,
          at(sorted, 0.5),
          at(sorted, 0.99),
          at(sorted, 0.999),
          sorted[sorted.length - 1]);
    }

    private static long at(long[] sorted, double quantile) {
      return sorted[(int) Math.min(sorted.length - 1L, (long) (sorted.length * quantile))];
    }
  }

  void print() {
    try {
      System.out.println(PREFIX + JSON.writeValueAsString(this));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  static Pass parse(String line) {
    try {
      return JSON.readValue(line.substring(PREFIX.length()), Pass.class);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("'" + line + "' is no pass", e);
    }
  }
}
