package io.canal.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.canal.protocol.CanalEntry.Entry;
import io.canal.protocol.CanalException;
import io.canal.protocol.CanalPacket.Get;
import io.canal.protocol.CanalPacket.Messages;
import io.canal.protocol.CanalPacket.PacketType;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The batch size is 2 entries: batches of two are full, the next is asked for early. */
@Timeout(30)
class PipeliningTest {
  private static final int NO_WAIT = -1;
  private static final int WAIT_MS = 10_000;

  private final BlockingQueue<Long> seen = new LinkedBlockingQueue<>();
  private final List<Exception> errors = new CopyOnWriteArrayList<>();

  @Test
  void shouldAskForTheNextBatchBeforeAFullOneIsDelivered() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.start();
              assertTimeout(client.answerGet(batch(5, 1, 2)), WAIT_MS);
              assertTimeout(client.answerGet(batch(6, 3, 4)), NO_WAIT);
              asked.countDown(); // the listener goes on: nothing was acknowledged before
              assertThat(client.ack()).isEqualTo(5);
              assertTimeout(client.answerGet(batch(7, 5)), NO_WAIT);
              assertThat(client.ack()).isEqualTo(6);
              assertThat(client.ack()).isEqualTo(7); // not a full one: with the next request
              client.awaitEndOfGets();
            })) {
      Subscription subscription =
          subscribe(
              server,
              change -> {
                asked.await();
                remember(change);
              });

      assertThat(next(5)).containsExactly(1L, 2L, 3L, 4L, 5L);
      subscription.close();

      server.verify();
      assertThat(errors).isEmpty();
    }
  }

  @Test
  void shouldAcknowledgeBeforeItWaits() throws Exception {
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.start();
              client.answerGet(batch(5, 1, 2));
              assertTimeout(client.get(), NO_WAIT);
              assertThat(client.ack()).isEqualTo(5); // also while the server takes its time
              client.send(PacketType.MESSAGES, FakeServer.messages(-1));
              assertTimeout(client.answerGet(batch(6, 3)), WAIT_MS);
              assertThat(client.ack()).isEqualTo(6);
              client.awaitEndOfGets();
            })) {
      Subscription subscription = subscribe(server, this::remember);

      assertThat(next(3)).containsExactly(1L, 2L, 3L);
      subscription.close();

      server.verify();
      assertThat(errors).isEmpty();
    }
  }

  @Test
  void shouldRollBackTheBatchAheadToo() throws Exception {
    List<Long> failures = new ArrayList<>(List.of(2L));
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.start();
              client.answerGet(batch(5, 1, 2));
              client.answerGet(batch(6, 3, 4));
              assertThat(client.rollback()).isZero(); // behind the request, so of both
              assertTimeout(client.answerGet(batch(7, 1, 2)), WAIT_MS);
              assertTimeout(client.answerGet(batch(8, 3, 4)), NO_WAIT);
              assertThat(client.ack()).isEqualTo(7);
              assertTimeout(client.answerGet(FakeServer.messages(-1)), NO_WAIT);
              assertThat(client.ack()).isEqualTo(8);
              client.awaitEndOfGets();
            })) {
      Subscription subscription =
          subscribe(
              server,
              change -> {
                remember(change);
                if (failures.remove(change.after().getLong("id"))) {
                  throw new IOException("disk full");
                }
              });

      assertThat(next(6)).containsExactly(1L, 2L, 1L, 2L, 3L, 4L);
      subscription.close();

      server.verify();
      assertThat(errors).hasSize(1).first().isInstanceOf(IOException.class);
    }
  }

  @Test
  void shouldBeginAgainAfterABrokenConnectionWithTwoBatchesOutstanding() throws Exception {
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.start();
              client.answerGet(batch(5, 1, 2));
              client.answerGet(batch(6, 3, 4));
            },
            client -> {
              client.start();
              client.answerGet(batch(7, 1, 2));
              client.answerGet(batch(8, 99));
              assertThat(client.ack()).isEqualTo(7);
              assertThat(client.ack()).isEqualTo(8);
              client.awaitEndOfGets();
            })) {
      Subscription subscription = subscribe(server, this::remember);

      // how much arrives on the first connection is a matter of luck
      List<Long> found = new ArrayList<>();
      while (!found.contains(99L)) {
        found.addAll(next(1));
      }
      subscription.close();

      assertThat(found).endsWith(1L, 2L, 99L);
      assertThat(errors).hasSize(1);
      server.verify();
    }
  }

  @Test
  void shouldAskAgainWhenJustTheEarlyRequestIsRefused() throws Exception {
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.start();
              client.answerGet(batch(5, 1, 2));
              client.get();
              client.refuse(400, "unacknowledged batches fill the change log");
              assertThat(client.ack()).isEqualTo(5);
              assertTimeout(client.answerGet(batch(6, 3)), WAIT_MS);
              assertThat(client.ack()).isEqualTo(6);
              client.awaitEndOfGets();
            })) {
      Subscription subscription = subscribe(server, this::remember);

      assertThat(next(3)).containsExactly(1L, 2L, 3L);
      subscription.close();

      server.verify();
      assertThat(errors).isEmpty();
    }
  }

  @Test
  void shouldEndWhenTakenOverWithARequestAhead() throws Exception {
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.start();
              client.answerGet(batch(5, 1, 2));
              client.get();
              client.refuse(409, "taken over by 10.0.0.9:50544");
            })) {
      Subscription subscription = subscribe(server, this::remember);

      assertThat(subscription.closed())
          .failsWithin(10, TimeUnit.SECONDS)
          .withThrowableThat()
          .withCauseInstanceOf(CanalException.class)
          .withMessageContaining("error 409 (taken over)");
    }
  }

  @Test
  void shouldTellWhyTheServerEndedBehindTheBatchAhead() throws Exception {
    CountDownLatch ended = new CountDownLatch(1);
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.start();
              client.answerGet(batch(5, 1, 2));
              client.answerGet(batch(6, 3, 4));
              client.refuse(409, "taken over by 10.0.0.9:50544");
              ended.countDown();
            })) {
      Subscription subscription =
          subscribe(
              server,
              change -> {
                ended.await();
                remember(change);
              });

      assertThat(subscription.closed())
          .failsWithin(10, TimeUnit.SECONDS)
          .withThrowableThat()
          .withMessageContaining("error 409 (taken over)");
    }
  }

  @Test
  void shouldWaitForTheAnswerAheadOnCloseSoThatTheServerGetsToTheAck() throws Exception {
    CountDownLatch acknowledged = new CountDownLatch(1);
    CountDownLatch closing = new CountDownLatch(1);
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.start();
              client.answerGet(batch(5, 1, 2));
              client.get();
              assertThat(client.ack()).isEqualTo(5);
              acknowledged.countDown();
              closing.await();
              client.send(PacketType.MESSAGES, batch(6, 3, 4));
              client.awaitEnd();
            })) {
      Subscription subscription = subscribe(server, this::remember);
      acknowledged.await();

      Thread closer = new Thread(subscription::close);
      closer.start();
      awaitState(closer, Thread.State.TIMED_WAITING);
      closing.countDown();
      closer.join(5_000);

      assertThat(subscription.closed()).isCompletedWithValue(null);
      assertThat(seen).containsExactly(1L, 2L);
      server.verify();
    }
  }

  private static Messages batch(long batchId, int... ids) {
    Entry[] entries = new Entry[ids.length];
    for (int i = 0; i < ids.length; i++) {
      entries[i] = Entries.insert(ids[i], "name");
    }
    return FakeServer.messages(batchId, entries);
  }

  private static void assertTimeout(Get get, int expectedMs) {
    assertThat(get.getTimeout()).isEqualTo(expectedMs);
    assertThat(get.getUnit()).isEqualTo(2);
  }

  private Subscription subscribe(FakeServer server, ChangeListener listener) {
    return CanalClient.builder()
        .server(server.address())
        .user(FakeServer.USER)
        .password(FakeServer.PASSWORD)
        .batchSize(2)
        .errorHandler((subscription, error) -> errors.add(error))
        .build()
        .subscribe("example", "", listener);
  }

  private void remember(Change change) {
    seen.add(change.after().getLong("id"));
  }

  private List<Long> next(int count) throws InterruptedException {
    List<Long> found = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Long one = seen.poll(10, TimeUnit.SECONDS);
      assertThat(one)
          .as("change %d of %d, found %s, errors %s", i, count, found, errors)
          .isNotNull();
      found.add(one);
    }
    return found;
  }

  private static void awaitState(Thread thread, Thread.State state) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (thread.getState() != state) {
      assertThat(System.nanoTime()).as("%s in %s", thread, thread.getState()).isLessThan(deadline);
      LockSupport.parkNanos(1_000_000);
    }
  }
}
