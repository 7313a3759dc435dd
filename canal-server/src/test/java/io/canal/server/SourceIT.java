package io.canal.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.canal.server.RowReceiver.Row;
import io.canal.testing.FreePort;
import io.canal.testing.MysqlServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What a source has to be and allow, what is said where it does not, and where reading begins. */
@Timeout(120)
class SourceIT {
  @RegisterExtension
  static final MysqlServer MYSQL = MysqlServer.of("9.7").withOptions("--binlog-row-metadata=FULL");

  @Test
  void shouldReadWithTheThreePrivilegesAloneBesideDestinationsThatCannot() throws Exception {
    String schema = MYSQL.createSchema("least");
    String source = MYSQL.host() + ":" + MYSQL.port();
    MYSQL.execute(
        "CREATE USER least IDENTIFIED BY 'secret', usage_only IDENTIFIED BY 'secret',"
            + " no_slave IDENTIFIED BY 'secret', no_select IDENTIFIED BY 'secret'",
        "GRANT REPLICATION SLAVE, REPLICATION CLIENT, SELECT ON *.* TO least",
        "GRANT REPLICATION CLIENT, SELECT ON *.* TO no_slave",
        "GRANT REPLICATION CLIENT, REPLICATION SLAVE ON *.* TO no_select");
    int unused = FreePort.find();
    try (CanalHome home =
            CanalHome.create()
                .destination("least", MYSQL, account("least", "secret"))
                .destination("usage_only", MYSQL, account("usage_only", "secret"))
                .destination("no_slave", MYSQL, account("no_slave", "secret"))
                .destination("no_select", MYSQL, account("no_select", "secret"))
                .destination("wrong_password", MYSQL, account("least", "wrong"))
                .destination(
                    "nobody",
                    MYSQL,
                    Map.of("canal.instance.master.address", "127.0.0.1:" + unused));
        CanalServer canal = home.start();
        RowReceiver client = RowReceiver.open(home, "least", 1, schema + "\\..*")) {
      assertThat(canal.status().isReady()).isTrue();
      MYSQL.execute(
          "CREATE TABLE %s.t (id INT)".formatted(schema),
          "INSERT INTO %s.t VALUES (1)".formatted(schema));

      assertThat(client.rows(1)).extracting(row -> row.get("id")).containsExactly("1");
      assertReason(
          home,
          "usage_only",
          "STOPPED",
          source
              + " cannot be streamed:"
              + "\n  - the account may not ask for log positions: GRANT REPLICATION CLIENT ON *.* TO"
              + " 'usage_only'@'%'"
              + "\n  - the account may not read the binary log: GRANT REPLICATION SLAVE ON *.* TO"
              + " 'usage_only'@'%'"
              + "\n  - the account may not see any table: GRANT SELECT ON *.* TO 'usage_only'@'%'");
      assertReason(
          home,
          "no_slave",
          "STOPPED",
          source
              + " cannot be streamed:"
              + "\n  - the account may not read the binary log: GRANT REPLICATION SLAVE ON *.* TO"
              + " 'no_slave'@'%'");
      assertReason(
          home,
          "no_select",
          "STOPPED",
          source
              + " cannot be streamed:"
              + "\n  - the account may not see any table: GRANT SELECT ON *.* TO 'no_select'@'%'");
      assertReason(
          home,
          "wrong_password",
          "STARTING",
          source
              + ": source error 1045 (28000): Access denied for user 'least'@'localhost' (using"
              + " password: YES)");
      assertReason(
          home,
          "nobody",
          "STARTING",
          "cannot connect to 127.0.0.1:" + unused + ": Connection refused");
    }
  }

  @Test
  void shouldSayThatStatementsCannotBeReadAndGoOnWhenTheFormatIsMended() throws Exception {
    MYSQL.execute("SET GLOBAL binlog_format = 'STATEMENT'");
    try (CanalHome home = CanalHome.create().destination("example", MYSQL)) {
      try (CanalServer canal = home.start()) {
        assertReason(
            home,
            "example",
            "STOPPED",
            MYSQL.host()
                + ":"
                + MYSQL.port()
                + " cannot be streamed:"
                + "\n  - binlog_format is STATEMENT, and statements cannot be turned into row"
                + " changes: SET GLOBAL binlog_format = ROW, then reconnect all applications");
        assertThat(canal.status().isReady()).isFalse();
      }
      MYSQL.execute("SET GLOBAL binlog_format = 'ROW'");

      try (CanalServer canal = home.start()) {
        home.awaitServing("example");
        assertThat(canal.status().isReady()).isTrue();
      }
    } finally {
      MYSQL.execute("SET GLOBAL binlog_format = 'ROW'");
    }
  }

