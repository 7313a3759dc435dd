package io.canal.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.testing.MysqlServer;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A client id that subscribes and does not return for long holds up nobody, and loses nothing. */
@Timeout(300)
class ForgottenConsumerIT {
  @RegisterExtension
  static final MysqlServer MYSQL = MysqlServer.of("9.7").withOptions("--max-binlog-size=4M");

  private static final int FORGOTTEN = 1001;
  private static final int BUDGET_MIB = 6;
  private static final int ROWS_PER_TRANSACTION = 100;
  private static final int TRANSACTIONS_PER_MIB = 10;

  @Test
  void shouldGiveEveryRowInOrderToWhoReturns() throws Exception {
    NumberedRows rows = NumberedRows.create(MYSQL, "forgotten");
    try (CanalHome home = home();
        CanalServer canal = home.start()) {
      forget(home, rows);
      try (NumberedRows.Reader other = rows.new Reader(home, "example", 1002, 0)) {
        long before = rows.written();
        write(rows, 3 * BUDGET_MIB);
        other.readTo(rows.written(), 1024);
        home.await(
            "example",
            "that the forgotten one is detached",
            instance -> state(instance, 0).equals("DETACHED"));
        assertThat(CatchUpIT.dumps(MYSQL)).hasSize(1);

        try (NumberedRows.Reader returned = rows.new Reader(home, "example", FORGOTTEN, before)) {
          returned.readTo(rows.written(), 1024);
          write(rows, 1);
          returned.readTo(rows.written(), 1024);
          other.readTo(rows.written(), 1024);
        }
        home.await(
            "example",
            "that both read the log",
            instance ->
                state(instance, 0).equals("ATTACHED") && state(instance, 1).equals("ATTACHED"));
        CatchUpIT.awaitOneDump(MYSQL);
      }
      assertThat(canal.status().isReady()).isTrue();
    }
  }

  @Test
  void shouldFailTheForgottenOneAloneOnceItsChangesArePurged() throws Exception {
    NumberedRows rows = NumberedRows.create(MYSQL, "purged");
    try (CanalHome home = home();
        CanalServer canal = home.start()) {
      forget(home, rows);
      try (NumberedRows.Reader other = rows.new Reader(home, "example", 1002, 0)) {
        long before = rows.written();
        write(rows, 3 * BUDGET_MIB);
        other.readTo(rows.written(), 1024);
        MYSQL.execute("FLUSH BINARY LOGS", "PURGE BINARY LOGS BEFORE NOW() + INTERVAL 1 DAY");

        try (NumberedRows.Reader returned = rows.new Reader(home, "example", FORGOTTEN, before)) {
          assertThatThrownBy(() -> returned.readTo(rows.written(), 1024))
              .hasMessageContaining("client id 1001 of example cannot go on after file=binlog.")
              .hasMessageContaining("no longer has the binary log")
              .hasMessageContaining("bin/canal position set example 1001");
        }
        write(rows, BUDGET_MIB);
        other.readTo(rows.written(), 1024);
        JsonNode status = home.status("example");
        assertThat(status.path("state").asText()).isEqualTo("RUNNING");
        assertThat(state(status, 0)).isEqualTo("FAILED");
        assertThat(status.at("/consumers/0/reason").asText()).contains("no longer has");
        assertThat(state(status, 1)).isEqualTo("ATTACHED");
      }
      assertThat(canal.status().isReady()).isTrue();
    }
  }

  private static CanalHome home() {
    return CanalHome.create()
        .destination("example", MYSQL, Map.of("canal.instance.memory.buffer.size", "2048"));
  }

  /** Subscribes, takes a row and goes. */
  private static void forget(CanalHome home, NumberedRows rows) throws Exception {
    home.awaitServing("example");
    try (NumberedRows.Reader forgotten = rows.new Reader(home, "example", FORGOTTEN, 0)) {
      rows.write(1, 1);
      forgotten.readTo(1, 1024);
    }
  }

  private static void write(NumberedRows rows, int mebibytes) throws Exception {
    rows.write(mebibytes * TRANSACTIONS_PER_MIB, ROWS_PER_TRANSACTION);
  }

  private static String state(JsonNode instance, int consumer) {
    return instance.path("consumers").path(consumer).path("state").asText();
  }
}
