package io.canal.server.cli;

import io.canal.server.config.Configuration;
import io.canal.server.config.ConfigurationLoader;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi.Text;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Loads the configuration and prints everything that is wrong with it. */
@Command(
    name = "check",
    mixinStandardHelpOptions = true,
    description = {
      "Prints every problem of the configuration files and the environment, and starts nothing.",
      "Exit code 1 if there is a problem."
    })
final class CheckCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Configuration configuration = ConfigurationLoader.load(CanalCommand.home(), System.getenv());
    PrintWriter out = spec.commandLine().getOut();
    configuration.notices().forEach(notice -> out.println("note: " + notice));
    configuration.problems().forEach(problem -> out.println(error(problem.toString())));
    if (!configuration.problems().isEmpty()) {
      out.println(configuration.problems().size() + " problem(s)");
      return 1;
    }
    out.println("no problem in " + configuration.destinations().size() + " destination(s)");
    return 0;
  }

  private Text error(String text) {
    return spec.commandLine().getColorScheme().errorText(text);
  }
}
