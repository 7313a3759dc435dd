package io.canal.server.subscription;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import io.canal.protocol.CanalException;
import io.canal.protocol.CanalPacket.Messages;
import io.canal.server.config.BatchMode;
import io.canal.server.position.PositionSaver;
import io.netty.buffer.ByteBuf;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Consumers of one filter on threads of their own, which share what is encoded. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SharedEncodingsTest {
  private static final int LOG_BYTES = 64 << 20;
  private static final int CONSUMERS = 5;
  private static final int WORKERS = 3;
  private static final int ROWS = 6_000;
  private static final int MAX_ROW_BYTES = 4_000;

  private final LogFixture fixture = new LogFixture(LOG_BYTES);
  private final ExecutorService workers = Executors.newFixedThreadPool(WORKERS);
  private final ExecutorService clients = Executors.newCachedThreadPool();

  @AfterEach
  void end() {
    clients.shutdownNow();
    workers.shutdownNow();
  }

  @Test
  void shouldGiveEverythingInOrderToAllWhateverTheyDo() throws Exception {
    runWith(new EncodedBytes(64L << 20), System.nanoTime());
  }

  @Test
  void shouldGiveEverythingInOrderWhereMemoryIsShort() throws Exception {
    runWith(new EncodedBytes(512L << 10), System.nanoTime());
  }

  private void runWith(EncodedBytes budget, long seed) throws Exception {
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    Subscriptions subscriptions = subscriptions(budget);
    List<Future<?>> all = new ArrayList<>();
    for (int i = 0; i < CONSUMERS; i++) {
      Client client = new Client(subscriptions, (short) (1001 + i), new Random(random.nextLong()));
      client.subscribe();
      all.add(clients.submit(client::readEverything));
    }

    int row = 0;
    while (row < ROWS) {
      fixture.begin();
      for (int i = random.nextInt(20); i >= 0 && row < ROWS; i--) {
        fixture.row(1, Integer.toString(row++), 10 + random.nextInt(MAX_ROW_BYTES));
      }
      fixture.end();
      if (random.nextInt(50) == 0) {
        TimeUnit.MILLISECONDS.sleep(1); // consumers come to the end of the log
      }
    }

    for (Future<?> each : all) {
      each.get(40, TimeUnit.SECONDS);
    }
    subscriptions.close();
    assertThat(budget.used()).as("seed %d", seed).isZero();
  }

  private Subscriptions subscriptions(EncodedBytes budget) {
    return new Subscriptions(
        "example",
        fixture.log,
        LogFixture.noCatchUps(),
        new PositionSaver(
            "example", new MemoryPositions(), (task, delay) -> {}, Duration.ofSeconds(1)),
        TextEntries::filter,
        TextEntries::new,
        BatchMode.MEMSIZE,
        new BatchBuffers(1 << 20),
        budget,
        workers,
        LogFixture::resolve,
        Runnable::run,
        Runnable::run,
        Clock.systemUTC(),
        System::nanoTime);
  }

  /** One consumer, of one session at a time. */
  private static final class Client implements Subscriber {
    private static final int PATIENCE_SECONDS = 20;
    private static final int MOST_OUTSTANDING = 8;

    /** A batch, and the number of the row behind its last one. */
    private record Had(long id, int next) {}

    private sealed interface Answer {
      record Batch(long id, List<String> entries) implements Answer {}

      record Nothing() implements Answer {}

      record Waits() implements Answer {}

      record Subscribed(Subscription subscription) implements Answer {}

      record Failed(String reason) implements Answer {}
    }

    private final Subscriptions subscriptions;
    private final short clientId;
    private final Random random;
    private final BlockingQueue<Answer> answers = new LinkedBlockingQueue<>();
    private final Deque<Had> outstanding = new ArrayDeque<>();
    private Subscription subscription;
    private int acknowledged;
    private int next;

    Client(Subscriptions subscriptions, short clientId, Random random) {
      this.subscriptions = subscriptions;
      this.clientId = clientId;
      this.random = random;
    }

    void subscribe() throws InterruptedException {
      subscriptions.subscribe(
          clientId,
          new Subscriptions.Request("", Optional.empty(), false),
          this,
          subscribed -> answers.add(new Answer.Subscribed(subscribed)));
      Answer answer = answer();
      while (answer instanceof Answer.Batch || answer instanceof Answer.Nothing) {
        answer = answer(); // of a fetch before
      }
      assertThat(answer).isInstanceOf(Answer.Subscribed.class);
      subscription = ((Answer.Subscribed) answer).subscription();
    }

    Void readEverything() throws Exception {
      while (acknowledged < ROWS) {
        switch (random.nextInt(40)) {
          case 0 -> rollBack();
          case 1 -> comeBack();
          case 2 -> subscription.passFiltered();
          default -> {
            fetch();
            while (outstanding.size() > random.nextInt(MOST_OUTSTANDING) || next == ROWS) {
              if (!acknowledgeOne()) {
                break;
              }
            }
          }
        }
      }
      subscription.detach(this);
      return null;
    }

    private void fetch() throws InterruptedException {
      boolean mayWait = next < ROWS && random.nextInt(4) > 0;
      subscription.fetch(this, 1 + random.nextInt(256), mayWait);
      Answer answer = answer();
      if (answer instanceof Answer.Waits) {
        if (random.nextInt(4) == 0) {
          subscription.expire(this);
        }
        answer = answer();
      }
      if (answer instanceof Answer.Batch batch) {
        for (String entry : batch.entries()) {
          if (!entry.startsWith("begin") && !entry.startsWith("end")) {
            assertThat(entry).isEqualTo(Integer.toString(next));
            next++;
          }
        }
        outstanding.add(new Had(batch.id(), next));
      } else {
        assertThat(answer).isInstanceOf(Answer.Nothing.class);
      }
    }

    private boolean acknowledgeOne() {
      Had oldest = outstanding.poll();
      if (oldest == null) {
        return false;
      }
      subscription.acknowledge(this, oldest.id());
      acknowledged = oldest.next();
      return true;
    }

    private void rollBack() {
      if (!outstanding.isEmpty() && random.nextBoolean()) {
        Had last = outstanding.removeLast();
        subscription.rollback(this, last.id());
      } else {
        subscription.rollback(this, 0);
        outstanding.clear();
      }
      next = outstanding.isEmpty() ? acknowledged : outstanding.getLast().next();
    }

    /** The session ends, perhaps amid a fetch, and the next one begins behind the last ack. */
    private void comeBack() throws InterruptedException {
      if (random.nextBoolean()) {
        subscription.fetch(this, 1 + random.nextInt(256), false);
      }
      subscription.detach(this);
      outstanding.clear();
      next = acknowledged;
      subscribe();
    }

    private Answer answer() throws InterruptedException {
      Answer answer = answers.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
      if (answer == null) {
        throw new AssertionError("client %d stands at row %d".formatted(clientId, next));
      }
      return answer;
    }

    @Override
    public String address() {
      return "10.0.0.1:" + clientId;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void deliver(Batch batch) {
      List<String> entries = new ArrayList<>();
      try {
        for (ByteBuf part : batch.parts()) {
          entries.addAll(TextEntries.read(Messages.parseFrom(part.nioBuffer())));
        }
      } catch (InvalidProtocolBufferException e) {
        answers.add(new Answer.Failed(e.toString()));
      }
      batch.release();
      answers.add(new Answer.Batch(batch.id(), entries));
    }

    @Override
    public void nothing() {
      answers.add(new Answer.Nothing());
    }

    @Override
    public void waiting() {
      answers.add(new Answer.Waits());
    }

    @Override
    public void refuse(CanalException reason) {
      answers.add(new Answer.Failed(reason.toString()));
    }

    @Override
    public void refuseRequest(CanalException reason) {
      answers.add(new Answer.Failed(reason.toString()));
    }

    @Override
    public void end(EndReason reason, String message) {
      answers.add(new Answer.Failed(message));
    }
  }
}
