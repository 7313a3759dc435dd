package io.canal.server.cli;

import io.canal.server.config.SettingsReference;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Prints all settings. */
@Command(
    name = "settings",
    mixinStandardHelpOptions = true,
    description = "Prints every setting with its default and its meaning.")
final class SettingsCommand implements Runnable {
  @Option(names = "--markdown", description = "As docs/configuration.md.")
  private boolean markdown;

  @Spec private CommandSpec spec;

  @Override
  public void run() {
    String reference = markdown ? SettingsReference.markdown() : SettingsReference.text();
    spec.commandLine().getOut().print(reference);
    spec.commandLine().getOut().flush();
  }
}
