package io.canal.benchmark.process;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;

/**
 * One process of the benchmark: becomes the {@link Runner} or {@link Server} whose class its
 * argument names. Each line of its standard input is the file of a {@link Segment} and begins a
 * pass; a server's pass ends with an empty line. What it measured is a line that begins with {@link
 * Pass#PREFIX}. It ends with its standard input.
 */
public final class Main {
  /** What a process prints when it takes commands. */
  public static final String READY = "READY";

  /** What a server prints when it serves, followed by the milliseconds since it was told to. */
  public static final String SERVES = "SERVES ";

  /** What a server prints when it has ended its pass. */
  public static final String ENDED = "ENDED";

  private Main() {}

  public static void main(String[] args) throws Exception {
    Object program = Class.forName(args[0]).getDeclaredConstructor().newInstance();
    BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, UTF_8));
    System.out.println(READY);
    for (String line = commands.readLine(); line != null; line = commands.readLine()) {
      Segment segment = Segment.load(Path.of(line));
      if (program instanceof Server server) {
        serve(server, segment, commands);
      } else {
        System.out.println(((Runner) program).run(segment).toLine());
      }
    }
    System.exit(0);
  }

  private static void serve(Server server, Segment segment, BufferedReader commands)
      throws Exception {
    long begin = System.nanoTime();
    AutoCloseable service = server.serve(segment);
    Tally tally = new Tally(segment);
    System.out.println(SERVES + (System.nanoTime() - begin) / 1_000_000);
    if (commands.readLine() == null) {
      throw new IOException("the benchmark has ended");
    }
    System.out.println(tally.pass().toLine());
    service.close();
    System.out.println(ENDED);
  }
}
