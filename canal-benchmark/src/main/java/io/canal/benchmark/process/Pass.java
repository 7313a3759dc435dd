package io.canal.benchmark.process;

import java.util.List;
import java.util.Locale;

/**
 * What one process measured of one pass over a segment. Times are milliseconds since the epoch, so
 * that those of two processes of one machine can be compared.
 *
 * @param startedMs when the source was about to be asked for its log, or the server served
 * @param endedMs when the segment's end had come; 0 for a server, which does not see it
 * @param inserts rows of all consumers of the process; 0 where rows are not decoded
 * @param cpuSeconds from {@code startedMs} to the end
 * @param allocatedBytes in the same time
 */
public record Pass(
    long startedMs,
    long endedMs,
    long inserts,
    long updates,
    long deletes,
    double cpuSeconds,
    long allocatedBytes,
    Latencies latencies) {
  /** What a line begins with that holds a pass; JSON follows. */
  public static final String PREFIX = "PASS ";

  /** Microseconds from just before the statement is sent to the row in the consumer's hands. */
  public record Latencies(int count, long p50, long p99, long p999, long max) {
    public static final Latencies NONE = new Latencies(0, 0, 0, 0, 0);

    /** Of samples in rising order. */
    static Latencies of(long[] sorted) {
      return sorted.length == 0
          ? NONE
          : new Latencies(
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

  /**
   * Of several consumers in one process, which has used that much: from the first start to the last
   * end.
   */
  static Pass sum(Usage usage, List<Pass> consumers) {
    return new Pass(
        consumers.stream().mapToLong(Pass::startedMs).min().orElseThrow(),
        consumers.stream().mapToLong(Pass::endedMs).max().orElseThrow(),
        consumers.stream().mapToLong(Pass::inserts).sum(),
        consumers.stream().mapToLong(Pass::updates).sum(),
        consumers.stream().mapToLong(Pass::deletes).sum(),
        usage.cpuSeconds(),
        usage.allocatedBytes(),
        consumers.get(0).latencies());
  }

  public long rows() {
    return inserts + updates + deletes;
  }

  /** Written by hand, because Alibaba Canal's class path has no library of ours. */
  String toLine() {
    return String.format(
        Locale.ROOT,
        "%s{\"startedMs\":%d,\"endedMs\":%d,\"inserts\":%d,\"updates\":%d,\"deletes\":%d,"
            + "\"cpuSeconds\":%.6f,\"allocatedBytes\":%d,"
            + "\"latencies\":{\"count\":%d,\"p50\":%d,\"p99\":%d,\"p999\":%d,\"max\":%d}}",
        PREFIX,
        startedMs,
        endedMs,
        inserts,
        updates,
        deletes,
        cpuSeconds,
        allocatedBytes,
        latencies.count,
        latencies.p50,
        latencies.p99,
        latencies.p999,
        latencies.max);
  }
}
