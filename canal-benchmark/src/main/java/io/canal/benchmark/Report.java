package io.canal.benchmark;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;

/** Tables in Markdown: medians over the rounds, with the range in parentheses. */
final class Report {
  private static final String CONNECTOR = "connector";

  private final List<Result> results;

  Report(List<Result> results) {
    this.results = List.copyOf(results);
  }

  String drains(Segment segment) {
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "### Segment %s: %s%n%n%,d rows (%,d inserts, %,d updates, %,d deletes) in %,d transactions, %.1f MB of binary log%n%n",
            segment.name(),
            segment.title(),
            segment.rows(),
            segment.inserts(),
            segment.updates(),
            segment.deletes(),
            segment.transactions(),
            segment.bytes() / 1e6));
    text.append(
        "| runner | rows/s, warm | rows/s, cold | MB/s | of the connector | CPU s per million rows: server | consumer | bytes allocated per row: server | consumer | peak RSS MiB: server | consumer | counts right |\n");
    text.append("|---|---|---|---|---|---|---|---|---|---|---|---|\n");
    for (String runner : runners(segment.name())) {
      List<Result> warm = warm(segment.name(), runner);
      List<Result> cold = of(segment.name(), runner, result -> result.pass() == 1);
      text.append("| ").append(runner);
      cell(text, "%,.0f", warm, Result::rowsPerSecond);
      cell(text, "%,.0f", cold, Result::rowsPerSecond);
      cell(text, "%.1f", warm, result -> result.bytes() / 1e6 / result.seconds());
      cell(text, "%.2f", warm, this::ofConnector);
      cell(text, "%.2f", withServer(warm), result -> perMillion(result, result.server().get()));
      cell(text, "%.2f", warm, result -> perMillion(result, result.consumer()));
      cell(
          text,
          "%,.0f",
          withServer(warm),
          result -> (double) result.server().get().allocatedBytes() / result.rows());
      cell(
          text,
          "%,.0f",
          warm,
          result -> (double) result.consumer().allocatedBytes() / result.rows());
      cell(text, "%.0f", withServer(warm), result -> result.server().get().peakRssMib());
      cell(text, "%.0f", warm, result -> result.consumer().peakRssMib());
      text.append(" | ").append(exact(segment.name(), runner)).append(" |\n");
    }
    return text.toString();
  }

  String latencies() {
    StringBuilder text = new StringBuilder();
    text.append("| runner | p50 µs | p99 µs | p99.9 µs | max µs |\n|---|---|---|---|---|\n");
    for (String runner : runners("latency")) {
      List<Result> all = of("latency", runner, result -> true);
      text.append("| ").append(runner);
      cell(text, "%,.0f", all, result -> result.latencies().p50());
      cell(text, "%,.0f", all, result -> result.latencies().p99());
      cell(text, "%,.0f", all, result -> result.latencies().p999());
      cell(text, "%,.0f", all, result -> result.latencies().max());
      text.append(" |\n");
    }
    return text.toString();
  }

  private List<String> runners(String segment) {
    return results.stream()
        .filter(result -> result.segment().equals(segment))
        .map(Result::runner)
        .distinct()
        .toList();
  }

  private List<Result> of(String segment, String runner, Predicate<Result> which) {
    return results.stream()
        .filter(result -> result.segment().equals(segment) && result.runner().equals(runner))
        .filter(which)
        .toList();
  }

  /** The last pass of each round. */
  private List<Result> warm(String segment, String runner) {
    List<Result> all = of(segment, runner, result -> true);
    int last = all.stream().mapToInt(Result::pass).max().orElse(0);
    return all.stream().filter(result -> result.pass() == last).toList();
  }

  private static List<Result> withServer(List<Result> all) {
    return all.stream().filter(result -> result.server().isPresent()).toList();
  }

  private double ofConnector(Result result) {
    return warm(result.segment(), CONNECTOR).stream()
        .filter(connector -> connector.round() == result.round())
        .mapToDouble(connector -> result.rowsPerSecond() / connector.rowsPerSecond())
        .findFirst()
        .orElse(Double.NaN);
  }

  private static double perMillion(Result result, Result.Used used) {
    return used.cpuSeconds() * 1e6 / result.rows();
  }

  private String exact(String segment, String runner) {
    List<Result> counted = of(segment, runner, result -> result.exact().isPresent());
    if (counted.isEmpty()) {
      return "–";
    }
    return counted.stream().allMatch(result -> result.exact().get()) ? "yes" : "**NO**";
  }

  private static void cell(
      StringBuilder text, String format, List<Result> of, ToDoubleFunction<Result> value) {
    double[] sorted = of.stream().mapToDouble(value).sorted().toArray();
    text.append(" | ");
    if (sorted.length == 0 || Double.isNaN(sorted[0])) {
      text.append("–");
      return;
    }
    List<String> numbers = new ArrayList<>();
    for (double number : new double[] {median(sorted), sorted[0], sorted[sorted.length - 1]}) {
      numbers.add(String.format(Locale.ROOT, format, number));
    }
    text.append(numbers.get(0));
    if (sorted.length > 1) {
      text.append(" (").append(numbers.get(1)).append("–").append(numbers.get(2)).append(')');
    }
  }

  private static double median(double[] sorted) {
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
