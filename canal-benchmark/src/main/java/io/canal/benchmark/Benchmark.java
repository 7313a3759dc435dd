package io.canal.benchmark;

import io.canal.benchmark.process.Segment;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Measures from end to end on a real MySQL: the same stretches of its binary log are read by the
 * bare connector, by us in one process and over TCP, and by Alibaba Canal. The runners of a round
 * follow each other, each in processes of its own, so that what else the machine does meets all of
 * them.
 */
@Command(
    name = "benchmark.sh",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Measures Canal and its peers side by side on a private MySQL 9.7.")
public final class Benchmark implements Callable<Integer> {
  private static final List<String> QUICK =
      List.of("--rows=200000", "--rounds=1", "--latency=5", "--tables=2000", "--idle=5");
  private static final int TRANSACTIONS_PER_SECOND = 1000;
  private static final int PROFILED_PASSES = 4;

  /** What a run consists of. */
  enum Part {
    drain,
    latency,
    memory,
    growth
  }

  @Option(names = "--quick", description = "a few minutes: small segments, one round")
  private boolean quick;

  @Option(
      names = "--rows",
      defaultValue = "2000000",
      description =
          "rows of segment a; b has a tenth, c half, d half as many again (${DEFAULT-VALUE})")
  private long rows;

  @Option(
      names = "--segment",
      split = ",",
      defaultValue = "a,b,c,d",
      description =
          "a OLTP, b 60 columns, c single rows, d one transaction; e is a twentieth of a (${DEFAULT-VALUE})")
  private List<String> names;

  @Option(
      names = "--runner",
      split = ",",
      defaultValue =
          "connector,connector-decoding,in-process,tcp-keys,tcp-values,canal-client-ours,alibaba-canal,fan-out-8,canal-client-ours-100,alibaba-canal-100",
      description = "who reads the segments and is measured for latency (${DEFAULT-VALUE})")
  private List<String> runners;

  @Option(
      names = "--part",
      split = ",",
      defaultValue = "drain,latency,memory,growth",
      description = "what to measure (${DEFAULT-VALUE})")
  private List<Part> parts;

  @Option(names = "--rounds", defaultValue = "3", description = "rounds (${DEFAULT-VALUE})")
  private int rounds;

  @Option(
      names = "--passes",
      defaultValue = "2",
      description =
          "passes of a process, the last of which is the warm one; one that takes over 15 s is the last (${DEFAULT-VALUE})")
  private int passes;

  @Option(
      names = "--heap",
      defaultValue = "512m",
      description = "-Xmx of every process; consumers that are many have 1g (${DEFAULT-VALUE})")
  private String heap;

  @Option(
      names = "--latency",
      defaultValue = "15",
      description = "seconds at 1,000 transactions a second (${DEFAULT-VALUE})")
  private int latencySeconds;

  @Option(
      names = "--tables",
      defaultValue = "50000",
      description = "how many tables are many (${DEFAULT-VALUE})")
  private int tables;

  @Option(
      names = "--idle",
      defaultValue = "20",
      description = "seconds to watch idle destinations (${DEFAULT-VALUE})")
  private int idleSeconds;

  @Option(
      names = "--jvm-option",
      description = "a further option of our server's JVM; can be repeated")
  private List<String> serverOptions = new ArrayList<>();

  @Option(
      names = "--profile",
      description = "instead: where our server spends its time on the segments, by JFR (tcp-keys)")
  private boolean profile;

  @Option(
      names = "--report",
      description = "instead: the tables again, from the results of the last run")
  private boolean reportOnly;

  @Option(names = "--publish", description = "put the tables into docs/performance.md")
  private boolean publish;

  @Option(names = "--mysql-port", required = true, hidden = true)
  private int mysqlPort;

  @Option(names = "--home", required = true, hidden = true)
  private Path home;

  @Option(names = "--peers", defaultValue = "", hidden = true)
  private String peerClassPath;

  @Option(names = "--commit", defaultValue = "?", hidden = true)
  private String commit;

  private final Results results = new Results();
  private final List<Segment> segments = new ArrayList<>();
  private final List<String> failures = new ArrayList<>();
  private Path output;

  public static void main(String[] args) {
    List<String> all = new ArrayList<>(Arrays.asList(args));
    int place = all.indexOf("--quick");
    if (place >= 0) {
      all.addAll(place, QUICK);
    }
    System.exit(
        new CommandLine(new Benchmark())
            .setOverwrittenOptionsAllowed(true)
            .execute(all.toArray(String[]::new)));
  }

  @Override
  public Integer call() throws IOException, SQLException, InterruptedException {
    output = home.resolve("results.jsonl");
    if (reportOnly) {
      Files.readAllLines(output).forEach(line -> results.add(Result.parse(line)));
      for (String name : List.of("a", "b", "c", "d", "e", "f", "g")) {
        Path description = segmentFile(name);
        if (Files.exists(description)) {
          segments.add(Segment.load(description));
        }
      }
      report(Files.readAllLines(facts()));
      return 0;
    }
    try (Workload workload = Workload.open(mysqlPort)) {
      if (profile) {
        profile(workload);
        return 0;
      }
      Files.deleteIfExists(output);
      Files.write(facts(), describe(workload.version()));
      measure(workload);
    }
    report(Files.readAllLines(facts()));
    return failures.isEmpty() && !results.hasWrongCounts() ? 0 : 1;
  }

  private void measure(Workload workload) throws IOException, SQLException, InterruptedException {
    Lab lab = lab(serverOptions);
    List<Segment> drained = new ArrayList<>();
    if (parts.contains(Part.drain) || parts.contains(Part.memory)) {
      for (String name : names) {
        drained.add(make(workload, name, rows));
      }
    }
    for (int round = 1; round <= rounds; round++) {
      if (parts.contains(Part.drain)) {
        for (Segment segment : drained) {
          drain(lab, round, segment, runners);
        }
      }
      if (parts.contains(Part.latency)) {
        latency(lab, round, workload);
      }
    }
    if (parts.contains(Part.memory)) {
      attempt("memory", () -> lab.read(1, Setup.MEMORY, drained, Lab.Meanwhile.NOTHING));
    }
    if (parts.contains(Part.growth)) {
      grow(lab, workload);
    }
  }

  private void drain(Lab lab, int round, Segment segment, List<String> wanted)
      throws SQLException, InterruptedException {
    for (Setup setup : Setup.DRAINS) {
      if (wanted.contains(setup.name())
          && setup.segments().contains(segment.name())
          && isHere(setup)) {
        attempt(
            "%s on %s, round %d".formatted(setup.name(), segment.name(), round),
            () ->
                lab.read(
                    round, setup, Collections.nCopies(passes, segment), Lab.Meanwhile.NOTHING));
      }
    }
  }

  private void latency(Lab lab, int round, Workload workload)
      throws SQLException, InterruptedException {
    int count = latencySeconds * TRANSACTIONS_PER_SECOND;
    for (Setup setup : Setup.LATENCIES) {
      if (runners.contains(setup.name()) && isHere(setup)) {
        Segment here = workload.latency(count);
        attempt(
            "latency of %s, round %d".formatted(setup.name(), round),
            () ->
                lab.read(round, setup, List.of(here), () -> LatencyWriter.write(mysqlPort, count)));
      }
    }
  }

  private void grow(Lab lab, Workload workload)
      throws IOException, SQLException, InterruptedException {
    for (int destinations : new int[] {1, Setup.MANY_DESTINATIONS}) {
      Segment here = workload.latency(0);
      attempt(destinations + " destinations", () -> lab.idle(1, destinations, here, idleSeconds));
    }
    Segment small = make(workload, "e", rows);
    drain(lab, 1, small, List.of(Setup.TCP_KEYS, Setup.CONSUMERS));
    Segment oneTable = make(workload, "f", 1);
    Segment manyTables = make(workload, "g", tables);
    for (int round = 1; round <= rounds; round++) {
      drain(lab, round, oneTable, List.of(Setup.IN_PROCESS));
      drain(lab, round, manyTables, List.of(Setup.IN_PROCESS));
    }
  }

  private Segment make(Workload workload, String name, long scale)
      throws IOException, SQLException, InterruptedException {
    System.out.println("==> Segment " + name);
    Segment segment = workload.segment(name, scale, segmentFile(name));
    System.out.printf(
        "  %s: %,d rows, %,d bytes%n", segment.title(), segment.rows(), segment.bytes());
    segments.add(segment);
    return segment;
  }

  private Path segmentFile(String name) throws IOException {
    return Files.createDirectories(home.resolve("segments")).resolve(name + ".properties");
  }

  private boolean isHere(Setup setup) {
    return !setup.isPeer() || !peerClassPath.isEmpty();
  }

  private interface Attempt {
    void run() throws IOException, SQLException, InterruptedException;
  }

  /** What fails is told, and the rest goes on. */
  private void attempt(String what, Attempt attempt) throws SQLException, InterruptedException {
    System.out.println("==> " + what);
    try {
      attempt.run();
    } catch (IOException | UncheckedIOException e) {
      System.out.println("  FAILED: " + e.getMessage());
      failures.add(what + ": " + e.getMessage());
    }
  }

  private Lab lab(List<String> options) {
    Lab.Environment environment =
        new Lab.Environment(
            System.getProperty("java.class.path"),
            peerClassPath,
            heap,
            mysqlPort + 1,
            home,
            options);
    return new Lab(environment, this::add);
  }

  private void add(Result result) {
    results.add(result);
    try {
      Files.writeString(
          output, result.toJson() + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    System.out.println("  " + result.summary());
  }

  private void profile(Workload workload) throws IOException, SQLException, InterruptedException {
    for (String name : names) {
      Segment segment = make(workload, name, rows);
      Path recording = home.resolve("profile-" + name + ".jfr");
      List<String> options = new ArrayList<>(serverOptions);
      options.add(
          "-XX:StartFlightRecording=settings=profile,dumponexit=true,filename=" + recording);
      lab(options)
          .read(
              1,
              Setup.named(Setup.TCP_KEYS),
              Collections.nCopies(PROFILED_PASSES, segment),
              Lab.Meanwhile.NOTHING);
      String text = Profile.of(recording).text();
      Files.writeString(home.resolve("profile-" + name + ".md"), text);
      System.out.println("\n" + text + "\nIn " + recording + ", and as profile-" + name + ".md");
    }
  }

  private Path facts() {
    return home.resolve("facts");
  }

  private List<String> describe(String mysqlVersion) {
    String classPath = System.getProperty("java.class.path");
    return List.of(
        Proc.machine() + "; everything over loopback, no TLS",
        "MySQL %s: row format, full images, minimal metadata, CRC32, GTIDs on, sync_binlog=0"
            .formatted(mysqlVersion),
        "%s %s, -Xmx%s; mysql-binlog-connector-java %s; Alibaba Canal %s; Canal at %s"
            .formatted(
                System.getProperty("java.vm.name"),
                System.getProperty("java.runtime.version"),
                heap,
                versionOf("mysql-binlog-connector-java", classPath),
                versionOf("canal.server", peerClassPath),
                commit),
        "%d rounds of up to %d passes%s"
            .formatted(rounds, passes, quick ? "; a quick look, no measurement" : ""));
  }

  private static String versionOf(String artifact, String classPath) {
    Matcher jar =
        Pattern.compile("/" + Pattern.quote(artifact) + "-([0-9][^/]*)\\.jar").matcher(classPath);
    return jar.find() ? jar.group(1) : "(not here)";
  }

  private void report(List<String> facts) throws IOException {
    String text = new Report(results).text(facts, segments, failures);
    Files.writeString(home.resolve("results.md"), text);
    System.out.println("\n" + text + "\nIn " + home.resolve("results.md"));
    if (publish) {
      Report.publish(text, Path.of("docs", "performance.md"));
    }
  }
}
