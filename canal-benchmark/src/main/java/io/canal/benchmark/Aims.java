package io.canal.benchmark;

import io.canal.benchmark.process.Segment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** What we want to reach, each as a number with a bound, and whether it is reached. */
final class Aims {
  private static final ToDoubleFunction<Result> SPEED = Result::rowsPerSecond;

  private final Results results;
  private final List<String> lines = new ArrayList<>();

  private Aims(Results results) {
    this.results = results;
  }

  /** As a table. Ratios are those within a round. */
  static String table(Results results) {
    Aims aims = new Aims(results);
    aims.speeds();
    aims.costs();
    aims.latencies();
    aims.growth();
    return "| | aim | measured | |\n|---|---|---|---|\n" + String.join("\n", aims.lines) + "\n";
  }

  private void speeds() {
    faster("a: in process", "a", Setup.IN_PROCESS, 1.0, Setup.CONNECTOR);
    faster("a: over TCP, operation and key", "a", Setup.TCP_KEYS, 0.75, Setup.CONNECTOR);
    faster("a: the same", "a", Setup.TCP_KEYS, 6, Setup.ALIBABA);
    faster("a: over TCP, every value", "a", Setup.TCP_VALUES, 0.5, Setup.CONNECTOR);
    faster("a: Alibaba's client at our server", "a", Setup.CANAL_CLIENT_OURS, 3, Setup.ALIBABA);
    faster("b: over TCP, every value", "b", Setup.TCP_VALUES, 1.0, Setup.CONNECTOR_DECODING);
    faster("b: Alibaba's client at our server", "b", Setup.CANAL_CLIENT_OURS, 3, Setup.ALIBABA);
    faster("c: over TCP, operation and key", "c", Setup.TCP_KEYS, 0.6, Setup.CONNECTOR);
    faster("d: over TCP, operation and key", "d", Setup.TCP_KEYS, 0.3, Setup.CONNECTOR);
  }

  private void faster(String what, String segment, String setup, double times, String other) {
    Spread ratio = results.ratio(segment, setup, other, SPEED);
    atLeast(what, times, ratio, "%.2f", " × " + other);
  }

  private void costs() {
    atMost(
        "CPU of the server, a",
        1.4,
        results.warm("a", Setup.TCP_KEYS, Result::serverCpuPerMillion),
        "%.2f",
        " s per million rows");
    for (String segment : List.of("a", "b", "c", "d")) {
      atMost(
          "allocation on the server, " + segment,
          100,
          results.warm(segment, Setup.TCP_KEYS, Result::serverBytesPerRow),
          "%.0f",
          " bytes per row");
    }
    atMost(
        "8 consumers of the same filter, a",
        2.5,
        results.ratio("a", Setup.FAN_OUT, Setup.TCP_KEYS, Result::serverCpuPerMillion),
        "%.2f",
        " × the server's CPU of one");
    atMost(
        "memory: all segments, 8 consumers, one of them stopped",
        1024,
        Spread.of(
            results.where(result -> result.setup().equals(Setup.MEMORY.name())).stream()
                .map(result -> result.server().peakRssMib())
                .max(Double::compare)
                .stream()
                .toList()),
        "%.0f",
        " MiB resident");
  }

  private void latencies() {
    String latency = Segment.LATENCY;
    atMost(
        "latency p50, our client",
        2,
        results.ratio(latency, Setup.TCP_KEYS, Setup.CONNECTOR, result -> result.latencies().p50()),
        "%.2f",
        " × connector");
    atMost(
        "latency p99, our client",
        2,
        results.ratio(latency, Setup.TCP_KEYS, Setup.CONNECTOR, result -> result.latencies().p99()),
        "%.2f",
        " × connector");
    atMost(
        "latency p99.9, our client",
        10,
        results.warm(latency, Setup.TCP_KEYS, result -> result.latencies().p999() / 1000.0),
        "%.2f",
        " ms");
    for (String setup : List.of(Setup.CANAL_CLIENT_OURS, Setup.CANAL_CLIENT_OURS_100)) {
      atMost(
          "latency p50, " + setup,
          1,
          results.warm(latency, setup, result -> result.latencies().p50() / 1000.0),
          "%.2f",
          " ms");
    }
  }

  private void growth() {
    String many = Setup.destinationsName(Setup.MANY_DESTINATIONS);
    atMost(
        Setup.MANY_DESTINATIONS + " idle destinations: CPU",
        2,
        results.warm(
            Setup.IDLE, many, result -> 100 * result.server().cpuSeconds() / result.seconds()),
        "%.1f",
        " % of a core");
    double one =
        results
            .warm(Setup.IDLE, Setup.destinationsName(1), result -> result.server().peakRssMib())
            .median();
    atMost(
        Setup.MANY_DESTINATIONS + " idle destinations: memory",
        300,
        results.warm(Setup.IDLE, many, result -> result.server().peakRssMib() - one),
        "%.0f",
        " MiB more than one");
    atMost(
        "64 consumers of the same filter",
        64,
        results.ratio("e", Setup.CONSUMERS, Setup.TCP_KEYS, Result::serverCpuPerMillion),
        "%.1f",
        " × the server's CPU of one");
    atMost(
        "many tables, in process",
        1.1,
        Results.ratio(
            results.warm("g", Setup.IN_PROCESS),
            results.warm("f", Setup.IN_PROCESS),
            Result::cpuPerMillion),
        "%.2f",
        " × the CPU per row of one table");
  }

  private void atLeast(String what, double bound, Spread measured, String format, String unit) {
    line(what, "≥ " + trim(bound) + unit, measured.text(format), measured.median() >= bound);
  }

  private void atMost(String what, double bound, Spread measured, String format, String unit) {
    line(what, "≤ " + trim(bound) + unit, measured.text(format), measured.median() <= bound);
  }

  private void line(String what, String aim, String measured, boolean isReached) {
    String verdict = measured.equals("–") ? "not measured" : isReached ? "yes" : "**missed**";
    lines.add("| %s | %s | %s | %s |".formatted(what, aim, measured, verdict));
  }

  private static String trim(double bound) {
    return bound == Math.rint(bound) ? Long.toString((long) bound) : Double.toString(bound);
  }
}
