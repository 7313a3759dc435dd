package io.canal.server.kills;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.canal.protocol.Gtid;
import io.canal.protocol.SourcePosition;
import io.canal.server.Await;
import io.canal.server.CanalHome;
import io.canal.server.CanalProcess;
import io.canal.server.kills.Deliveries.Committed;
import io.canal.server.kills.Deliveries.ServerKill;
import io.canal.testing.MysqlServer;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Server, consumers and MySQL are killed by turns under load. {@code -Dcanal.seed=} repeats the
 * same kills of the same load, as far as threads and processes allow.
 */
@Timeout(900)
class KillsIT {
  @RegisterExtension
  static final MysqlServer mysql =
      MysqlServer.of("9.7")
          .withOptions("--max-binlog-size=8M", "--binlog-rows-query-log-events=ON");

  private static final String DESTINATION = "kills";
  private static final int ROUNDS = 20;
  private static final int WRITERS = 3;
  private static final int LOG_KIB = 4 * 1024;
  private static final Duration WITHOUT_CLIENTS = Duration.ofSeconds(15);
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final int PROGRESS_BYTES = 20_000;
  private static final Set<String> FEW_TABLES = Set.of("ledger", "account", "keyless");

  private enum Victim {
    SERVER,
    CONSUMER,
    MYSQL
  }

  private final long seed = Long.getLong("canal.seed", System.nanoTime());
  private final Random random = new Random(seed);
  private final List<ServerKill> kills = new ArrayList<>();

  private CanalHome home;
  private CanalProcess server;

  @Test
  void shouldDeliverEveryCommittedRowInOrderWhateverIsKilled() throws Exception {
    System.out.println("canal.seed=" + seed);
    String schema = mysql.createSchema("kills");
    Workload workload = new Workload(mysql, schema);
    home =
        CanalHome.create()
            .set(Map.of("canal.file.flush.period", "1000"))
            .destination(
                DESTINATION,
                mysql,
                Map.of(
                    "canal.instance.memory.buffer.size",
                    Integer.toString(LOG_KIB),
                    "canal.instance.gtidon",
                    "true",
                    "canal.instance.filter.regex",
                    schema + "\\..*"));
    String fewTables = schema + "\\.(" + String.join("|", FEW_TABLES) + ")";
    List<KillableConsumer> consumers =
        List.of(
            new KillableConsumer(home, DESTINATION, 1001, schema + "\\..*"),
            new KillableConsumer(home, DESTINATION, 1002, fewTables));
    ExecutorService threads = Executors.newCachedThreadPool();
    try {
      server = home.startProcess();
      for (KillableConsumer consumer : consumers) {
        consumer.start(random.nextLong());
        await("client id " + consumer.clientId() + " subscribes", () -> hasBegun(consumer));
      }
      List<Future<?>> writers = new ArrayList<>();
      for (int writer = 1; writer <= WRITERS; writer++) {
        int number = writer;
        long writerSeed = random.nextLong();
        writers.add(threads.submit(() -> run(() -> workload.write(number, writerSeed))));
      }

      killByTurns(workload, consumers, threads);
      workload.end();
      for (Future<?> writer : writers) {
        writer.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      }
      String last = workload.writeLast();
      for (KillableConsumer consumer : consumers) {
        await(
            "client id " + consumer.clientId() + " acknowledges the last row",
            () -> hasAcknowledged(consumer, last));
      }
    } finally {
      for (KillableConsumer consumer : consumers) {
        consumer.kill();
      }
      threads.shutdownNow();
      if (server != null) {
        server.close();
      }
    }

    List<Committed> committed = committed(workload);
    List<String> all = check(consumers.get(0), Set.copyOf(Workload.TABLES), committed);
    check(consumers.get(1), FEW_TABLES, committed);
    for (String table : Workload.TABLES) {
      assertThat(finalRows(all, table))
          .as(table)
          .containsExactlyInAnyOrderElementsOf(select(schema, table));
    }
    home.close();
  }

