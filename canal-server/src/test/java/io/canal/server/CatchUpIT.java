package io.canal.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.client.Message;
import io.canal.testing.MysqlServer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Consumers that need what the change log no longer holds read the binary log again. */
@Timeout(300)
class CatchUpIT {
  @RegisterExtension
  static final MysqlServer MYSQL = MysqlServer.of("9.7").withOptions("--max-binlog-size=8M");

  private static final int TRANSACTIONS = 150;
  private static final int ROWS_PER_TRANSACTION = 100;
  private static final int BATCH_KIB = 512;

  private NumberedRows rows;
  private CanalHome home;
  private CanalServer canal;

  @BeforeEach
  void startServer() throws Exception {
    rows = NumberedRows.create(MYSQL, "catch_up");
    home =
        CanalHome.create()
            .destination("example", MYSQL, Map.of("canal.instance.memory.buffer.size", "2048"));
    canal = home.start();
    home.awaitServing("example");
  }

  @AfterEach
  void stopServer() {
    canal.close();
    home.close();
  }

  @Test
  void shouldServeWhoIsFarBehindAndWhoIsAtTheHeadAfterARestart() throws Exception {
    try (NumberedRows.Reader far = reader(1001, 0);
        NumberedRows.Reader head = reader(1002, 0)) {
      rows.write(1, 1);
      far.readTo(1, BATCH_KIB);
      rows.write(TRANSACTIONS, ROWS_PER_TRANSACTION);
      head.readTo(rows.written(), BATCH_KIB);
    }
    long before = rows.written();
    canal.close();
    rows.write(2, ROWS_PER_TRANSACTION);

    canal = home.start();
    home.awaitServing("example");

    try (NumberedRows.Reader head = reader(1002, before);
        NumberedRows.Reader far = reader(1001, 1)) {
      assertThat(state(0)).isEqualTo("DETACHED");
      head.readTo(rows.written(), BATCH_KIB);
      assertThat(state(1)).isEqualTo("ATTACHED");
      far.readTo(rows.written(), BATCH_KIB);
      rows.write(2, ROWS_PER_TRANSACTION);
      far.readTo(rows.written(), BATCH_KIB);
      head.readTo(rows.written(), BATCH_KIB);
    }
    awaitAllAttached();
  }

  @Test
  void shouldGoOnWhereTheCatchUpWasCut() throws Exception {
    try (NumberedRows.Reader slow = detached(1001)) {
      slow.readTo(firstMarkAfter(slow, 3), 64);
      assertThat(state(0)).isEqualTo("CATCHING_UP");
      List<Long> dumps = dumps(MYSQL);
      assertThat(dumps).hasSize(2);

      MYSQL.execute("KILL " + dumps.get(1));

      slow.readTo(rows.written(), BATCH_KIB);
    }
    awaitAllAttached();
  }

  @Test
  void shouldGoOnAfterARestartOfTheSource() throws Exception {
    try (NumberedRows.Reader slow = detached(1001)) {
      slow.readTo(firstMarkAfter(slow, 3), 64);

      MYSQL.stop();
      MYSQL.start();

      slow.readTo(rows.written(), BATCH_KIB);
      rows.write(2, ROWS_PER_TRANSACTION);
      slow.readTo(rows.written(), BATCH_KIB);
    }
    awaitAllAttached();
  }

  @Test
  void shouldGiveAgainWhatIsRolledBackAfterItLeftTheLog() throws Exception {
    try (NumberedRows.Reader careless = reader(1001, 0)) {
      rows.write(TRANSACTIONS, ROWS_PER_TRANSACTION);
      Message first = careless.read(BATCH_KIB);
      long kept = careless.last();
      Message second = careless.read(BATCH_KIB);
      while (careless.last() < rows.written()) {
        careless.read(BATCH_KIB);
      }

      careless.connector().rollback(second.getId());
      careless.wentBackTo(kept);
      careless.connector().ack(first.getId());
      careless.readTo(rows.written(), BATCH_KIB);
    }
    awaitAllAttached();
  }

  @Test
  void shouldAcknowledgeInOrderWhatWasDeliveredBeforeItJoinedTheLog() throws Exception {
    List<Long> batches = new ArrayList<>();
    try (NumberedRows.Reader reader = detached(1001)) {
      long last = 0;
      while (reader.last() < rows.written()) {
        batches.add(reader.read(64).getId());
        last = batches.size() == 5 ? reader.last() : last;
      }
      assertThat(state(0)).isEqualTo("ATTACHED");

      for (int i = 0; i < 5; i++) {
        reader.connector().ack(batches.get(i));
      }
      reader.connector().rollback();
      reader.wentBackTo(last);
      reader.readTo(rows.written(), BATCH_KIB);
    }
    awaitAllAttached();
  }

