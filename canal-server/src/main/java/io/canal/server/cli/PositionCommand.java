package io.canal.server.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.protocol.Start;
import java.io.PrintWriter;
import java.time.Clock;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.BiConsumer;
import java.util.function.Function;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** Shows where consumers are, and takes them elsewhere. */
@Command(
    name = "position",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    description = {
      "Shows where the consumers of a destination are in the source's binary log, and takes them"
          + " elsewhere: back to replay changes, on to skip them.",
      "Works while the server runs, and while it does not."
    },
    subcommands = {
      PositionCommand.Show.class,
      PositionCommand.Set.class,
      PositionCommand.Reset.class
    })
final class PositionCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "expected show, set or reset");
  }

  /** What the three have in common. */
  abstract static class Base implements Callable<Integer> {
    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Option(
        names = "--color",
        paramLabel = "WHEN",
        defaultValue = "AUTO",
        description = "Colours: auto (on a terminal), always, never.")
    private Paint.When color;

    @Spec private CommandSpec spec;

    final Integer run(
        Function<PositionAccess, JsonNode> ask, BiConsumer<PositionScreen, JsonNode> show) {
      JsonNode answer;
      try (PositionAccess positions = PositionAccess.open()) {
        answer = ask.apply(positions);
      }
      PrintWriter out = spec.commandLine().getOut();
      if (json) {
        out.println(answer.toPrettyString());
      } else {
        show.accept(new PositionScreen(out, Paint.when(color), Clock.systemUTC()), answer);
      }
      out.flush();
      return 0;
    }
  }

  @Command(
      name = "show",
      mixinStandardHelpOptions = true,
      description = {
        "Shows each consumer: its position, what lies behind it, and how far the source's purge is"
            + " away."
      })
  static final class Show extends Base {
    @Parameters(
        index = "0",
        arity = "0..1",
        paramLabel = "DESTINATION",
        description = "Name of the folder in conf/ (default: all).")
    private String destination;

    @Parameters(
        index = "1",
        arity = "0..1",
        paramLabel = "CLIENT",
        description = "One consumer, as 1001 (default: all).")
    private String client;

    @Override
    public Integer call() {
      return run(
          positions ->
              positions.show(Optional.ofNullable(destination), Optional.ofNullable(client)),
          PositionScreen::show);
    }
  }

  @Command(
      name = "set",
      mixinStandardHelpOptions = true,
      description = {
        "Takes a consumer to another place. A connected one goes on from there within its session;"
            + " one that does not exist yet begins there when it comes.",
        "Offsets are those of events: one within an event is refused, one within a transaction"
            + " means the beginning of that transaction."
      })
  static final class Set extends Base {
    @Parameters(
        index = "0",
        paramLabel = "DESTINATION",
        description = "Name of the folder in conf/.")
    private String destination;

    @Parameters(index = "1", paramLabel = "CLIENT", description = "The consumer, as 1001.")
    private String client;

    @Parameters(
        index = "2",
        paramLabel = "START",
        converter = ToStart.class,
        description = {
          "earliest: the oldest change that the source still has; now: its end;",
          "2026-11-25T03:00:00Z, 2026-11-25T11:00:00+08:00: the first change of that time or later;",
          "binlog.000042:1187: a file and offset; UUID:1-5: what that GTID set does not hold."
        })
    private Start start;

    @Option(names = "--dry-run", description = "Say what would be done, and do nothing.")
    private boolean dryRun;

    @Override
    public Integer call() {
      return run(
          positions -> positions.set(destination, client, start, dryRun), PositionScreen::changed);
    }
  }

  @Command(
      name = "reset",
      mixinStandardHelpOptions = true,
      description = {
        "Forgets a consumer, its position and its filter. A connected one loses its session.",
        "If it comes again, it is a new one: it begins with the oldest change that the server holds,"
            + " or where it says."
      })
  static final class Reset extends Base {
    @Parameters(
        index = "0",
        paramLabel = "DESTINATION",
        description = "Name of the folder in conf/.")
    private String destination;

    @Parameters(index = "1", paramLabel = "CLIENT", description = "The consumer, as 1001.")
    private String client;

    @Option(names = "--dry-run", description = "Say what would be done, and do nothing.")
    private boolean dryRun;

    @Override
    public Integer call() {
      return run(
          positions -> positions.reset(destination, client, dryRun), PositionScreen::changed);
    }
  }

  /** Reads START; what is none is wrong usage. */
  static final class ToStart implements ITypeConverter<Start> {
    @Override
    public Start convert(String text) {
      try {
        return Start.parse(text);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }
}
