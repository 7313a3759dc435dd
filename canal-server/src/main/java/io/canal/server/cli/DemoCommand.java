package io.canal.server.cli;

import io.canal.parser.source.SourceConfig;
import io.canal.parser.source.SqlSession;
import io.canal.parser.source.SslMode;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.server.config.HostAndPort;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Makes a few transactions on a MySQL, for somebody who wants to see them arrive. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    description = {
      "Makes a few transactions on a MySQL: it creates the table customer in the schema (and drops"
          + " one of that name), inserts three rows, adds a column, updates two rows, deletes one.",
      "The account needs all rights in that schema."
    })
final class DemoCommand implements Callable<Integer> {
  private static final int TIMEOUT_MS = 10_000;

  @Option(
      names = "--mysql",
      required = true,
      paramLabel = "HOST:PORT",
      description = "Where to make the changes.")
  private String mysql;

  @Option(names = "--user", required = true, description = "User of that MySQL.")
  private String user;

  @Option(
      names = "--password-file",
      paramLabel = "FILE",
      description = "File whose first line is the password.")
  private Path passwordFile;

  @Option(
      names = "--schema",
      defaultValue = "shop",
      description = "Schema, created if it is missing (${DEFAULT-VALUE}).")
  private String schema;

  @Option(
      names = "--pause",
      paramLabel = "MS",
      defaultValue = "0",
      description = "Wait after each transaction, to see its changes arrive (${DEFAULT-VALUE}).")
  private int pauseMs;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (!schema.matches("[A-Za-z0-9_]{1,64}")) {
      throw new ParameterException(
          spec.commandLine(), "--schema expected letters, digits and '_', found '" + schema + "'");
    }
    HostAndPort address = HostAndPort.parse(mysql, 3306);
    SourceConfig config =
        new SourceConfig(
            address.host(),
            address.port(),
            user,
            PasswordFile.read(passwordFile),
            SslMode.PREFERRED,
            Optional.empty(),
            0,
            TIMEOUT_MS,
            TIMEOUT_MS,
            0);
    PrintWriter out = spec.commandLine().getOut();
    try (SqlSession session = SqlSession.open(config)) {
      boolean open = false;
      for (String statement : statements()) {
        out.println(statement);
        out.flush();
        session.execute(statement);
        open = !statement.equals("COMMIT") && (open || statement.equals("BEGIN"));
        if (!open) {
          Thread.sleep(pauseMs);
        }
      }
    } catch (IOException e) {
      throw new CanalException(ErrorCode.BAD_REQUEST, address + ": " + e.getMessage(), e);
    }
    return 0;
  }

  private List<String> statements() {
    String table = schema + ".customer";
    return List.of(
        "CREATE DATABASE IF NOT EXISTS " + schema,
        "DROP TABLE IF EXISTS " + table,
        "CREATE TABLE "
            + table
            + " (id INT UNSIGNED PRIMARY KEY, name VARCHAR(60) NOT NULL, email VARCHAR(120), credit"
            + " DECIMAL(10,2) NOT NULL)",
        "BEGIN",
        "INSERT INTO "
            + table
            + " VALUES (1, 'Ada Lovelace', 'ada@example.com', 100.00),"
            + " (2, 'Grace Hopper', NULL, 20.50), (3, 'Alan Turing', NULL, 0.00)",
        "COMMIT",
        "ALTER TABLE " + table + " ADD COLUMN updated DATETIME(3) NULL",
        "BEGIN",
        "UPDATE " + table + " SET credit = credit - 30, updated = NOW(3) WHERE id = 1",
        "UPDATE " + table + " SET credit = credit + 30, updated = NOW(3) WHERE id = 2",
        "COMMIT",
        "DELETE FROM " + table + " WHERE id = 3");
  }
}
