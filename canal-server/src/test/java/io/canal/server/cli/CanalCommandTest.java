package io.canal.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class CanalCommandTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void shouldHelp() {
    assertThat(run("--help")).isZero();
    assertThat(out.toString()).contains("start", "stop", "status", "watch", "demo", "check");
  }

  @Test
  void shouldHelpWithEveryCommand() {
    for (String command : CanalCommand.commandLine().getSubcommands().keySet()) {
      assertThat(run(command, "--help")).as(command).isZero();
      assertThat(out.toString()).contains("Usage: canal " + command);
    }
  }

  @Test
  void shouldTellWrongUsageFromFailure() {
    assertThat(run()).isEqualTo(2);
    assertThat(run("wach")).isEqualTo(2);
    assertThat(run("watch")).isEqualTo(2);
    assertThat(run("demo", "--mysql", "127.0.0.1:1")).isEqualTo(2);
    assertThat(run("status", "--http", "127.0.0.1:1")).isEqualTo(1);
    assertThat(err.toString()).contains("no server answers at 127.0.0.1:1");
  }

  @Test
  void shouldHashAPasswordAsMysqlOnceDid() {
    // SELECT PASSWORD('canal') of MySQL 5.7
    assertThat(PasswordCommand.hash("canal")).isEqualTo("e3619321c1a937c46a0d8bd1dac39f93b27d4458");
  }

  private int run(String... arguments) {
    CommandLine command = CanalCommand.commandLine();
    command.setOut(new PrintWriter(out, true));
    command.setErr(new PrintWriter(err, true));
    return command.execute(arguments);
  }
}
