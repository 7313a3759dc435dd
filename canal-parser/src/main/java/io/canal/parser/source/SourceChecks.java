package io.canal.parser.source;

import static java.util.Objects.requireNonNull;

import io.canal.parser.binlog.SourceErrorException;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Looks for whatever keeps a source from being streamed, and says it all at once, each problem with
 * the statement that mends it. Privileges are tried out rather than parsed, so that roles and other
 * ways to have them count.
 */
public final class SourceChecks {
  /**
   * One finding.
   *
   * @param fatal whether streaming is impossible or would lose changes; else it is worth a warning
   */
  public record Problem(boolean fatal, String text) {
    public Problem {
      requireNonNull(text, "text is null");
    }
  }

  private SourceChecks() {}

  /** All findings; throws only where the connection itself fails. */
  public static List<Problem> check(SourceInfo info, SqlSession session, SourceConfig config)
      throws IOException {
    List<Problem> problems = new ArrayList<>(settings(info));
    String account = account(session.query("SELECT CURRENT_USER()").get(0)[0]);
    if (isDenied(() -> session.query("SHOW BINARY LOGS"))) {
      problems.add(
          fatal(
              "the account may not ask for log positions: GRANT REPLICATION CLIENT ON *.* TO "
                  + account));
    }
    if (info.logBin() && isDenied(() -> dumpOneEvent(config))) {
      problems.add(
          fatal(
              "the account may not read the binary log: GRANT REPLICATION SLAVE ON *.* TO "
                  + account));
    }
    if (seesNoSchema(session)) {
      problems.add(fatal("the account may not see any table: GRANT SELECT ON *.* TO " + account));
    }
    return problems;
  }

  /** Throws one {@link CanalException} with all fatal findings, if there are any. */
  public static void requireNoFatal(SourceConfig config, List<Problem> problems) {
    String fatal =
        problems.stream()
            .filter(Problem::fatal)
            .map(Problem::text)
            .collect(Collectors.joining("\n  - ", "\n  - ", ""));
    if (problems.stream().anyMatch(Problem::fatal)) {
      throw new CanalException(
          ErrorCode.STOP_INSTANCE, config.address() + " cannot be streamed:" + fatal);
    }
  }

  /** What the variables alone tell. */
  static List<Problem> settings(SourceInfo info) {
    List<Problem> problems = new ArrayList<>();
    boolean known = info.isMariadb() ? info.isAtLeast(10, 5, 0) : info.isAtLeast(5, 7, 0);
    if (!known) {
      problems.add(
          fatal(
              "version '"
                  + info.version()
                  + "' is not supported: MySQL 5.7 and later and MariaDB 10.5 and later are"));
    }
    if (!info.logBin()) {
      problems.add(
          fatal(
              "the binary log is off: set log_bin=binlog and a server_id in the source's my.cnf"
                  + " and restart it"));
    } else if (info.serverId() == 0) {
      problems.add(fatal("server_id is 0, which refuses replicas: SET GLOBAL server_id = 1"));
    }
    if (!is(info.binlogFormat(), "ROW") && !info.binlogFormat().isEmpty()) {
      problems.add(
          fatal(
              "binlog_format is "
                  + info.binlogFormat()
                  + ", and statements cannot be turned into row changes:"
                  + " SET GLOBAL binlog_format = ROW, then reconnect all applications"));
    }
    if (info.rowValueOptions().toUpperCase(Locale.ROOT).contains("PARTIAL_JSON")) {
      problems.add(
          fatal(
              "binlog_row_value_options is PARTIAL_JSON, and updates of JSON columns that hold"
                  + " differences only are not supported yet: SET GLOBAL binlog_row_value_options ="
                  + " '', then reconnect all applications"));
    }
    if (!is(info.rowImage(), "FULL") && !info.rowImage().isEmpty()) {
      problems.add(
          warning(
              "binlog_row_image is "
                  + info.rowImage()
                  + ", so that rows lack unchanged columns: SET GLOBAL binlog_row_image = FULL"));
    }
    if (info.rowMetadata().isPresent() && !is(info.rowMetadata().get(), "FULL")) {
      problems.add(
          warning(
              "binlog_row_metadata is "
                  + info.rowMetadata().get()
                  + ", so that column names come from the table as it is now and not as it was:"
                  + " SET GLOBAL binlog_row_metadata = FULL"));
    }
    return problems;
  }

  /** {@code user@host} with both parts quoted. */
  static String account(String currentUser) {
    int at = currentUser.lastIndexOf('@');
    return at < 0
        ? "'" + currentUser + "'"
        : "'" + currentUser.substring(0, at) + "'@'" + currentUser.substring(at + 1) + "'";
  }

  private interface Action {
    void run() throws IOException;
  }

  private static boolean isDenied(Action action) throws IOException {
    try {
      action.run();
      return false;
    } catch (SourceErrorException e) {
      // other refusals, such as a binary log that is off, have their own finding
      return e.kind() == SourceErrorException.Kind.ACCESS_DENIED;
    }
  }

  private static void dumpOneEvent(SourceConfig config) throws IOException {
    DumpRequest oldest = new DumpRequest.At("", DumpRequest.FIRST_OFFSET);
    try (BinlogDump dump = BinlogDump.openUntilEnd(config.withServerId(0), oldest)) {
      dump.events().next();
    }
  }

  private static boolean seesNoSchema(SqlSession session) throws IOException {
    return session
        .query(
            "SELECT 1 FROM information_schema.SCHEMATA"
                + " WHERE SCHEMA_NAME NOT IN ('information_schema', 'performance_schema') LIMIT 1")
        .isEmpty();
  }

  private static boolean is(String found, String expected) {
    return found.equalsIgnoreCase(expected);
  }

  private static Problem fatal(String text) {
    return new Problem(true, text);
  }

  private static Problem warning(String text) {
    return new Problem(false, text);
  }
}
