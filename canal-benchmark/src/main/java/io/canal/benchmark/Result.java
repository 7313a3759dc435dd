package io.canal.benchmark;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;

/**
 * What one runner did in one pass of one round, as it goes to the file of results.
 *
 * @param exact whether the rows are those that were generated; absent where they are not decoded
 * @param seconds from the source being asked for its log to the segment's end in the consumer's
 *     hands
 * @param server what a server in a process of its own used; absent without one
 * @param consumer what the process used that had the rows in the end
 */
record Result(
    int round,
    String segment,
    String runner,
    int pass,
    Optional<Boolean> exact,
    long rows,
    long bytes,
    double seconds,
    Optional<Used> server,
    Used consumer,
    Pass.Latencies latencies) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** By one process in one pass; the resident memory is its peak so far. */
  record Used(double cpuSeconds, long allocatedBytes, double peakRssMib) {
    static Used of(Pass pass) {
      return new Used(pass.cpuSeconds(), pass.allocatedBytes(), pass.peakRssMib());
    }
  }

  static Result of(
      int round, Segment segment, String runner, int number, Optional<Pass> server, Pass consumer) {
    boolean counts = segment.rows() > 0 && consumer.rows() > 0;
    return new Result(
        round,
        segment.name(),
        runner,
        number,
        counts
            ? Optional.of(
                consumer.inserts() == segment.inserts()
                    && consumer.updates() == segment.updates()
                    && consumer.deletes() == segment.deletes())
            : Optional.empty(),
        segment.rows(),
        segment.bytes(),
        (consumer.endedMs() - server.orElse(consumer).startedMs()) / 1000.0,
        server.map(Used::of),
        Used.of(consumer),
        consumer.latencies());
  }

  double rowsPerSecond() {
    return rows / seconds;
  }

  double cpuSeconds() {
    return server.map(Used::cpuSeconds).orElse(0.0) + consumer.cpuSeconds();
  }

  /** One line of JSON; what is absent is left out. */
  String toJson() {
    ObjectNode json = JSON.createObjectNode();
    json.put("round", round).put("segment", segment).put("runner", runner).put("pass", pass);
    exact.ifPresent(value -> json.put("exact", value));
    json.put("rows", rows).put("bytes", bytes).put("seconds", seconds);
    server.ifPresent(used -> json.set("server", JSON.valueToTree(used)));
    json.set("consumer", JSON.valueToTree(consumer));
    if (latencies.count() > 0) {
      json.set("latencyMicros", JSON.valueToTree(latencies));
    }
    return json.toString();
  }
}