  @Test
  void shouldBeginWhereTheConfigurationSays() throws Exception {
    String schema = MYSQL.createSchema("start");
    MYSQL.execute(
        "CREATE TABLE %s.t (id INT)".formatted(schema),
        "INSERT INTO %s.t VALUES (1)".formatted(schema));
    String second = afterThisSecond();
    MYSQL.execute("INSERT INTO %s.t VALUES (2)".formatted(schema));
    String[] status = binlogStatus();
    MYSQL.execute(
        "FLUSH BINARY LOGS",
        "INSERT INTO %s.t VALUES (3)".formatted(schema),
        "FLUSH BINARY LOGS",
        "INSERT INTO %s.t VALUES (4)".formatted(schema));
    String missing = "11111111-2222-3333-4444-555555555555:1-7";
    try (CanalHome home =
            CanalHome.create()
                .destination(
                    "offset",
                    MYSQL,
                    Map.of(
                        "canal.instance.master.journal.name", status[0],
                        "canal.instance.master.position", status[1]))
                .destination(
                    "file", MYSQL, Map.of("canal.instance.master.journal.name", "binlog.000001"))
                .destination(
                    "gtid", MYSQL, Map.of("canal.instance.master.gtid", status[4] + "," + missing))
                .destination("time", MYSQL, Map.of("canal.instance.master.timestamp", second))
                .destination("end", MYSQL)
                .destination(
                    "purged", MYSQL, Map.of("canal.instance.master.journal.name", "binlog.000000"))
                .destination(
                    "inside",
                    MYSQL,
                    Map.of(
                        "canal.instance.master.journal.name",
                        status[0],
                        "canal.instance.master.position",
                        Long.toString(Long.parseLong(status[1]) - 5)));
        CanalServer canal = home.start()) {
      assertThat(canal.status().address()).isPresent();
      List.of("offset", "file", "gtid", "time", "end").forEach(home::awaitServing);
      MYSQL.execute("INSERT INTO %s.t VALUES (5)".formatted(schema));

      Map<String, List<String>> received = new HashMap<>();
      Map<String, Integer> expected =
          Map.of("offset", 3, "file", 5, "gtid", 3, "time", 4, "end", 1);
      for (Map.Entry<String, Integer> entry : expected.entrySet()) {
        try (RowReceiver client = RowReceiver.open(home, entry.getKey(), 1, schema + "\\..*")) {
          received.put(
              entry.getKey(),
              client.rows(entry.getValue()).stream().map(row -> row.get("id")).toList());
        }
      }

      assertThat(received)
          .containsOnly(
              Map.entry("offset", List.of("3", "4", "5")),
              Map.entry("file", List.of("1", "2", "3", "4", "5")),
              Map.entry("gtid", List.of("3", "4", "5")),
              Map.entry("time", List.of("2", "3", "4", "5")),
              Map.entry("end", List.of("5")));
      assertReasonMatches(
          home, "purged", "STOPPED", ".*: no binary log 'binlog.000000', the source has .* to .*");
      assertReasonMatches(
          home,
          "inside",
          "STOPPED",
          ".*: %s:%d is inside an event, which begins at \\d+ and ends at %s"
              .formatted(status[0], Long.parseLong(status[1]) - 5, status[1]));
    }
  }

  @Test
  void shouldStartFromTheOriginalsConfiguration() throws Exception {
    String schema = MYSQL.createSchema("original");
    MYSQL.execute(
        "CREATE USER IF NOT EXISTS canal IDENTIFIED BY 'canal'",
        "GRANT REPLICATION SLAVE, REPLICATION CLIENT, SELECT ON *.* TO canal",
        "CREATE TABLE %s.t (id INT)".formatted(schema));
    Path original = Path.of(SourceIT.class.getResource("/alibaba-canal/conf").toURI());
    try (CanalHome home = CanalHome.create()) {
      Path conf = home.path().resolve("conf");
      Files.createDirectories(conf.resolve("example"));
      String server =
          Files.readString(original.resolve("canal.properties"))
              .replace("canal.port=11111", "canal.port=" + home.port())
              .replace(
                  "canal.metrics.pull.port=11112", "canal.metrics.pull.port=" + home.httpPort());
      Files.writeString(conf.resolve("canal.properties"), server);
      String instance =
          Files.readString(original.resolve("example").resolve("instance.properties"))
              .replace("127.0.0.1:3306", MYSQL.host() + ":" + MYSQL.port());
      Files.writeString(conf.resolve("example").resolve("instance.properties"), instance);

      try (CanalServer canal = home.start();
          RowReceiver client = RowReceiver.open(home, "example", 1001, schema + "\\..*")) {
        assertThat(canal.status().isReady()).isTrue();
        MYSQL.execute("INSERT INTO %s.t VALUES (1)".formatted(schema));

        assertThat(client.rows(1)).extracting(row -> row.get("id")).containsExactly("1");
      }
    }
  }

