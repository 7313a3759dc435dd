package io.canal.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.testing.MysqlServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Eight consumers of one destination: while one reads nothing and one at 1 % of their speed, the
 * other six keep theirs. Speed is what a consumer has of what is written at that moment, so that a
 * busy machine, which slows the source as well, does not count.
 */
@Timeout(300)
class SlowConsumerIT {
  @RegisterExtension static final MysqlServer MYSQL = MysqlServer.of("9.7");

  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final int FIRST_CLIENT_ID = 1001;
  private static final int FAST = 6;
  private static final int SLOW = 6;
  private static final int STOPPED = 7;
  private static final int ROWS_PER_TRANSACTION = 100;
  private static final int BATCH_KIB = 512;
  private static final int SLOW_BATCH_KIB = 16;
  private static final int SLOW_PERCENT = 1;
  // of about 100 KiB each: one round is more than the log keeps, the other less
  private static final int MEMORY_KIB = 4096;
  private static final int DISK_BYTES = 12 << 20;
  private static final int MORE_THAN_KEPT = 280;
  private static final int LESS_THAN_KEPT = 110;

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final List<NumberedRows.Reader> readers = new ArrayList<>();
  private NumberedRows rows;
  private CanalHome home;
  private CanalServer canal;

  @BeforeEach
  void startServer() throws Exception {
    rows = NumberedRows.create(MYSQL, "slow");
    home =
        CanalHome.create()
            .destination(
                "example",
                MYSQL,
                Map.of(
                    "canal.instance.memory.buffer.size",
                    Integer.toString(MEMORY_KIB),
                    "canal.instance.log.max.bytes",
                    Integer.toString(DISK_BYTES)));
    canal = home.start();
    home.awaitServing("example");
  }

  @AfterEach
  void stopServer() {
    threads.shutdownNow();
    readers.forEach(NumberedRows.Reader::close);
    canal.close();
    home.close();
  }

  @Test
  void shouldKeepTheSpeedOfSixWhileOneStandsAndOneCrawls() throws Exception {
    open(8);
    allRead(LESS_THAN_KEPT); // nothing is warm before

    Round beyond = twoLagBehind(MORE_THAN_KEPT);
    Round beyondReference = recoverAndAllRead(MORE_THAN_KEPT);
    Round within = twoLagBehind(LESS_THAN_KEPT);
    Round withinReference = recoverAndAllRead(LESS_THAN_KEPT);

    double ratioBeyond = beyond.progress() / beyondReference.progress();
    double ratioWithin = within.progress() / withinReference.progress();
    String figures =
        String.format(
            Locale.ROOT,
            "six beside a slow and a stopped consumer, all eight at full speed, ratio:%n"
                + "more than the log keeps: %s, %s, %.3f%nless: %s, %s, %.3f",
            beyond,
            beyondReference,
            ratioBeyond,
            within,
            withinReference,
            ratioWithin);
    System.out.println(figures);
    assertThat(ratioBeyond).as(figures).isGreaterThanOrEqualTo(0.9);
    assertThat(ratioWithin).as(figures).isGreaterThanOrEqualTo(0.9);
    // what fits is read from the log, the rest from the source
    assertThat(within.states).containsOnly("ATTACHED");
    assertThat(beyond.states).contains("DETACHED").contains("CATCHING_UP");
  }

  @Test
  void shouldGiveEveryRowToSixtyFourConsumers() throws Exception {
    open(64);

    allRead(10);

    assertThat(home.status("example").path("consumers"))
        .hasSize(64)
        .allSatisfy(consumer -> assertThat(consumer.path("state").asText()).isEqualTo("ATTACHED"));
  }

  /** Each takes a first row, so that all are there and none has anything before it. */
  private void open(int count) throws Exception {
    for (int i = 0; i < count; i++) {
      readers.add(rows.new Reader(home, "example", FIRST_CLIENT_ID + i, 0));
    }
    allRead(1);
  }

  /** What some consumers had of what was written, after each transaction of a round. */
  private static final class Round {
    final Set<String> states = new HashSet<>();
    private long mostDiskBytes;
    private double had;
    private int samples;
    private double rowsPerSecond;

    double progress() {
      return had / samples;
    }

    @Override
    public String toString() {
      return String.format(Locale.ROOT, "%.3f (%.0f rows/s each)", progress(), rowsPerSecond);
    }
  }

