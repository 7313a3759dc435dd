package io.canal.server.cli;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.server.config.ConfigurationLoader;
import io.canal.server.config.HostAndPort;
import io.canal.server.config.ServerSettings;
import io.canal.server.status.ServerVersion;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The main class: finds the sub-command and turns what it throws into an exit code. */
@Command(
    name = "canal",
    mixinStandardHelpOptions = true,
    versionProvider = CanalCommand.Version.class,
    synopsisSubcommandLabel = "COMMAND",
    description = "Streams the row changes of MySQL servers to many consumers.",
    footerHeading = "%nFirst steps:%n",
    footer = {
      "  edit conf/example/instance.properties   address and account of your MySQL",
      "  bin/canal check                         are the settings right?",
      "  bin/canal start                         start in the background",
      "  bin/canal status                        how is it?",
      "  bin/canal watch example                 see changes as they happen",
      "  bin/canal position show example         where its consumers are"
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:done", "1:failed", "2:wrong usage"},
    subcommands = {
      ScriptCommand.Start.class,
      ScriptCommand.Stop.class,
      ScriptCommand.Restart.class,
      StatusCommand.class,
      WatchCommand.class,
      PositionCommand.class,
      DemoCommand.class,
      CheckCommand.class,
      SettingsCommand.class,
      PasswordCommand.class,
      ServerCommand.class
    })
public final class CanalCommand implements Runnable {
  @Spec private CommandSpec spec;

  public static void main(String[] arguments) {
    System.exit(commandLine().execute(arguments));
  }

  static CommandLine commandLine() {
    return new CommandLine(new CanalCommand())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionExceptionHandler(
            (failure, command, parsed) -> {
              command.getErr().println(command.getColorScheme().errorText(message(failure)));
              return command.getCommandSpec().exitCodeOnExecutionException();
            });
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "expected a command");
  }

  /** The directory with bin, conf, lib and logs, which {@code bin/canal} passes. */
  static Path home() {
    return Path.of(System.getProperty("canal.home", ".")).toAbsolutePath().normalize();
  }

  /**
   * The server's settings.
   *
   * @param otherwise what to do where they are wrong
   */
  static ServerSettings settings(String otherwise) {
    return ConfigurationLoader.load(home(), System.getenv())
        .server()
        .orElseThrow(
            () ->
                new CanalException(
                    ErrorCode.BAD_REQUEST,
                    "conf/canal.properties has problems, see `bin/canal check`; " + otherwise));
  }

  /** Where a port of this machine is reached that listens on that address. */
  static HostAndPort reachable(String host, int port) {
    boolean everywhere = host.equals("0.0.0.0") || host.equals("::");
    return new HostAndPort(everywhere ? "127.0.0.1" : host, port);
  }

  private static String message(Exception failure) {
    return failure instanceof CanalException
        ? failure.getMessage()
        : failure.getClass().getSimpleName()
            + Optional.ofNullable(failure.getMessage()).map(text -> ": " + text).orElse("");
  }

  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"canal " + ServerVersion.get()};
    }
  }
}