  @Test
  void shouldGoOnAtTheStoredPositionAfterRestartsOfEitherServer() throws Exception {
    String schema = MYSQL.createSchema("restart");
    MYSQL.execute("CREATE TABLE %s.t (id INT)".formatted(schema));
    try (CanalHome home = CanalHome.create().destination("example", MYSQL)) {
      try (CanalServer canal = home.start();
          RowReceiver client = RowReceiver.open(home, "example", 1, schema + "\\..*")) {
        assertThat(canal.status().isReady()).isTrue();
        MYSQL.execute("INSERT INTO %s.t VALUES (1)".formatted(schema), "FLUSH BINARY LOGS");
        assertThat(client.rows(1)).extracting(row -> row.get("id")).containsExactly("1");
        MYSQL.stop();
        MYSQL.start();
        MYSQL.execute("INSERT INTO %s.t VALUES (2)".formatted(schema));
        assertThat(client.rows(1)).extracting(row -> row.get("id")).containsExactly("2");
        MYSQL.kill();
        MYSQL.start();
        MYSQL.execute("INSERT INTO %s.t VALUES (3)".formatted(schema));
        assertThat(client.rows(1)).extracting(row -> row.get("id")).containsExactly("3");
      }
      MYSQL.execute("INSERT INTO %s.t VALUES (4)".formatted(schema), "FLUSH BINARY LOGS");
      MYSQL.execute("INSERT INTO %s.t VALUES (5)".formatted(schema));

      try (CanalServer canal = home.start();
          RowReceiver client = RowReceiver.open(home, "example", 1, "")) {
        assertThat(canal.status().isReady()).isTrue();

        List<Row> rows = client.rows(2);

        assertThat(rows).extracting(row -> row.get("id")).containsExactly("4", "5");
      }
    }
  }

  @Test
  void shouldStopWhenAnotherReplicaHasItsServerId() throws Exception {
    Map<String, String> id = Map.of("canal.instance.mysql.slaveId", "777");
    try (CanalHome home =
            CanalHome.create()
                .destination("first", MYSQL, id)
                .destination("second", MYSQL, id)
                .destination("other", MYSQL);
        CanalServer canal = home.start()) {
      home.awaitServing("other");
      Await.until(
          "one of two destinations with the same server_id is thrown out",
          Duration.ofSeconds(30),
          () -> canal.status().toString(),
          () ->
              canal.status().instances().stream()
                  .anyMatch(
                      instance ->
                          instance.state().name().equals("STOPPED")
                              && instance
                                  .reason()
                                  .startsWith(
                                      "another replica connected to "
                                          + MYSQL.host()
                                          + ":"
                                          + MYSQL.port()
                                          + " with our server_id and threw this one out; give"
                                          + " canal.instance.mysql.slaveId a number of its own, or"
                                          + " leave it out")));
      assertThat(canal.status().instances().stream().filter(i -> i.state().isServing()))
          .extracting(instance -> instance.destination())
          .hasSize(2)
          .contains("other");
    }
  }

  private static Map<String, String> account(String user, String password) {
    return Map.of("canal.instance.dbUsername", user, "canal.instance.dbPassword", password);
  }

  private static void assertReason(
      CanalHome home, String destination, String state, String reason) {
    home.await(
        destination,
        "that it is " + state + " because " + reason,
        instance ->
            instance.path("state").asText().equals(state)
                && instance.path("reason").asText().equals(reason));
  }

  private static void assertReasonMatches(
      CanalHome home, String destination, String state, String pattern) {
    home.await(
        destination,
        "that it is " + state + " because " + pattern,
        instance ->
            instance.path("state").asText().equals(state)
                && instance.path("reason").asText().matches(pattern));
  }

  /** The source's time in milliseconds, in a second that began after the call. */
  private static String afterThisSecond() throws Exception {
    try (Connection connection = MYSQL.connect();
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT SLEEP(1.01), FLOOR(UNIX_TIMESTAMP(SYSDATE(3))) * 1000")) {
      row.next();
      return row.getString(2);
    }
  }

  private static String[] binlogStatus() throws Exception {
    try (Connection connection = MYSQL.connect();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SHOW BINARY LOG STATUS")) {
      row.next();
      return new String[] {
        row.getString(1), row.getString(2), "", "", row.getString(5).replace("\n", "")
      };
    }
  }
}