  private Round allRead(int transactions) throws Exception {
    long target = target(transactions);
    List<Future<?>> finished = read(readers, target);
    Round round = write(transactions, finished);
    assertThat(readers).allSatisfy(reader -> assertThat(reader.last()).isEqualTo(target));
    return round;
  }

  /** The two come back to a log that went on without them, and read as fast as the others. */
  private Round recoverAndAllRead(int transactions) throws Exception {
    List<NumberedRows.Reader> two = List.of(readers.get(SLOW), readers.get(STOPPED));
    await(read(two, rows.written()));
    Await.until(
        "all read the log, which needs no disk",
        PATIENCE,
        () -> "",
        () -> {
          allRead(1);
          JsonNode status = home.status("example");
          return status.path("logDiskBytes").asLong() == 0
              && states(status, 0, readers.size()).equals(Set.of("ATTACHED"));
        });
    return allRead(transactions);
  }

  private Round twoLagBehind(int transactions) throws Exception {
    NumberedRows.Reader slow = readers.get(SLOW);
    NumberedRows.Reader stopped = readers.get(STOPPED);
    long before = rows.written();
    long target = target(transactions);
    List<Future<?>> six = read(readers.subList(0, FAST), target);
    Future<?> crawls = threads.submit(() -> crawl(slow, before, target));

    Round round = write(transactions, six);
    crawls.get();

    assertThat(readers.subList(0, FAST))
        .allSatisfy(reader -> assertThat(reader.last()).isEqualTo(target));
    assertThat(slow.last() - before).isPositive().isLessThan((target - before) * 5 / 100);
    assertThat(stopped.last()).isEqualTo(before);
    assertThat(round.mostDiskBytes).isPositive().isLessThanOrEqualTo(DISK_BYTES);
    assertThat(states(home.status("example"), 0, FAST)).containsOnly("ATTACHED");
    return round;
  }

  private long target(int transactions) {
    return rows.written() + (long) transactions * ROWS_PER_TRANSACTION;
  }

  private List<Future<?>> read(List<NumberedRows.Reader> some, long target) {
    List<Future<?>> reading = new ArrayList<>();
    for (NumberedRows.Reader reader : some) {
      reading.add(threads.submit(() -> reader.readTo(target, BATCH_KIB)));
    }
    return reading;
  }

  /** Reads a little whenever the slowest of the six is a hundred times as far. */
  private void crawl(NumberedRows.Reader slow, long before, long target) {
    long slowest = before;
    while (slowest < target) {
      slowest =
          readers.subList(0, FAST).stream()
              .mapToLong(NumberedRows.Reader::last)
              .min()
              .orElseThrow();
      if (slow.last() - before < (slowest - before) * SLOW_PERCENT / 100) {
        slow.connector().ack(slow.read(SLOW_BATCH_KIB).getId());
      } else {
        LockSupport.parkNanos(1_000_000);
      }
      if (Thread.interrupted()) {
        return;
      }
    }
  }

  /** Writes, sees how far the first six are meanwhile, and returns when all have everything. */
  private Round write(int transactions, List<Future<?>> reading) throws Exception {
    Round round = new Round();
    long before = rows.written();
    long started = System.nanoTime();
    for (int i = 0; i < transactions; i++) {
      rows.write(1, ROWS_PER_TRANSACTION);
      for (NumberedRows.Reader reader : readers.subList(0, FAST)) {
        round.had += (double) (reader.last() - before) / (rows.written() - before);
        round.samples++;
      }
      if (i % 8 == 0) {
        JsonNode status = home.status("example");
        assertThat(status.path("reason").asText())
            .doesNotContain("consumer " + (FIRST_CLIENT_ID + SLOW))
            .doesNotContain("consumer " + (FIRST_CLIENT_ID + STOPPED));
        round.mostDiskBytes = Math.max(round.mostDiskBytes, status.path("logDiskBytes").asLong());
        round.states.addAll(states(status, SLOW, readers.size()));
      }
    }
    await(reading);
    round.rowsPerSecond = (rows.written() - before) * 1e9 / (System.nanoTime() - started);
    return round;
  }

  private static void await(List<Future<?>> reading) throws Exception {
    for (Future<?> each : reading) {
      try {
        each.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      } catch (ExecutionException e) {
        throw new AssertionError("a consumer failed", e.getCause());
      }
    }
  }

  private static Set<String> states(JsonNode instance, int from, int to) {
    Set<String> states = new HashSet<>();
    for (int i = from; i < to; i++) {
      states.add(instance.path("consumers").path(i).path("state").asText());
    }
    return states;
  }
}