  @Test
  void shouldShareTwoConnectionsBetweenMany() throws Exception {
    List<NumberedRows.Reader> many = new ArrayList<>();
    int count = 16;
    for (int i = 0; i < count; i++) {
      many.add(reader(2000 + i, 0));
    }
    for (int i = 0; i < count; i++) {
      rows.write(1, ROWS_PER_TRANSACTION);
      many.get(i).readTo(rows.written(), BATCH_KIB);
    }
    writeWhileOneReads();
    home.await(
        "example", "that all are detached", instance -> count(instance, "DETACHED") == count);
    AtomicInteger most = new AtomicInteger();
    AtomicBoolean done = new AtomicBoolean();
    ExecutorService threads = Executors.newCachedThreadPool();
    try {
      Future<?> watch =
          threads.submit(
              () -> {
                while (!done.get()) {
                  most.accumulateAndGet(dumps(MYSQL).size(), Math::max);
                  TimeUnit.MILLISECONDS.sleep(50);
                }
                return null;
              });
      List<Future<?>> all = new ArrayList<>();
      for (NumberedRows.Reader each : many) {
        all.add(threads.submit(() -> each.readTo(rows.written(), BATCH_KIB)));
      }
      for (Future<?> each : all) {
        each.get(200, TimeUnit.SECONDS);
      }
      done.set(true);
      watch.get(10, TimeUnit.SECONDS);
    } finally {
      done.set(true);
      threads.shutdownNow();
      many.forEach(NumberedRows.Reader::close);
    }
    assertThat(most.get()).isBetween(2, 3); // the destination's own and at most two more
    awaitAllAttached();
  }

  @Test
  void shouldCatchUpThroughATransactionThatNoLogHolds() throws Exception {
    try (NumberedRows.Reader reader = reader(1001, 0)) {
      rows.write(1, 1);
      reader.readTo(1, BATCH_KIB);
    }
    rows.write(3, ROWS_PER_TRANSACTION);
    rows.write(1, 20_000);
    rows.write(3, ROWS_PER_TRANSACTION);
    try (NumberedRows.Reader other = reader(1002, 0)) {
      other.readTo(rows.written(), BATCH_KIB);
    }

    try (NumberedRows.Reader reader = reader(1001, 1)) {
      Message first = reader.read(BATCH_KIB);
      reader.connector().ack(first.getId());
      for (int i = 0; i < 5; i++) {
        reader.connector().ack(reader.read(BATCH_KIB).getId());
      }
      long kept = reader.last();
      reader.read(BATCH_KIB);
      for (int i = 0; i < 10; i++) {
        reader.read(BATCH_KIB);
      }
      reader.connector().rollback();
      reader.wentBackTo(kept);
      reader.readTo(rows.written(), BATCH_KIB);
    }
    awaitAllAttached();
  }

  // ---- what the tests have in common

  private NumberedRows.Reader reader(int clientId, long last) {
    return rows.new Reader(home, "example", clientId, last);
  }

  /** A consumer that has one row; what follows has left the log. */
  private NumberedRows.Reader detached(int clientId) throws Exception {
    NumberedRows.Reader reader = reader(clientId, 0);
    rows.write(1, 1);
    reader.readTo(1, BATCH_KIB);
    writeWhileOneReads();
    home.await("example", "that it is detached", instance -> count(instance, "DETACHED") == 1);
    return reader;
  }

  private void writeWhileOneReads() throws Exception {
    try (NumberedRows.Reader other = reader(9999, NumberedRows.ANYWHERE)) {
      for (int i = 0; i < 10; i++) {
        rows.write(TRANSACTIONS / 10, ROWS_PER_TRANSACTION);
        other.readTo(rows.written(), BATCH_KIB);
      }
      other.connector().unsubscribe();
    }
  }

  /** Takes and acknowledges a few small batches; gives the row reached. */
  private static long firstMarkAfter(NumberedRows.Reader reader, int batches) {
    for (int i = 0; i < batches; i++) {
      reader.connector().ack(reader.read(64).getId());
    }
    return reader.last();
  }

  private String state(int consumer) throws Exception {
    return home.status("example").path("consumers").path(consumer).path("state").asText();
  }

  private static long count(JsonNode instance, String state) {
    return instance.path("consumers").findValuesAsText("state").stream()
        .filter(state::equals)
        .count();
  }

  private void awaitAllAttached() {
    home.await(
        "example",
        "that all read the log",
        instance -> count(instance, "ATTACHED") == instance.path("consumers").size());
    awaitOneDump(MYSQL);
  }

  /** Returns when the destination's own connection is the only one that reads the binary log. */
  static void awaitOneDump(MysqlServer mysql) {
    Await.until(
        "the catch-ups end",
        Duration.ofSeconds(30),
        () -> "others still read the binary log",
        () -> dumps(mysql).size() == 1);
  }

  /** The ids of the connections that read the binary log, the oldest first. */
  static List<Long> dumps(MysqlServer mysql) throws SQLException {
    List<Long> ids = new ArrayList<>();
    try (Connection connection = mysql.connect();
        Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery(
                "SELECT id FROM performance_schema.processlist WHERE command LIKE 'Binlog Dump%'"
                    + " ORDER BY id")) {
      while (result.next()) {
        ids.add(result.getLong(1));
      }
    }
    return ids;
  }
}