  private interface Task {
    void run() throws Exception;
  }

  private static Void run(Task task) throws Exception {
    task.run();
    return null;
  }

  // ---- kills

  private void killByTurns(
      Workload workload, List<KillableConsumer> consumers, ExecutorService threads)
      throws Exception {
    List<Victim> victims = new ArrayList<>();
    for (int round = 0; round < ROUNDS; round++) {
      victims.add(Victim.values()[round % Victim.values().length]);
    }
    Collections.shuffle(victims, random);
    Future<?> big = threads.submit(() -> run(() -> workload.writeBig(0)));
    for (int round = 0; round < ROUNDS; round++) {
      boolean withoutClients = round == ROUNDS / 2;
      if (big.isDone() && (withoutClients || random.nextBoolean())) {
        big.get();
        int number = round + 1;
        big = threads.submit(() -> run(() -> workload.writeBig(number)));
      }
      if (withoutClients) {
        stayWithoutClients(consumers);
      }
      if (random.nextInt(3) > 0) {
        awaitProgress(consumers);
      }
      pause(random.nextInt(1_000));
      KillableConsumer consumer = consumers.get(random.nextInt(consumers.size()));
      System.out.println("round " + round + ": kill " + victims.get(round));
      kill(victims.get(round), consumer);
      Victim second = Victim.values()[random.nextInt(Victim.values().length)];
      if (random.nextInt(4) == 0 && second != victims.get(round)) {
        kill(second, consumer);
        start(second, consumer);
      }
      start(victims.get(round), consumer);
    }
    big.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  private void awaitProgress(List<KillableConsumer> consumers) throws IOException {
    for (KillableConsumer consumer : consumers) {
      long before = Files.size(consumer.file());
      await(
          "client id " + consumer.clientId() + " gets more",
          () -> Files.size(consumer.file()) > before + PROGRESS_BYTES);
    }
  }

  private void stayWithoutClients(List<KillableConsumer> consumers) throws Exception {
    for (KillableConsumer consumer : consumers) {
      consumer.kill();
    }
    pause((int) WITHOUT_CLIENTS.toMillis());
    home.await(
        DESTINATION,
        "the full log holds the receiver",
        instance -> instance.path("state").asText().equals("WAITING"));
    for (KillableConsumer consumer : consumers) {
      consumer.start(random.nextLong());
    }
  }

  private static void pause(int milliseconds) throws InterruptedException {
    Thread.sleep(milliseconds);
  }

  private void kill(Victim victim, KillableConsumer consumer) throws Exception {
    switch (victim) {
      case SERVER -> {
        server.kill();
        kills.add(new ServerKill(System.currentTimeMillis(), savedPositions()));
      }
      case CONSUMER -> consumer.kill();
      case MYSQL -> mysql.kill();
    }
    pause(random.nextInt(300));
  }

  private void start(Victim victim, KillableConsumer consumer) throws IOException {
    switch (victim) {
      case SERVER -> server = home.startProcess();
      case CONSUMER -> consumer.start(random.nextLong());
      case MYSQL -> mysql.start();
    }
  }

  private Map<String, SourcePosition> savedPositions() throws IOException {
    Path file = home.path().resolve("data").resolve(DESTINATION).resolve("positions.json");
    JsonNode consumers = new ObjectMapper().readTree(file.toFile()).path("consumers");
    Map<String, SourcePosition> positions = new HashMap<>();
    for (Map.Entry<String, JsonNode> consumer : consumers.properties()) {
      positions.put(
          consumer.getKey(), SourcePosition.parse(consumer.getValue().path("position").asText()));
    }
    return positions;
  }

  // ---- what came

  private void await(String what, Await.Condition condition) {
    Await.until(what, PATIENCE, this::situation, condition);
  }

  private String situation() {
    String status;
    try {
      status = home.status(DESTINATION).toString();
    } catch (IOException | RuntimeException e) {
      status = "no status: " + e;
    }
    return status + "\n" + server.logTail();
  }

  private static boolean hasBegun(KillableConsumer consumer) throws IOException {
    return Files.readString(consumer.file()).startsWith("\nS ");
  }

  private static boolean hasAcknowledged(KillableConsumer consumer, String row) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(consumer.file().toFile(), "r")) {
      byte[] tail = new byte[(int) Math.min(file.length(), 4096)];
      file.seek(file.length() - tail.length);
      file.readFully(tail);
      String text = new String(tail, UTF_8);
      int at = text.indexOf(row);
      return at >= 0 && text.indexOf("\nA ", at) > 0 && text.endsWith("\n");
    }
  }

  private List<String> check(
      KillableConsumer consumer, Set<String> tables, List<Committed> committed) throws IOException {
    Deliveries deliveries = new Deliveries(consumer.clientId(), tables, committed, kills);
    List<String> rows =
        deliveries.check(new String(Files.readAllBytes(consumer.file()), UTF_8).lines().toList());
    System.out.printf(
        "client id %d: %d rows of %d transactions, %d of them came again%n",
        consumer.clientId(), rows.size(), committed.size(), deliveries.again());
    return rows;
  }

  // ---- what MySQL has

  /** The transactions in the order of their commits, as the binary log itself tells it. */
  private static List<Committed> committed(Workload workload) throws SQLException {
    Map<Long, List<String>> rows = workload.committed();
    List<Committed> inOrder = new ArrayList<>();
    try (Connection connection = mysql.connect();
        Statement statement = connection.createStatement()) {
      long gtidNumber = 0;
      long id = 0;
      for (String file : query(statement, "SHOW BINARY LOGS", result -> result.getString(1))) {
        for (String[] event :
            query(
                statement,
                "SHOW BINLOG EVENTS IN '" + file + "'",
                result -> new String[] {result.getString(3), result.getString(6)})) {
          String info = event[1];
          if (event[0].equals("Gtid")) {
            gtidNumber =
                Gtid.parse(info.substring(info.indexOf('\'') + 1, info.lastIndexOf('\''))).number();
            id = 0;
          } else if (event[0].equals("Rows_query") && info.contains("INSERT INTO ledger")) {
            id = Long.parseLong(info.substring(info.indexOf('(') + 1, info.indexOf(',')));
          } else if (event[0].equals("Xid") && id > 0) {
            assertThat(rows).as("committed, as the writers know it").containsKey(id);
            inOrder.add(new Committed(gtidNumber, rows.get(id)));
          }
        }
      }
    }
    assertThat(inOrder).hasSameSizeAs(rows.keySet());
    return inOrder;
  }

  private interface RowReader<T> {
    T read(ResultSet row) throws SQLException;
  }

  private static <T> List<T> query(Statement statement, String sql, RowReader<T> reader)
      throws SQLException {
    List<T> rows = new ArrayList<>();
    try (ResultSet result = statement.executeQuery(sql)) {
      while (result.next()) {
        rows.add(reader.read(result));
      }
    }
    return rows;
  }

  private static List<String> select(String schema, String table) throws SQLException {
    try (Connection connection = mysql.connect(schema);
        Statement statement = connection.createStatement()) {
      return query(
          statement,
          "SELECT * FROM " + table,
          result -> {
            List<Object> values = new ArrayList<>();
            for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
              values.add(String.valueOf(result.getString(i)).replace("null", "NULL"));
            }
            return RowText.row(values);
          });
    }
  }

  /** What is in a table after all its changes. */
  private static List<String> finalRows(List<String> changes, String table) {
    Map<String, Integer> counts = new HashMap<>();
    for (String change : changes) {
      String[] parts = change.split("\\|", -1);
      if (parts[0].equals(table)) {
        counts.merge(parts[1], -1, Integer::sum);
        counts.merge(parts[2], 1, Integer::sum);
      }
    }
    List<String> rows = new ArrayList<>();
    counts.forEach(
        (row, count) -> {
          if (!row.isEmpty()) {
            rows.addAll(Collections.nCopies(count, row));
          }
        });
    return rows;
  }
}
