package io.canal.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Measures from end to end on a real MySQL: the same stretch of its binary log is read by the bare
 * connector, by our receiver and encoder in one process, and by our server and our client in two.
 * The runners of a round follow each other, each in a process of its own, so that what else the
 * machine does meets all of them.
 */
@Command(
    name = "benchmark.sh",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Measures Canal beside the bare connector on a private MySQL 9.7.")
public final class Benchmark implements Callable<Integer> {
  private static final String TCP = "tcp-";
  private static final long SECONDS = 1000;

  @Option(
      names = "--rows",
      defaultValue = "1000000",
      description =
          "rows of segment a; b has a tenth, c half, d three times as many (${DEFAULT-VALUE})")
  private long rows;

  @Option(
      names = "--segment",
      split = ",",
      defaultValue = "a,c,d,b",
      description =
          "which segments: a OLTP, b 60 columns, c single rows, d one transaction (${DEFAULT-VALUE})")
  private List<String> names;

  @Option(
      names = "--runner",
      split = ",",
      defaultValue = "connector,connector-decoding,in-process,tcp-keys,tcp-values",
      description = "which runners (${DEFAULT-VALUE})")
  private List<String> runners;

  @Option(names = "--rounds", defaultValue = "3", description = "rounds (${DEFAULT-VALUE})")
  private int rounds;

  @Option(
      names = "--passes",
      defaultValue = "2",
      description = "passes of a process; the last one is the warm one (${DEFAULT-VALUE})")
  private int passes;

  @Option(
      names = "--heap",
      defaultValue = "512m",
      description = "-Xmx of every process (${DEFAULT-VALUE})")
  private String heap;

  @Option(
      names = "--latency",
      defaultValue = "20",
      description =
          "seconds of the latency run at 1,000 transactions a second, 0 for none (${DEFAULT-VALUE})")
  private int latencySeconds;

  @Option(
      names = "--jvm-option",
      description = "a further option of the server's JVM, such as -XX:StartFlightRecording=...")
  private List<String> serverOptions = new ArrayList<>();

  @Option(names = "--mysql-port", required = true, hidden = true)
  private int mysqlPort;

  @Option(names = "--port", required = true, hidden = true)
  private int port;

  @Option(names = "--home", required = true, hidden = true)
  private Path home;

  private final List<Result> results = new ArrayList<>();
  private Path output;

  public static void main(String[] args) {
    System.exit(new CommandLine(new Benchmark()).execute(args));
  }

  @Override
  public Integer call() throws IOException, SQLException, InterruptedException {
    Path directory = Files.createDirectories(home.resolve("segments"));
    output = home.resolve("results.jsonl");
    Files.deleteIfExists(output);
    List<Segment> segments = new ArrayList<>();
    try (Workload workload = Workload.open(mysqlPort)) {
      for (String name : names) {
        System.out.println("==> Segment " + name);
        Segment segment = workload.segment(name, rows, directory);
        System.out.printf("  %,d rows, %,d bytes%n", segment.rows(), segment.bytes());
        segments.add(segment);
      }
      for (int round = 1; round <= rounds; round++) {
        for (Segment segment : segments) {
          for (String runner : runners) {
            drain(round, segment, runner, directory.resolve(segment.name() + ".properties"));
          }
        }
        if (latencySeconds > 0) {
          for (String runner : runners) {
            if (runner.equals("connector") || runner.equals("tcp-keys")) {
              measureLatency(round, runner, workload);
            }
          }
        }
      }
    }
    report(segments);
    return results.stream().allMatch(result -> result.exact().orElse(true)) ? 0 : 1;
  }

  private void report(List<Segment> segments) throws IOException {
    Report report = new Report(results);
    StringBuilder text = new StringBuilder();
    segments.forEach(segment -> text.append(report.drains(segment)).append('\n'));
    if (latencySeconds > 0) {
      text.append("### Latency at 1,000 transactions of one row a second\n\n");
      text.append(report.latencies());
    }
    Files.writeString(home.resolve("results.md"), text);
    System.out.println();
    System.out.print(text);
    System.out.println("\nIn " + output + " and results.md beside it");
  }

  private void drain(int round, Segment segment, String runner, Path file) throws IOException {
    if (!runner.startsWith(TCP)) {
      try (Child child = child(List.of(), runner, file, 0)) {
        for (int number = 1; number <= passes; number++) {
          Pass pass = Pass.parse(child.await(Pass.PREFIX));
          add(Result.of(round, segment, runner, number, Optional.empty(), pass));
        }
      }
      return;
    }
    try (Child server = child(serverOptions, "server", file, 0);
        Child client = child(List.of(), clientOf(runner), file, 0)) {
      for (int number = 1; number <= passes; number++) {
        start(server);
        client.signal();
        Pass received = Pass.parse(client.await(Pass.PREFIX));
        server.signal();
        Optional<Pass> served = Optional.of(Pass.parse(server.await(Pass.PREFIX)));
        add(Result.of(round, segment, runner, number, served, received));
      }
    }
  }

  private static String clientOf(String runner) {
    return "client-" + runner.substring(TCP.length());
  }

  private void start(Child server) throws IOException {
    server.signal();
    String ready = server.await(ServerRunner.READY);
    System.out.println(
        "  server serves after " + ready.substring(ServerRunner.READY.length()) + " ms");
  }

  private void measureLatency(int round, String runner, Workload workload)
      throws IOException, SQLException, InterruptedException {
    Segment here = workload.here();
    Path file = home.resolve("segments").resolve("latency.properties");
    here.store(file);
    int count = (int) (latencySeconds * SECONDS);
    if (runner.startsWith(TCP)) {
      try (Child server = child(serverOptions, "server", file, count);
          Child client = child(List.of(), clientOf(runner), file, count)) {
        start(server);
        client.signal();
        LatencyWriter.write(mysqlPort, count);
        Pass received = Pass.parse(client.await(Pass.PREFIX));
        server.signal();
        Optional<Pass> served = Optional.of(Pass.parse(server.await(Pass.PREFIX)));
        add(Result.of(round, here, runner, 1, served, received));
      }
      return;
    }
    try (Child child = child(List.of(), runner, file, count)) {
      LatencyWriter.write(mysqlPort, count);
      Pass pass = Pass.parse(child.await(Pass.PREFIX));
      add(Result.of(round, here, runner, 1, Optional.empty(), pass));
    }
  }

  private Child child(List<String> options, String kind, Path segment, int latencies)
      throws IOException {
    List<String> jvm = new ArrayList<>(List.of("-Xmx" + heap));
    jvm.addAll(options);
    int count = latencies > 0 ? 1 : passes;
    return new Child(jvm, kind, segment, count, latencies, port, home.resolve("server"));
  }

  private void add(Result result) throws IOException {
    results.add(result);
    Files.writeString(
        output, result.toJson() + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    if (result.rows() == 0) {
      System.out.printf(
          "%d %s %s: p50 %,d µs, p99 %,d µs%n",
          result.round(),
          result.segment(),
          result.runner(),
          result.latencies().p50(),
          result.latencies().p99());
    } else {
      System.out.printf(
          "%d %s %s, pass %d: %,.0f rows/s, %.2f CPU s per million rows%s%n",
          result.round(),
          result.segment(),
          result.runner(),
          result.pass(),
          result.rowsPerSecond(),
          result.cpuSeconds() * 1e6 / result.rows(),
          result.exact().orElse(true) ? "" : ", WRONG COUNTS");
    }
  }
}
