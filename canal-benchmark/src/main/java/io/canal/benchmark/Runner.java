package io.canal.benchmark;

import java.nio.file.Path;

/**
 * One process of the benchmark: {@code KIND SEGMENT_FILE PASSES LATENCIES PORT HOME}. It prints
 * what it measures as lines that begin with {@link Pass#PREFIX}.
 */
public final class Runner {
  private Runner() {}

  /** Runs the kind that the first argument names. */
  public static void main(String[] args) throws Exception {
    String kind = args[0];
    Segment segment = Segment.load(Path.of(args[1]));
    int passes = Integer.parseInt(args[2]);
    int latencies = Integer.parseInt(args[3]);
    int port = Integer.parseInt(args[4]);
    Path home = Path.of(args[5]);
    if (kind.equals("server")) {
      ServerRunner.run(segment, home, port);
      System.exit(0);
    }
    for (int i = 0; i < passes; i++) {
      if (kind.startsWith("client") && System.in.read() < 0) {
        break;
      }
      Pass pass =
          switch (kind) {
            case "connector" -> ConnectorRunner.run(segment, latencies > 0, latencies);
            case "connector-decoding" -> ConnectorRunner.run(segment, true, latencies);
            case "in-process" -> InProcessRunner.run(segment);
            case "client-keys" -> ClientRunner.run(port, false, latencies);
            case "client-values" -> ClientRunner.run(port, true, latencies);
            default -> throw new IllegalArgumentException("kind '" + kind + "'");
          };
      pass.print();
    }
    System.exit(0);
  }
}
