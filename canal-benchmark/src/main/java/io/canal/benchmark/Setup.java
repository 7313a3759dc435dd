package io.canal.benchmark;

import io.canal.benchmark.process.CanalServerHost;
import io.canal.benchmark.process.ConnectorRunner;
import io.canal.benchmark.process.InProcessRunner;
import io.canal.benchmark.process.SdkRunner;
import io.canal.benchmark.process.Setting;
import java.util.List;
import java.util.Optional;

/**
 * One line of the tables: the processes that read a segment.
 *
 * @param segments the names of those that it reads, one letter each
 * @param readers how many consumers of it read to the end; each has all rows
 */
record Setup(
    String name, String segments, Optional<Program> server, Program consumer, int readers) {
  static final String CONNECTOR = "connector";
  static final String CONNECTOR_DECODING = "connector-decoding";
  static final String IN_PROCESS = "in-process";
  static final String TCP_KEYS = "tcp-keys";
  static final String TCP_VALUES = "tcp-values";
  static final String CANAL_CLIENT_OURS = "canal-client-ours";
  static final String CANAL_CLIENT_OURS_100 = "canal-client-ours-100";
  static final String ALIBABA = "alibaba-canal";
  static final String ALIBABA_100 = "alibaba-canal-100";
  static final String FAN_OUT = "fan-out-8";
  static final String CONSUMERS = "consumers-64";

  static final int MANY_DESTINATIONS = 100;

  /** In place of a segment, where the source does nothing. */
  static final String IDLE = "idle";

  private static final String ALL = "abcd";

  /**
   * A class in a process of its own.
   *
   * @param isPeer whether it needs the class path of Alibaba Canal instead of ours
   */
  record Program(String className, boolean isPeer, List<String> options) {
    static Program of(Class<?> program, String... options) {
      return new Program(program.getName(), false, List.of(options));
    }

    /** It is compiled against another class path, and so has no class here. */
    static Program peer(String simpleName, String... options) {
      String name = Setting.class.getPackageName() + "." + simpleName;
      return new Program(name, true, List.of(options));
    }
  }

  static final List<Setup> DRAINS =
      List.of(
          alone(CONNECTOR, ALL, Program.of(ConnectorRunner.class)),
          alone(
              CONNECTOR_DECODING,
              ALL,
              Program.of(ConnectorRunner.class, Setting.DECODES.option(true))),
          alone(IN_PROCESS, ALL + "fg", Program.of(InProcessRunner.class)),
          ours(TCP_KEYS, ALL + "e", Program.of(SdkRunner.class)),
          ours(TCP_VALUES, ALL, Program.of(SdkRunner.class, Setting.VALUES.option(true))),
          ours(CANAL_CLIENT_OURS, ALL, alibabaClient(100)),
          alibaba(ALIBABA, ALL, alibabaClient(100)),
          ours(FAN_OUT, "a", 8, 0),
          ours(CONSUMERS, "e", 64, 0));

  static final List<Setup> LATENCIES =
      List.of(
          alone(CONNECTOR, "", Program.of(ConnectorRunner.class, Setting.DECODES.option(true))),
          ours(TCP_KEYS, "", Program.of(SdkRunner.class)),
          ours(CANAL_CLIENT_OURS, "", alibabaClient(-1)),
          ours(CANAL_CLIENT_OURS_100, "", alibabaClient(100)),
          alibaba(ALIBABA, "", alibabaClient(-1)),
          alibaba(ALIBABA_100, "", alibabaClient(100)));

  static final Setup MEMORY = ours("memory", ALL, 8, 1);

  static Setup named(String name) {
    return DRAINS.stream().filter(setup -> setup.name().equals(name)).findFirst().orElseThrow();
  }

  boolean isPeer() {
    return consumer.isPeer();
  }

  /** Our server with that many destinations of one source. */
  static Program destinations(int count) {
    return Program.of(CanalServerHost.class, Setting.DESTINATIONS.option(count));
  }

  static String destinationsName(int count) {
    return "destinations-" + count;
  }

  private static Setup alone(String name, String segments, Program consumer) {
    return new Setup(name, segments, Optional.empty(), consumer, 1);
  }

  private static Setup ours(String name, String segments, Program consumer) {
    return new Setup(name, segments, Optional.of(destinations(1)), consumer, 1);
  }

  private static Setup ours(String name, String segments, int consumers, int stopped) {
    Program consumer =
        Program.of(
            SdkRunner.class,
            Setting.CONSUMERS.option(consumers),
            Setting.STOPPED.option(stopped),
            "-Xmx1g");
    return new Setup(name, segments, Optional.of(destinations(1)), consumer, consumers - stopped);
  }

  private static Setup alibaba(String name, String segments, Program consumer) {
    return new Setup(name, segments, Optional.of(Program.peer("AlibabaServer")), consumer, 1);
  }

  private static Program alibabaClient(int timeoutMs) {
    return Program.peer("AlibabaRunner", Setting.GET_TIMEOUT_MS.option(timeoutMs));
  }
}
