package io.canal.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.canal.testing.MysqlServer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What happens to the stream when the connection, the source or a byte breaks. */
@Timeout(120)
class ReceiverIT {
  @RegisterExtension
  static final MysqlServer MYSQL =
      MysqlServer.of("9.7")
          .withOptions(
              "--binlog-row-metadata=FULL",
              "--gtid-mode=OFF",
              "--enforce-gtid-consistency=OFF",
              "--max-binlog-size=64K");

  @Test
  void shouldDeliverEveryRowOnceOverCutsInTheMiddleOfAnEvent() throws Exception {
    String schema = MYSQL.createSchema("cut");
    MYSQL.execute("CREATE TABLE %s.t (id INT, v TEXT)".formatted(schema));
    try (SourceProxy proxy = new SourceProxy(MYSQL);
        CanalHome home = CanalHome.create().destination("example", MYSQL, through(proxy));
        CanalServer canal = home.start();
        RowReceiver client = RowReceiver.open(home, "example", 1, schema + "\\..*")) {
      assertThat(canal.status().isReady()).isTrue();
      proxy.cutAt("the marker " + schema, 3);
      MYSQL.execute(
          "USE " + schema,
          "INSERT INTO t VALUES (1, ''), (2, '')",
          "START TRANSACTION",
          "INSERT INTO t VALUES (3, REPEAT('x', 60000))",
          "INSERT INTO t VALUES (4, REPEAT('the marker %s', 100))".formatted(schema),
          "INSERT INTO t VALUES (5, '')",
          "COMMIT",
          "INSERT INTO t VALUES (6, '')");

      assertThat(client.rows(6))
          .extracting(row -> row.get("id"))
          .containsExactly("1", "2", "3", "4", "5", "6");
      assertThat(proxy.harmed()).isEqualTo(3);
    }
  }

  @Test
  void shouldStopBeforeACorruptEventAndSayWhereWhileOthersGoOn() throws Exception {
    String schema = MYSQL.createSchema("corrupt");
    MYSQL.execute("CREATE TABLE %s.t (id INT, v TEXT)".formatted(schema));
    try (SourceProxy proxy = new SourceProxy(MYSQL);
        CanalHome home =
            CanalHome.create()
                .destination("example", MYSQL, through(proxy))
                .destination("other", MYSQL);
        CanalServer canal = home.start();
        RowReceiver client = RowReceiver.open(home, "example", 1, schema + "\\..*");
        RowReceiver other = RowReceiver.open(home, "other", 1, schema + "\\..*")) {
      assertThat(canal.status().isReady()).isTrue();
      proxy.flipAt("the marker " + schema);
      MYSQL.execute(
          "USE " + schema,
          "INSERT INTO t VALUES (1, '')",
          "INSERT INTO t VALUES (2, 'the marker %s')".formatted(schema),
          "INSERT INTO t VALUES (3, '')");

      assertThat(other.rows(3)).extracting(row -> row.get("id")).containsExactly("1", "2", "3");
      assertThat(client.rows(1)).extracting(row -> row.get("id")).containsExactly("1");
      home.await(
          "example",
          "that it stops and says where",
          instance ->
              instance.path("state").asText().equals("STOPPED")
                  && instance
                      .path("reason")
                      .asText()
                      .matches(
                          "binlog\\.\\d+:\\d+: event of type 30 .*: checksum .*, expected .*"));
      MYSQL.execute("INSERT INTO %s.t VALUES (4, '')".formatted(schema));
      assertThat(other.rows(1)).extracting(row -> row.get("id")).containsExactly("4");
    }
  }

