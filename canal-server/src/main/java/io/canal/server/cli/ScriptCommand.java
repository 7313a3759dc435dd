package io.canal.server.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** Runs a script of {@code bin/}, which works without a JVM too, and passes its exit code on. */
abstract class ScriptCommand implements Callable<Integer> {
  private final String script;

  private ScriptCommand(String script) {
    this.script = script;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Path path = CanalCommand.home().resolve("bin").resolve(script);
    return new ProcessBuilder(path.toString()).inheritIO().start().waitFor();
  }

  @Command(
      name = "start",
      mixinStandardHelpOptions = true,
      description = {
        "Starts the server in the background and waits until it is ready (bin/startup.sh).",
        "Exit code 0: it is ready, or ran already. 1: it did not start. 3: it runs, but has no"
            + " source, either because something has to be mended, or because none was reached"
            + " within CANAL_START_TIMEOUT seconds (30); then it goes on trying. A source that"
            + " refuses the account is told at once."
      })
  static final class Start extends ScriptCommand {
    Start() {
      super("startup.sh");
    }
  }

  @Command(
      name = "stop",
      mixinStandardHelpOptions = true,
      description =
          "Stops the server (bin/stop.sh): asks it, and ends it by force after 30 seconds.")
  static final class Stop extends ScriptCommand {
    Stop() {
      super("stop.sh");
    }
  }

  @Command(
      name = "restart",
      mixinStandardHelpOptions = true,
      description = "Stops the server if it runs, and starts it (bin/restart.sh).")
  static final class Restart extends ScriptCommand {
    Restart() {
      super("restart.sh");
    }
  }
}
