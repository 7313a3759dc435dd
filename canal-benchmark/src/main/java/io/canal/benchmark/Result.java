package io.canal.benchmark;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.canal.benchmark.process.Pass;
import io.canal.benchmark.process.Segment;
import java.util.Locale;

/**
 * What one setup did in one pass of one round, as it goes to the file of results.
 *
 * @param rows of the segment, by the count of who generated it; each consumer has them all
 * @param seconds from the source being asked for its log to the segment's end in the (last)
 *     consumer's hands
 * @param server what a server in a process of its own used; {@link Used#NONE} without one
 * @param consumer what the process used that had the rows in the end
 * @param othersCpuSeconds what the rest of the machine did meanwhile
 */
record Result(
    int round,
    String segment,
    String setup,
    int pass,
    Counts counts,
    long rows,
    long bytes,
    double seconds,
    Used server,
    Used consumer,
    Pass.Latencies latencies,
    double sourceCpuSeconds,
    double othersCpuSeconds) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Whether the rows were those that were generated, by kind. */
  enum Counts {
    RIGHT,
    WRONG,
    /** The setup decodes nothing. */
    UNKNOWN;

    static Counts of(Segment segment, int readers, Pass pass) {
      if (pass.rows() == 0) {
        return UNKNOWN;
      }
      return pass.inserts() == readers * segment.inserts()
              && pass.updates() == readers * segment.updates()
              && pass.deletes() == readers * segment.deletes()
          ? RIGHT
          : WRONG;
    }
  }

  /** By one process in one pass; the resident memory is its peak so far. */
  record Used(double cpuSeconds, long allocatedBytes, double peakRssMib) {
    static final Used NONE = new Used(0, 0, 0);

    static Used of(Pass pass, long pid) {
      return new Used(pass.cpuSeconds(), pass.allocatedBytes(), Proc.peakResidentMib(pid));
    }
  }

  boolean hasServer() {
    return !server.equals(Used.NONE);
  }

  double rowsPerSecond() {
    return rows / seconds;
  }

  double serverCpuPerMillion() {
    return server.cpuSeconds() * 1e6 / rows;
  }

  double cpuPerMillion() {
    return (server.cpuSeconds() + consumer.cpuSeconds()) * 1e6 / rows;
  }

  double serverBytesPerRow() {
    return (double) server.allocatedBytes() / rows;
  }

  /** For a person who watches. */
  String summary() {
    String what =
        latencies.count() > 0
            ? String.format(
                Locale.ROOT,
                "p50 %,d µs, p99 %,d µs, p99.9 %,d µs",
                latencies.p50(),
                latencies.p99(),
                latencies.p999())
            : rows == 0
                ? String.format(
                    Locale.ROOT,
                    "%.1f %% of a core, %.0f MiB resident",
                    100 * server.cpuSeconds() / seconds,
                    server.peakRssMib())
                : String.format(
                    Locale.ROOT,
                    "%,.0f rows/s, CPU s per million rows: server %.2f, consumer %.2f",
                    rowsPerSecond(),
                    serverCpuPerMillion(),
                    consumer.cpuSeconds() * 1e6 / rows);
    return String.format(
        Locale.ROOT,
        "%d %s %s, pass %d: %s (others %.1f s)%s",
        round,
        segment,
        setup,
        pass,
        what,
        othersCpuSeconds,
        counts == Counts.WRONG ? ", WRONG COUNTS" : "");
  }

  /** One line of JSON. */
  String toJson() {
    try {
      return JSON.writeValueAsString(this);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  static Result parse(String json) {
    try {
      return JSON.readValue(json, Result.class);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("'" + json + "' is no result", e);
    }
  }
}