  @Test
  void shouldFollowRotationsWithoutGtids() throws Exception {
    String schema = MYSQL.createSchema("rotate");
    MYSQL.execute("CREATE TABLE %s.t (id INT, v TEXT)".formatted(schema));
    try (CanalHome home = CanalHome.create().destination("example", MYSQL)) {
      try (CanalServer canal = home.start();
          RowReceiver client = RowReceiver.open(home, "example", 1, schema + "\\..*")) {
        assertThat(canal.status().isReady()).isTrue();
        // each is larger than a file may be, so that the log is rotated after each
        for (int id = 1; id <= 5; id++) {
          MYSQL.execute("INSERT INTO %s.t VALUES (%d, REPEAT('x', 65000))".formatted(schema, id));
        }
        assertThat(client.rows(5))
            .extracting(row -> row.get("id"))
            .containsExactly("1", "2", "3", "4", "5");
        MYSQL.stop();
        MYSQL.start();
        MYSQL.execute("INSERT INTO %s.t VALUES (6, '')".formatted(schema), "FLUSH BINARY LOGS");
        assertThat(client.rows(1)).extracting(row -> row.get("id")).containsExactly("6");
      }
      MYSQL.execute("INSERT INTO %s.t VALUES (7, '')".formatted(schema), "FLUSH BINARY LOGS");

      try (CanalServer canal = home.start();
          RowReceiver client = RowReceiver.open(home, "example", 1, "")) {
        assertThat(canal.status().isReady()).isTrue();
        assertThat(client.rows(1)).extracting(row -> row.get("id")).containsExactly("7");
      }
    }
  }

  @Test
  void shouldFailTheConsumerAloneWhoseStoredPositionIsPurged() throws Exception {
    String schema = MYSQL.createSchema("purge");
    MYSQL.execute("CREATE TABLE %s.t (id INT)".formatted(schema));
    try (CanalHome home = CanalHome.create().destination("example", MYSQL)) {
      try (CanalServer canal = home.start();
          RowReceiver client = RowReceiver.open(home, "example", 1, schema + "\\..*")) {
        assertThat(canal.status().isReady()).isTrue();
        MYSQL.execute("INSERT INTO %s.t VALUES (1)".formatted(schema));
        assertThat(client.rows(1)).hasSize(1);
      }
      MYSQL.execute(
          "INSERT INTO %s.t VALUES (2)".formatted(schema),
          "FLUSH BINARY LOGS",
          "FLUSH BINARY LOGS",
          "PURGE BINARY LOGS BEFORE NOW() + INTERVAL 1 DAY");

      try (CanalServer canal = home.start();
          RowReceiver client = RowReceiver.open(home, "example", 1, "");
          RowReceiver other = RowReceiver.open(home, "example", 2, schema + "\\..*")) {
        assertThat(canal.status().isReady()).isTrue();
        MYSQL.execute("INSERT INTO %s.t VALUES (3)".formatted(schema));
        assertThat(other.rows(1)).extracting(row -> row.get("id")).containsExactly("3");
        assertThatThrownBy(() -> client.rows(1))
            .hasMessageContaining("client id 1 of example cannot go on after file=binlog.")
            .hasMessageContaining("no longer has the binary log")
            .hasMessageContaining("bin/canal position set example 1");
        assertThat(home.status("example").path("state").asText()).isEqualTo("RUNNING");
        assertThat(home.status("example").at("/consumers/0/state").asText()).isEqualTo("FAILED");
      }
    }
  }

  @Test
  void shouldBeginAtTheOldestChangeWhereTheBeginningOfANewDestinationIsPurged() throws Exception {
    String schema = MYSQL.createSchema("oldest");
    MYSQL.execute("CREATE TABLE %s.t (id INT)".formatted(schema));
    try (CanalHome home = CanalHome.create().destination("example", MYSQL)) {
      try (CanalServer canal = home.start()) {
        home.awaitServing("example");
        assertThat(canal.status().isReady()).isTrue();
      }
      MYSQL.execute(
          "INSERT INTO %s.t VALUES (1)".formatted(schema),
          "FLUSH BINARY LOGS",
          "INSERT INTO %s.t VALUES (2)".formatted(schema));
      MYSQL.execute("PURGE BINARY LOGS TO '%s'".formatted(newestFile()));

      try (CanalServer canal = home.start();
          RowReceiver client = RowReceiver.open(home, "example", 1, schema + "\\..*")) {
        assertThat(canal.status().isReady()).isTrue();
        assertThat(client.rows(1)).extracting(row -> row.get("id")).containsExactly("2");
      }
    }
  }

  private static String newestFile() throws Exception {
    try (Connection connection = MYSQL.connect();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SHOW BINARY LOG STATUS")) {
      row.next();
      return row.getString(1);
    }
  }

  private static Map<String, String> through(SourceProxy proxy) {
    return Map.of(
        "canal.instance.master.address",
        proxy.address(),
        "canal.instance.master.sslMode",
        "DISABLED");
  }
}
