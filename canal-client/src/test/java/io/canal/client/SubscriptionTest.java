package io.canal.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.canal.protocol.CanalException;
import io.canal.protocol.CanalPacket.PacketType;
import io.canal.protocol.CanalPacket.Sub;
import io.canal.protocol.Start;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class SubscriptionTest {
  private final BlockingQueue<String> seen = new ArrayBlockingQueue<>(100);
  private final List<Exception> errors = new CopyOnWriteArrayList<>();

  @Test
  void shouldDeliverAndAcknowledgeWholeBatches() throws Exception {
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.login();
              assertThat(client.subscription().getFilter()).isEqualTo("shop\\..*");
              assertThat(client.rollback()).isZero();
              assertThat(client.answerGet(FakeServer.messages(-1)).getFetchSize()).isEqualTo(1024);
              client.answerGet(
                  FakeServer.messages(5, Entries.insert(1, "a"), Entries.insert(2, "b")));
              assertThat(client.ack()).isEqualTo(5);
              client.answerGet(FakeServer.messages(6, Entries.insert(3, "c")));
              assertThat(client.ack()).isEqualTo(6);
              client.awaitEndOfGets();
            })) {
      Subscription subscription = subscribe(server, this::remember);

      assertThat(next(3)).containsExactly("1 a", "2 b", "3 c");
      subscription.close();
      subscription.close();

      assertThat(subscription.closed()).isCompletedWithValue(null);
      server.verify();
      assertThat(errors).isEmpty();
    }
  }

  @Test
  void shouldRunOnADaemonNamedByItsRole() throws Exception {
    AtomicReference<Thread> thread = new AtomicReference<>();
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.start();
              client.answerGet(FakeServer.messages(5, Entries.insert(1, "a")));
              client.ack();
              client.awaitEndOfGets();
            })) {
      Subscription subscription =
          subscribe(
              server,
              change -> {
                thread.set(Thread.currentThread());
                remember(change);
              });

      next(1);
      subscription.close();

      assertThat(thread.get().getName()).isEqualTo("subscription-example");
      assertThat(thread.get().isDaemon()).isTrue();
      assertThat(thread.get().isAlive()).isFalse();
    }
  }

  @Test
  void shouldRollBackAndDeliverAgainWhenTheListenerFails() throws Exception {
    AtomicInteger attempts = new AtomicInteger();
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.start();
              client.answerGet(
                  FakeServer.messages(5, Entries.insert(1, "a"), Entries.insert(2, "b")));
              assertThat(client.rollback()).isZero();
              client.answerGet(
                  FakeServer.messages(6, Entries.insert(1, "a"), Entries.insert(2, "b")));
              assertThat(client.ack()).isEqualTo(6);
              client.awaitEndOfGets();
            })) {
      Subscription subscription =
          subscribe(
              server,
              change -> {
                remember(change);
                if (change.after().getLong("id") == 2 && attempts.incrementAndGet() == 1) {
                  throw new IOException("disk full");
                }
              });

      assertThat(next(4)).containsExactly("1 a", "2 b", "1 a", "2 b");
      subscription.close();

      server.verify();
      assertThat(errors).hasSize(1).first().isInstanceOf(IOException.class);
    }
  }

  @Test
  void shouldRollBackWhenTheEndOfTheBatchFails() throws Exception {
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.start();
              client.answerGet(FakeServer.messages(5, Entries.insert(1, "a")));
              client.rollback();
              client.answerGet(FakeServer.messages(6, Entries.insert(1, "a")));
              assertThat(client.ack()).isEqualTo(6);
              client.awaitEndOfGets();
            })) {
      Subscription subscription =
          subscribe(
              server,
              new ChangeListener() {
                private boolean failed;

                @Override
                public void onChange(Change change) {
                  remember(change);
                }

                @Override
                public void onBatchEnd() {
                  if (!failed) {
                    failed = true;
                    throw new IllegalStateException("flush failed");
                  }
                }
              });

      assertThat(next(2)).containsExactly("1 a", "1 a");
      subscription.close();

      server.verify();
      assertThat(errors).extracting(Exception::getMessage).containsExactly("flush failed");
    }
  }

  @Test
  void shouldConnectAgainAfterFailures() throws Exception {
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.start();
              client.answerGet(FakeServer.messages(5, Entries.insert(1, "a")));
              client.ack();
            },
            client -> client.sendBytes(new byte[] {0x7F, 0, 0, 0}),
            client -> {
              client.login();
              client.expect(PacketType.SUBSCRIPTION);
              client.refuse(400, "destination 'example' is starting");
            },
            client -> {
              client.start();
              client.answerGet(FakeServer.messages(6, Entries.insert(2, "b")));
              assertThat(client.ack()).isEqualTo(6);
              client.awaitEndOfGets();
            })) {
      Subscription subscription = subscribe(server, this::remember);

      assertThat(next(2)).containsExactly("1 a", "2 b");
      subscription.close();

      server.verify();
      assertThat(errors).hasSize(3).allMatch(e -> e.getMessage().startsWith(server.name()));
      assertThat(errors.get(2)).hasMessageEndingWith("destination 'example' is starting");
      assertThat(subscription.closed()).isCompletedWithValue(null);
    }
  }

  @Test
  void shouldEndWhenAnotherSessionTakesOver() throws Exception {
    CountDownLatch working = new CountDownLatch(1);
    CountDownLatch takenOver = new CountDownLatch(1);
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.start();
              client.answerGet(FakeServer.messages(5, Entries.insert(1, "a")));
              working.await();
              client.refuse(409, "taken over by 10.0.0.9:50544");
              takenOver.countDown();
            },
            client -> client.login())) {
      Subscription subscription =
          subscribe(
              server,
              change -> {
                remember(change);
                working.countDown();
                takenOver.await();
              });

      assertThat(subscription.closed())
          .failsWithin(10, TimeUnit.SECONDS)
          .withThrowableThat()
          .withCauseInstanceOf(CanalException.class)
          .withMessageContaining("error 409 (taken over): taken over by 10.0.0.9:50544");
      subscription.close();

      assertThat(server.isFinishedWithin(300)).as("connected again").isFalse();
      assertThat(errors).hasSize(1);
    }
  }

  @Test
  void shouldEndWhenThePasswordIsWrong() throws Exception {
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.greet();
              client.expect(PacketType.CLIENTAUTHENTICATION);
              client.refuse(400, "auth failed");
            })) {
      Subscription subscription = subscribe(server, this::remember);

      assertThat(subscription.closed())
          .failsWithin(10, TimeUnit.SECONDS)
          .withThrowableThat()
          .withMessageContaining("authentication of user 'canal' was answered with error 400");
      assertThat(errors).hasSize(1);
    }
  }

  @Test
  void shouldEndWithAnErrorOfTheListener() throws Exception {
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.start();
              client.answerGet(FakeServer.messages(5, Entries.insert(1, "a")));
              client.awaitEnd();
            })) {
      Subscription subscription =
          subscribe(
              server,
              change -> {
                Thread.currentThread().setUncaughtExceptionHandler((thread, error) -> {});
                throw new LinkageError("broken class path");
              });

      assertThat(subscription.closed())
          .failsWithin(10, TimeUnit.SECONDS)
          .withThrowableThat()
          .withCauseInstanceOf(LinkageError.class);
      server.verify();
    }
  }

  @Test
  void shouldFinishAndAcknowledgeTheBatchInHandOnClose() throws Exception {
    CountDownLatch working = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.start();
              client.answerGet(
                  FakeServer.messages(5, Entries.insert(1, "a"), Entries.insert(2, "b")));
              assertThat(client.ack()).isEqualTo(5);
              client.awaitEnd();
            })) {
      Subscription subscription =
          subscribe(
              server,
              change -> {
                working.countDown();
                goOn.await();
                remember(change);
              });
      working.await();

      Thread closer = new Thread(subscription::close);
      closer.start();
      awaitState(closer, Thread.State.TIMED_WAITING);
      goOn.countDown();
      closer.join(5_000);

      assertThat(closer.isAlive()).isFalse();
      assertThat(next(2)).containsExactly("1 a", "2 b");
      server.verify();
    }
  }

  @Test
  void shouldCloseFromTheListenerAndFromTheErrorHandler() throws Exception {
    AtomicReference<Subscription> self = new AtomicReference<>();
    CountDownLatch known = new CountDownLatch(1);
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.start();
              client.answerGet(FakeServer.messages(5, Entries.insert(1, "a")));
              assertThat(client.ack()).isEqualTo(5);
              client.awaitEnd();
            },
            client -> {
              client.start();
              client.answerGet(FakeServer.messages(6, Entries.insert(1, "a")));
              assertThat(client.rollback()).isZero();
              client.awaitEnd();
            })) {
      self.set(
          subscribe(
              server,
              change -> {
                known.await();
                self.get().close();
              }));
      known.countDown();
      assertThat(self.get().closed()).succeedsWithin(5, TimeUnit.SECONDS);

      Subscription failing =
          client(server)
              .errorHandler((subscription, error) -> subscription.close())
              .build()
              .subscribe(
                  "example",
                  "",
                  change -> {
                    throw new IllegalStateException("no");
                  });

      assertThat(failing.closed()).succeedsWithin(5, TimeUnit.SECONDS);
      server.verify();
    }
  }

  @Test
  void shouldCloseWhileNoServerAnswers() throws Exception {
    CountDownLatch connected = new CountDownLatch(1);
    try (FakeServer server =
        new FakeServer(
            client -> {
              connected.countDown();
              client.awaitEnd(); // says nothing
            })) {
      Subscription subscription = subscribe(server, this::remember);
      connected.await();

      subscription.close();

      assertThat(subscription.closed()).isCompletedWithValue(null);
      server.verify();
      assertThat(errors).isEmpty();
    }
  }

  @Test
  void shouldInterruptNobodyElseAndNotWaitWhenItsCallerIsInterrupted() throws Exception {
    CountDownLatch working = new CountDownLatch(1);
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.start();
              client.answerGet(FakeServer.messages(5, Entries.insert(1, "a")));
              assertThat(client.rollback()).isZero();
              client.awaitEnd();
            })) {
      Subscription subscription =
          subscribe(
              server,
              change -> {
                working.countDown();
                new CountDownLatch(1).await();
              });
      working.await();

      Thread.currentThread().interrupt();
      subscription.close();

      assertThat(Thread.interrupted()).isTrue();
      assertThat(subscription.closed()).succeedsWithin(5, TimeUnit.SECONDS);
      server.verify();
    }
  }

  @Test
  void shouldStartWhereItIsToldButOnce() throws Exception {
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.login();
              Sub sub = client.subscription("file=binlog.000001;offset=157");
              assertThat(sub.getStart()).isEqualTo("earliest");
              assertThat(sub.getFilter()).isEqualTo("shop");
              client.rollback();
              client.answerGet(FakeServer.messages(5, Entries.insert(1, "a")));
            },
            client -> {
              client.login();
              assertThat(client.subscription().getStart()).isEmpty();
              client.rollback();
              client.answerGet(FakeServer.messages(6, Entries.insert(2, "b")));
              client.ack();
              client.awaitEndOfGets();
            })) {
      Subscription subscription =
          client(server).build().subscribe("example", "shop", Start.earliest(), this::remember);

      assertThat(next(2)).containsExactly("1 a", "2 b");
      subscription.close();

      server.verify();
    }
  }

  @Test
  void shouldAskForItsStartUntilTheServerConfirmsIt() throws Exception {
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.login();
              client.expect(PacketType.SUBSCRIPTION);
              client.refuse(400, "destination 'example' is starting");
            },
            client -> {
              client.login();
              assertThat(client.subscription("file=b.000001;offset=4").getStart()).isEqualTo("now");
              client.rollback();
              client.awaitEndOfGets();
            })) {
      Subscription subscription =
          client(server).build().subscribe("example", "", Start.now(), this::remember);

      assertThat(server.isFinishedWithin(300)).isFalse();
      subscription.close();

      server.verify();
    }
  }

  @Test
  void shouldEndWhenItsStartCannotBeReached() throws Exception {
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.login();
              client.expect(PacketType.SUBSCRIPTION);
              client.refuse(401, "binlog.000001:4 is purged");
            })) {
      Subscription subscription =
          client(server)
              .build()
              .subscribe("example", "", Start.at("binlog.000001", 4), this::remember);

      assertThat(subscription.closed())
          .failsWithin(10, TimeUnit.SECONDS)
          .withThrowableThat()
          .withMessageContaining("error 401: binlog.000001:4 is purged");
    }
  }

  @Test
  void shouldEndWhenTheServerKnowsNoStarts() throws Exception {
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.login();
              client.subscription();
            })) {
      Subscription subscription =
          client(server).build().subscribe("example", "", Start.earliest(), this::remember);

      assertThat(subscription.closed())
          .failsWithin(10, TimeUnit.SECONDS)
          .withThrowableThat()
          .withMessageContaining(server.name() + ": the server cannot start at earliest");
    }
  }

  @Test
  void shouldEndWhenTheDestinationIsUnknown() throws Exception {
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.login();
              client.expect(PacketType.SUBSCRIPTION);
              client.refuse(404, "destination 'example' does not exist");
            })) {
      Subscription subscription = subscribe(server, this::remember);

      assertThat(subscription.closed())
          .failsWithin(10, TimeUnit.SECONDS)
          .withThrowableThat()
          .withMessageContaining("error 404: destination 'example' does not exist");
    }
  }

  @Test
  void shouldPauseLongerEachTime() {
    Backoff backoff = new Backoff();

    List<Long> pauses = LongStream.generate(backoff::next).limit(9).boxed().toList();
    backoff.reset();

    assertThat(pauses)
        .containsExactly(100L, 200L, 400L, 800L, 1600L, 3200L, 6400L, 10_000L, 10_000L);
    assertThat(backoff.next()).isEqualTo(100);
  }

  private Subscription subscribe(FakeServer server, ChangeListener listener) {
    return client(server).build().subscribe("example", "shop\\..*", listener);
  }

  private CanalClient.Builder client(FakeServer server) {
    return CanalClient.builder()
        .server(server.address())
        .user(FakeServer.USER)
        .password(FakeServer.PASSWORD)
        .errorHandler((subscription, error) -> errors.add(error));
  }

  private void remember(Change change) {
    seen.add(change.after().getLong("id") + " " + change.after().getString("name"));
  }

  private static void awaitState(Thread thread, Thread.State state) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (thread.getState() != state) {
      assertThat(System.nanoTime()).as("%s in %s", thread, thread.getState()).isLessThan(deadline);
      LockSupport.parkNanos(1_000_000);
    }
  }

  private List<String> next(int count) throws InterruptedException {
    List<String> found = new CopyOnWriteArrayList<>();
    for (int i = 0; i < count; i++) {
      String one = seen.poll(10, TimeUnit.SECONDS);
      assertThat(one)
          .as("change %d of %d, found %s, errors %s", i, count, found, errors)
          .isNotNull();
      found.add(one);
    }
    return found;
  }
}
