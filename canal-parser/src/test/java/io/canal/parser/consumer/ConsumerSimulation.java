package io.canal.parser.consumer;

import static org.assertj.core.api.Assertions.assertThat;

import io.canal.parser.log.ChangeLog;
import io.canal.parser.log.Chunk;
import io.canal.parser.log.ChunkLimit;
import io.canal.parser.log.FrameFilter;
import io.canal.parser.log.FrameKind;
import io.canal.parser.log.LogScript;
import io.canal.parser.log.Mark;
import io.canal.parser.source.ReceiverStatus;
import io.canal.protocol.SourcePosition;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Random transactions and consumers that read, acknowledge, rewind, stay away and start anew at
 * random, so that they fall out of the log and catch up all the time. Each must be given each row
 * in order, behind the place that it went back to, and never more than two catch-ups may run. A
 * consumer whose changes are purged fails, alone. The clock is virtual; the streams are threads.
 */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ConsumerSimulation {
  private static final int BUDGET = 64 * 1024;
  private static final int TRANSACTIONS = 150;
  private static final int CONSUMERS = 5;
  private static final int RUNS = 6;
  private static final FrameFilter ALL = frame -> true;

  private final AtomicLong nanos = new AtomicLong();
  private final AtomicInteger open = new AtomicInteger();
  private final List<ScriptedSource.Stream> streams = new ArrayList<>();
  private ScriptedSource source;
  private CatchUps catchUps;

  /** A place that a consumer was told of, and how many rows it had there. */
  private record Told(Mark mark, int rows) {}

  private static final class Client {
    final String name;
    Consumer consumer;
    final Deque<Chunk> onTheirWay = new ArrayDeque<>();
    final Deque<Told> told = new ArrayDeque<>();
    int rows;
    int acknowledged;
    volatile boolean readable = true;

    Client(String name) {
      this.name = name;
    }
  }

  @Test
  void shouldGiveEachConsumerEachRowInOrder() throws Exception {
    long first = Long.getLong("seed", System.nanoTime());
    for (long seed = first; seed < first + RUNS; seed++) {
      try {
        new ConsumerSimulation().run(new Random(seed), seed % 2 == 0, false);
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError("failed with -Dseed=" + seed, e);
      }
    }
  }

  @Test
  void shouldFailAloneWhoseChangesArePurged() throws Exception {
    long seed = Long.getLong("seed", System.nanoTime());
    try {
      run(new Random(seed), true, true);
    } catch (RuntimeException | AssertionError e) {
      throw new AssertionError("failed with -Dseed=" + seed, e);
    }
  }

  private void run(Random random, boolean gtids, boolean purging) {
    source = new ScriptedSource(random, TRANSACTIONS, gtids);
    ChangeLog log = new ChangeLog(BUDGET, source.start(), LogScript.ROW_COUNTER);
    catchUps = new CatchUps("sim", (connection, from) -> stream(from), Runnable::run, nanos::get);
    List<Client> clients = new ArrayList<>();
    for (int i = 0; i < CONSUMERS; i++) {
      Client client = new Client("c" + i);
      client.consumer = new Consumer(client.name, source.start(), log, catchUps);
      clients.add(client);
    }
    Client left = clients.get(0);
    ScriptedSource.Stream main = source.stream(log, source.start());
    main.start();
    if (purging) {
      clients.remove(left);
    }
    work(random, log, clients);
    if (purging) {
      source.purge(TRANSACTIONS / 2);
      awaitFailure(random, left);
    }
    main.close();
    catchUps.close();
    streams.forEach(stream -> assertThat(stream.failure()).isNull());
    assertThat(main.failure()).isNull();
    assertThat(open).hasValue(0);
  }

  private CatchUps.Stream stream(SourcePosition from) {
    assertThat(open.incrementAndGet()).isLessThanOrEqualTo(CatchUps.MAX_CONNECTIONS);
    ScriptedSource.Stream stream =
        source.stream(ChangeLog.inStep(BUDGET, from, LogScript.ROW_COUNTER), from);
    streams.add(stream);
    return new CatchUps.Stream() {
      @Override
      public ChangeLog log() {
        return stream.log();
      }

      @Override
      public ReceiverStatus status() {
        return stream.status();
      }

      @Override
      public void start() {
        stream.start();
      }

      @Override
      public void close() {
        stream.close();
        open.decrementAndGet();
      }
    };
  }

  private void work(Random random, ChangeLog log, List<Client> clients) {
    int all = source.rows().size();
    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (clients.stream().anyMatch(client -> client.acknowledged < all)) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("stuck: " + describe(clients));
      }
      Client client = clients.get(random.nextInt(clients.size()));
      switch (random.nextInt(16)) {
        case 0 -> rewind(client, client.told.isEmpty() ? 0 : random.nextInt(client.told.size()));
        case 1 -> tick(random, clients);
        case 2 -> {
          if (random.nextInt(8) == 0) {
            startAnew(log, client);
          }
        }
        case 3, 4, 5 -> acknowledge(client, 1);
        case 6 -> acknowledge(client, Integer.MAX_VALUE);
        default -> read(random, client);
      }
      if (clients.stream().noneMatch(each -> each.readable)) {
        LockSupport.parkNanos(100_000);
        tick(random, clients);
      }
    }
  }

  private static String describe(List<Client> clients) {
    StringBuilder text = new StringBuilder();
    for (Client client : clients) {
      text.append(
          "%s %s rows %d acknowledged %d readable %s at %s; "
              .formatted(
                  client.name,
                  client.consumer.state(),
                  client.rows,
                  client.acknowledged,
                  client.readable,
                  client.consumer.acknowledged()));
    }
    return text.toString();
  }

  /** Polls, and delivers some of what is on its way. */
  private void read(Random random, Client client) {
    if (client.readable && client.onTheirWay.size() < 4) {
      ChunkLimit limit =
          new ChunkLimit(
              1 + random.nextInt(16 * 1024),
              Long.MAX_VALUE,
              1 + random.nextInt(60),
              Long.MAX_VALUE);
      client
          .consumer
          .poll(limit, ALL)
          .ifPresentOrElse(
              client.onTheirWay::add,
              () -> {
                if (client.onTheirWay.isEmpty()) {
                  sleep(client);
                }
              });
    }
    if (random.nextBoolean() && !client.onTheirWay.isEmpty()) {
      Mark mark = encode(client, client.onTheirWay.remove());
      while (random.nextBoolean() && !client.onTheirWay.isEmpty()) {
        mark = mark.and(encode(client, client.onTheirWay.remove()));
      }
      client.told.add(new Told(client.consumer.delivered(mark), client.rows));
    }
  }

  /** Nothing to read: the client comes back when it is called. */
  private static void sleep(Client client) {
    if (client.told.isEmpty() && client.consumer.hasRead()) {
      client.consumer.acknowledge(client.consumer.mark());
    }
    client.readable = false;
    client.consumer.whenReadable(() -> client.readable = true);
  }

  private Mark encode(Client client, Chunk chunk) {
    while (chunk.next()) {
      if (chunk.kind() == FrameKind.ROWS) {
        List<Integer> rows = LogScript.rowsOf(chunk.frame());
        chunk.counted(rows.size());
        for (int row : rows) {
          assertThat(row).as(client.name).isEqualTo(source.rows().get(client.rows));
          client.rows++;
        }
      }
    }
    chunk.close();
    return chunk.mark();
  }

  private static void acknowledge(Client client, int count) {
    for (int i = 0; i < count && !client.told.isEmpty(); i++) {
      Told oldest = client.told.remove();
      client.consumer.acknowledge(oldest.mark());
      client.acknowledged = oldest.rows();
    }
  }

  private static void rewind(Client client, int kept) {
    client.onTheirWay.forEach(Chunk::close);
    client.onTheirWay.clear();
    while (client.told.size() > kept) {
      client.told.removeLast();
    }
    client.consumer.rewind(kept);
    client.rows = client.told.isEmpty() ? client.acknowledged : client.told.getLast().rows();
    client.readable = true;
  }

  private void startAnew(ChangeLog log, Client client) {
    rewind(client, 0);
    client.consumer.close();
    client.consumer = new Consumer(client.name, client.consumer.acknowledged(), log, catchUps);
  }

  private void tick(Random random, List<Client> clients) {
    nanos.addAndGet(Duration.ofMillis(random.nextInt(20_000)).toNanos());
    catchUps.tick();
    for (Client client : clients) {
      if (client.consumer.mustLetGo()) {
        rewind(client, client.told.size());
        client.consumer.letGo();
      }
    }
  }

  private void awaitFailure(Random random, Client left) {
    long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (left.consumer.state().kind() != ConsumerState.Kind.FAILED) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("not failed: " + describe(List.of(left)));
      }
      assertThat(left.consumer.poll(ChunkLimit.NONE, ALL)).isEmpty();
      tick(random, List.of());
    }
    assertThat(left.consumer.state().reason()).isEqualTo("purged");
  }
}
