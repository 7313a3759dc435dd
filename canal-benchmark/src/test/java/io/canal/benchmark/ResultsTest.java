package io.canal.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import io.canal.benchmark.Result.Counts;
import io.canal.benchmark.Result.Used;
import io.canal.benchmark.process.Pass.Latencies;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResultsTest {
  private static final long ROWS = 1_000_000;

  private final Results results = new Results();

  @Test
  void shouldTakeTheLastPassOfEachRoundAsWarm() {
    results.add(result(1, Setup.TCP_KEYS, 1, 10));
    results.add(result(1, Setup.TCP_KEYS, 2, 4));
    results.add(result(2, Setup.TCP_KEYS, 1, 20));
    results.add(result(2, Setup.TCP_KEYS, 2, 5));

    Spread warm = results.warm("a", Setup.TCP_KEYS, Result::rowsPerSecond);
    Spread cold = results.cold("a", Setup.TCP_KEYS, Result::rowsPerSecond);

    assertThat(warm).isEqualTo(new Spread(225_000, 200_000, 250_000, 2));
    assertThat(cold).isEqualTo(new Spread(75_000, 50_000, 100_000, 2));
  }

  @Test
  void shouldDivideWithinEachRound() {
    results.add(result(1, Setup.CONNECTOR, 1, 1));
    results.add(result(1, Setup.TCP_KEYS, 1, 2));
    results.add(result(2, Setup.CONNECTOR, 1, 10));
    results.add(result(2, Setup.TCP_KEYS, 1, 10));
    results.add(result(3, Setup.TCP_KEYS, 1, 1));

    Spread ratio = results.ratio("a", Setup.TCP_KEYS, Setup.CONNECTOR, Result::rowsPerSecond);

    assertThat(ratio).isEqualTo(new Spread(0.75, 0.5, 1.0, 2));
  }

  @Test
  void shouldSayWhichAimsAreMissed() {
    results.add(result(1, Setup.CONNECTOR, 1, 1.0));
    results.add(result(1, Setup.IN_PROCESS, 1, 0.8));
    results.add(result(1, Setup.TCP_KEYS, 1, 1.6));

    String table = Aims.table(results);

    assertThat(table)
        .contains(
            "| a: in process | ≥ 1 × connector | 1.25 | yes |",
            "| a: over TCP, operation and key | ≥ 0.75 × connector | 0.63 | **missed** |",
            "| c: over TCP, operation and key | ≥ 0.6 × connector | – | not measured |");
  }

  @Test
  void shouldReadBackWhatItWrites() {
    Result written = result(3, Setup.FAN_OUT, 2, 1.5);

    Result read = Result.parse(written.toJson());

    assertThat(read).isEqualTo(written);
  }

  @Test
  void shouldReplaceWhatStandsBetweenTheMarks(@TempDir Path directory) throws IOException {
    Path document = directory.resolve("performance.md");
    Files.write(
        document,
        List.of(
            "before",
            "<!-- results: begin, written by bin/benchmark.sh -->",
            "old",
            "<!-- results: end -->",
            "behind"));

    Report.publish("new\n", document);

    assertThat(Files.readAllLines(document))
        .containsExactly(
            "before",
            "<!-- results: begin, written by bin/benchmark.sh -->",
            "new",
            "<!-- results: end -->",
            "behind");
  }

  private static Result result(int round, String setup, int pass, double seconds) {
    Used used = new Used(1, 100 * ROWS, 200);
    return new Result(
        round,
        "a",
        setup,
        pass,
        Counts.RIGHT,
        ROWS,
        ROWS,
        seconds,
        used,
        used,
        Latencies.NONE,
        0,
        0);
  }
}
