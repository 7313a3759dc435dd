package io.canal.benchmark;

import static java.util.Objects.requireNonNull;

import io.canal.benchmark.process.CanalServerHost;
import io.canal.benchmark.process.Main;
import io.canal.benchmark.process.Pass;
import io.canal.benchmark.process.Segment;
import io.canal.benchmark.process.Setting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Starts the processes of a {@link Setup}, lets them read segments, and hands on what they
 * measured. One setup at a time; owned by the benchmark's thread.
 */
final class Lab {
  private static final long LIMIT_SECONDS = 600;
  // a process whose pass took longer is warm
  private static final double LONG_PASS_SECONDS = 15;
  private static final long SETTLE_SECONDS = 5;

  private final Environment environment;
  private final Consumer<Result> results;

  /**
   * @param classPath of our processes
   * @param peerClassPath of Alibaba Canal; empty where it is not here
   * @param heap of each process, as {@code -Xmx} takes it
   * @param port where servers listen; the one behind it is taken, too
   * @param home where MySQL and the files of this run are
   * @param serverOptions further options of the JVM of our server
   */
  record Environment(
      String classPath,
      String peerClassPath,
      String heap,
      int port,
      Path home,
      List<String> serverOptions) {
    Environment {
      serverOptions = List.copyOf(serverOptions);
    }

    private long sourcePid() throws IOException {
      return Long.parseLong(Files.readString(home.resolve("mysql").resolve("pid")).strip());
    }
  }

  /** Something to do once the consumer has been told to read. */
  interface Meanwhile {
    Meanwhile NOTHING = () -> {};

    void run() throws SQLException, InterruptedException;
  }

  /** The processes of one setup. */
  private record Processes(Optional<ChildProcess> server, ChildProcess consumer)
      implements AutoCloseable {
    @Override
    public void close() throws IOException {
      consumer.close();
      if (server.isPresent()) {
        server.get().close();
      }
    }
  }

  Lab(Environment environment, Consumer<Result> results) {
    this.environment = requireNonNull(environment, "environment is null");
    this.results = requireNonNull(results, "results is null");
  }

  /** Lets new processes read these segments, one after the other. */
  void read(int round, Setup setup, List<Segment> segments, Meanwhile meanwhile)
      throws IOException, SQLException, InterruptedException {
    try (Processes processes = start(setup)) {
      int number = 1;
      for (Segment segment : segments) {
        Result result = pass(round, setup, segment, number++, processes, meanwhile);
        results.accept(result);
        if (result.seconds() > LONG_PASS_SECONDS && !setup.equals(Setup.MEMORY)) {
          return;
        }
      }
    }
  }

  private Result pass(
      int round, Setup setup, Segment segment, int number, Processes processes, Meanwhile meanwhile)
      throws IOException, SQLException, InterruptedException {
    String file = store(segment);
    ChildProcess consumer = processes.consumer();
    Optional<ChildProcess> server = processes.server();
    List<Long> pids = new ArrayList<>(List.of(ProcessHandle.current().pid(), consumer.pid()));
    if (server.isPresent()) {
      pids.add(server.get().pid());
      server.get().send(file);
      System.out.println("  served after " + server.get().await(Main.SERVES) + " ms");
    }
    long source = environment.sourcePid();
    pids.add(source);
    Proc.Others others = new Proc.Others(pids);
    double sourceCpuSeconds = Proc.cpuSeconds(source);
    consumer.send(file);
    meanwhile.run();
    Pass read = consumer.awaitPass();
    double othersCpuSeconds = others.cpuSeconds();
    sourceCpuSeconds = Proc.cpuSeconds(source) - sourceCpuSeconds;
    long startedMs = read.startedMs();
    Result.Used served = Result.Used.NONE;
    if (server.isPresent()) {
      server.get().send("");
      Pass pass = server.get().awaitPass();
      startedMs = pass.startedMs();
      served = Result.Used.of(pass, server.get().pid());
      server.get().await(Main.ENDED);
    }
    return new Result(
        round,
        segment.name(),
        setup.name(),
        number,
        Result.Counts.of(segment, setup.readers(), read),
        segment.rows(),
        segment.bytes(),
        (read.endedMs() - startedMs) / 1000.0,
        served,
        Result.Used.of(read, consumer.pid()),
        read.latencies(),
        sourceCpuSeconds,
        othersCpuSeconds);
  }

  /** Lets our server run that many destinations on a source that does nothing. */
  void idle(int round, int destinations, Segment here, int seconds)
      throws IOException, InterruptedException {
    try (ChildProcess server = start(Setup.destinations(destinations))) {
      server.send(store(here));
      System.out.println("  served after " + server.await(Main.SERVES) + " ms");
      TimeUnit.SECONDS.sleep(SETTLE_SECONDS);
      Proc.Others others = new Proc.Others(List.of(environment.sourcePid(), server.pid()));
      double cpuSeconds = Proc.cpuSeconds(server.pid());
      TimeUnit.SECONDS.sleep(seconds);
      cpuSeconds = Proc.cpuSeconds(server.pid()) - cpuSeconds;
      results.accept(
          new Result(
              round,
              Setup.IDLE,
              Setup.destinationsName(destinations),
              1,
              Result.Counts.UNKNOWN,
              0,
              0,
              seconds,
              new Result.Used(cpuSeconds, 0, Proc.residentMib(server.pid())),
              Result.Used.NONE,
              Pass.Latencies.NONE,
              0,
              others.cpuSeconds()));
      server.send("");
      server.await(Main.ENDED);
    }
  }

  private Processes start(Setup setup) throws IOException {
    Optional<ChildProcess> server = Optional.empty();
    if (setup.server().isPresent()) {
      server = Optional.of(start(setup.server().get()));
    }
    return new Processes(server, start(setup.consumer()));
  }

  private ChildProcess start(Setup.Program program) throws IOException {
    List<String> options = new ArrayList<>();
    options.add("-Xmx" + environment.heap());
    options.add(Setting.PORT.option(environment.port()));
    options.add(Setting.HOME.option(environment.home().resolve("server")));
    options.addAll(program.options());
    if (program.className().equals(CanalServerHost.class.getName())) {
      options.addAll(environment.serverOptions());
    }
    String classPath = program.isPeer() ? environment.peerClassPath() : environment.classPath();
    return ChildProcess.start(program.className(), classPath, options, LIMIT_SECONDS);
  }

  private String store(Segment segment) {
    Path file = environment.home().resolve("current-segment.properties");
    segment.store(file);
    return file.toString();
  }
}
