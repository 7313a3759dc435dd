package io.canal.benchmark;

import static java.util.Objects.requireNonNull;

import io.canal.benchmark.process.Segment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** The results as Markdown: medians over the rounds, with their range in parentheses. */
final class Report {
  private static final String BEGIN = "<!-- results: begin, written by bin/benchmark.sh -->";
  private static final String END = "<!-- results: end -->";

  private final Results results;

  Report(Results results) {
    this.results = requireNonNull(results, "results is null");
  }

  /**
   * @param facts what holds for the whole run, a sentence each
   * @param failures what could not be measured, and why
   */
  String text(List<String> facts, List<Segment> segments, List<String> failures) {
    StringBuilder text = new StringBuilder();
    facts.forEach(fact -> text.append("- ").append(fact).append('\n'));
    failures.forEach(failure -> text.append("- **Failed:** ").append(failure).append('\n'));
    text.append("\n### Against what we aim at\n\n").append(Aims.table(results));
    segments.stream()
        .filter(segment -> !results.setups(segment.name()).isEmpty())
        .forEach(segment -> drains(segment, text));
    if (!results.setups(Segment.LATENCY).isEmpty()) {
      latencies(text);
    }
    if (!results.setups(Setup.IDLE).isEmpty()) {
      idle(text);
    }
    return text.toString();
  }

  /** Replaces what stands between the marks in that document. */
  static void publish(String text, Path document) throws IOException {
    String old = Files.readString(document);
    int begin = old.indexOf(BEGIN);
    int end = old.indexOf(END);
    if (begin < 0 || end < begin) {
      throw new IOException(document + " lacks the lines '" + BEGIN + "' and '" + END + "'");
    }
    Files.writeString(document, old.substring(0, begin) + BEGIN + "\n" + text + old.substring(end));
  }

  private void drains(Segment segment, StringBuilder text) {
    text.append(
        "%n### Segment %s: %s%n%n%,d rows (%,d inserts, %,d updates, %,d deletes) in %,d transactions, %.1f MB of binary log%n%n"
            .formatted(
                segment.name(),
                segment.title(),
                segment.rows(),
                segment.inserts(),
                segment.updates(),
                segment.deletes(),
                segment.transactions(),
                segment.bytes() / 1e6));
    header(
        text,
        "runner",
        "rows/s, warm",
        "rows/s, cold",
        "MB/s",
        "× connector",
        "× alibaba-canal",
        "CPU s per million rows: server",
        "consumer",
        "bytes allocated per row: server",
        "consumer",
        "peak RSS MiB: server",
        "consumer",
        "others' CPU s",
        "counts right");
    for (String setup : results.setups(segment.name())) {
      Row row = new Row(segment.name(), setup);
      boolean served = results.of(segment.name(), setup).get(0).hasServer();
      text.append("| ").append(setup);
      row.warm(text, "%,.0f", Result::rowsPerSecond);
      cell(text, results.cold(segment.name(), setup, Result::rowsPerSecond).text("%,.0f"));
      row.warm(text, "%.1f", result -> result.bytes() / 1e6 / result.seconds());
      row.ratio(text, Setup.CONNECTOR);
      row.ratio(text, Setup.ALIBABA);
      row.warm(served, text, "%.2f", Result::serverCpuPerMillion);
      row.warm(text, "%.2f", result -> result.consumer().cpuSeconds() * 1e6 / result.rows());
      row.warm(served, text, "%,.0f", Result::serverBytesPerRow);
      row.warm(
          text, "%,.0f", result -> (double) result.consumer().allocatedBytes() / result.rows());
      row.warm(served, text, "%.0f", result -> result.server().peakRssMib());
      row.warm(text, "%.0f", result -> result.consumer().peakRssMib());
      row.warm(text, "%.1f", Result::othersCpuSeconds);
      cell(text, counts(results.of(segment.name(), setup)));
      text.append(" |\n");
    }
  }

  private void latencies(StringBuilder text) {
    text.append(
        "\n### Latency at 1,000 transactions of one row a second: from just before the INSERT is sent to the row in the consumer's hands\n\n");
    header(text, "runner", "p50 µs", "p99 µs", "p99.9 µs", "max µs", "CPU s", "others' CPU s");
    for (String setup : results.setups(Segment.LATENCY)) {
      Row row = new Row(Segment.LATENCY, setup);
      text.append("| ").append(setup);
      row.warm(text, "%,.0f", result -> result.latencies().p50());
      row.warm(text, "%,.0f", result -> result.latencies().p99());
      row.warm(text, "%,.0f", result -> result.latencies().p999());
      row.warm(text, "%,.0f", result -> result.latencies().max());
      row.warm(
          text, "%.1f", result -> result.server().cpuSeconds() + result.consumer().cpuSeconds());
      row.warm(text, "%.1f", Result::othersCpuSeconds);
      text.append(" |\n");
    }
  }

  private void idle(StringBuilder text) {
    text.append("\n### Idle destinations of one server\n\n");
    header(text, "destinations", "CPU, % of a core", "RSS MiB", "others' CPU s");
    for (String setup : results.setups(Setup.IDLE)) {
      Row row = new Row(Setup.IDLE, setup);
      text.append("| ").append(setup);
      row.warm(text, "%.2f", result -> 100 * result.server().cpuSeconds() / result.seconds());
      row.warm(text, "%.0f", result -> result.server().peakRssMib());
      row.warm(text, "%.1f", Result::othersCpuSeconds);
      text.append(" |\n");
    }
  }

  /** The cells of one setup on one segment. */
  private final class Row {
    private final String segment;
    private final String setup;

    Row(String segment, String setup) {
      this.segment = segment;
      this.setup = setup;
    }

    void warm(StringBuilder text, String format, ToDoubleFunction<Result> value) {
      warm(true, text, format, value);
    }

    void warm(boolean applies, StringBuilder text, String format, ToDoubleFunction<Result> value) {
      cell(text, applies ? results.warm(segment, setup, value).text(format) : "–");
    }

    void ratio(StringBuilder text, String other) {
      cell(text, results.ratio(segment, setup, other, Result::rowsPerSecond).text("%.2f"));
    }
  }

  private static String counts(List<Result> passes) {
    if (passes.stream().anyMatch(pass -> pass.counts() == Result.Counts.WRONG)) {
      return "**NO**";
    }
    return passes.stream().allMatch(pass -> pass.counts() == Result.Counts.RIGHT) ? "yes" : "–";
  }

  private static void cell(StringBuilder text, String content) {
    text.append(" | ").append(content);
  }

  private static void header(StringBuilder text, String... columns) {
    text.append("| ").append(String.join(" | ", columns)).append(" |\n");
    text.append("|---".repeat(columns.length)).append("|\n");
  }
}
