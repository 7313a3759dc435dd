package io.canal.server.subscription;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.InvalidProtocolBufferException;
import io.canal.parser.log.Frame;
import io.canal.parser.log.FrameKind;
import io.canal.parser.log.Transaction;
import io.canal.protocol.CanalException;
import io.canal.protocol.CanalPacket.Messages;
import io.canal.protocol.GtidSet;
import io.canal.protocol.Start;
import io.canal.protocol.WriteBuffer;
import io.canal.server.config.BatchMode;
import io.canal.server.position.PositionSaver;
import io.canal.server.position.StoredConsumer;
import io.netty.buffer.ByteBuf;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SubscriptionTest {
  private static final int BUDGET = 64 * 1024;
  private static final Instant NOW = Instant.ofEpochSecond(1_700_000_100L);
  private static final short CLIENT = 1001;

  private final LogFixture fixture = new LogFixture(BUDGET);
  private final MemoryPositions store = new MemoryPositions();
  private final PositionSaver positions =
      new PositionSaver("example", store, (task, delay) -> {}, Duration.ofSeconds(1));
  private final AtomicLong nanos = new AtomicLong();
  private final EncodedBytes budget = new EncodedBytes(8L << 20);
  private final Subscriptions subscriptions = subscriptions(fixture, BatchMode.MEMSIZE);
  private final Client client = new Client("10.0.0.1:1");

  private Subscriptions subscriptions(LogFixture of, BatchMode mode) {
    return subscriptions(of, mode, new AtomicLong());
  }

  /**
   * @param written counts the rows that are encoded
   */
  private Subscriptions subscriptions(LogFixture of, BatchMode mode, AtomicLong written) {
    return subscriptions(of, mode, () -> new TextEntries(written));
  }

  private Subscriptions subscriptions(
      LogFixture of, BatchMode mode, Supplier<EntryWriter> writers) {
    return new Subscriptions(
        "example",
        of.log,
        LogFixture.noCatchUps(),
        positions,
        TextEntries::filter,
        writers,
        mode,
        new BatchBuffers(1 << 20),
        budget,
        Runnable::run,
        LogFixture::resolve,
        Runnable::run,
        Runnable::run,
        Clock.fixed(NOW, ZoneOffset.UTC),
        nanos::get);
  }

  @Test
  void shouldDeliverATransactionWithItsBounds() throws Exception {
    Subscription subscription = subscribe(client, "");

    fixture.begin().row(1, "a").row(2, "b").end();
    subscription.fetch(client, 100, false);

    assertThat(client.entries()).containsExactly("begin 1", "a", "b", "end 1");
    assertThat(client.batches.get(0))
        .isGreaterThan(NOW.getEpochSecond() << 20)
        .isLessThan(1L << 53);
  }

  @Test
  void shouldShowNothingOfATransactionWithoutAVisibleRow() throws Exception {
    Subscription subscription = subscribe(client, "t2");

    fixture.insert(1, "a").begin().row(1, "b").row(2, "c").row(1, "d").end();
    subscription.fetch(client, 100, false);

    assertThat(client.entries()).containsExactly("begin 2", "c", "end 2");
  }

  @Test
  void shouldShowAStatementWithoutBounds() throws Exception {
    Subscription subscription = subscribe(client, "");

    fixture.ddl("create table t1").insert(1, "a");
    subscription.fetch(client, 100, false);

    assertThat(client.entries()).containsExactly("create table t1", "begin 2", "a", "end 2");
  }

  @Test
  void shouldHideAStatementThatTheFilterDrops() throws Exception {
    Subscription subscription = subscribe(client, "t1");

    fixture.ddl("t2").ddl("t1");
    subscription.fetch(client, 100, false);

    assertThat(client.entries()).containsExactly("t1");
  }

  @Test
  void shouldCutABatchAfterSoManyKibOfEvents() throws Exception {
    Subscription subscription = subscribe(client, "");
    fixture.begin().row(1, "a", 700).row(1, "b", 700).row(1, "c", 700).end();

    subscription.fetch(client, 1, false);
    List<String> first = client.entries();
    subscription.fetch(client, 1, false);

    assertThat(first).containsExactly("begin 1", "a", "b");
    assertThat(client.entries()).containsExactly("c", "end 1");
  }

  @Test
  void shouldCutABatchAfterSoManyEntries() throws Exception {
    Subscriptions byEntry = subscriptions(fixture, BatchMode.ITEMSIZE);
    Subscription subscription = subscribe(byEntry, client, "");
    fixture.begin().row(1, "a").row(1, "b").end().insert(1, "c");

    subscription.fetch(client, 3, false);
    List<String> first = client.entries();
    subscription.fetch(client, 1, false);
    List<String> second = client.entries();
    subscription.fetch(client, Integer.MAX_VALUE, false);

    assertThat(first).containsExactly("begin 1", "a", "b");
    assertThat(second).containsExactly("end 1");
    assertThat(client.entries()).containsExactly("begin 2", "c", "end 2");
  }

  @Test
  void shouldTakeNoSizeAndLessForTheUsualOne() throws Exception {
    Subscription subscription = subscribe(client, "");

    for (int fetchSize : new int[] {0, -1, Integer.MIN_VALUE}) {
      fixture.begin().row(1, "a", 2000).row(1, "b", 2000).end();
      subscription.fetch(client, fetchSize, false);

      assertThat(client.entries()).hasSize(4);
    }
  }

  @Test
  void shouldCutABatchAfterSoManyEncodedBytesUnlessOneEntryHasMore() throws Exception {
    LogFixture large = new LogFixture(128L << 20);
    Subscription subscription = subscribe(subscriptions(large, BatchMode.MEMSIZE), client, "");
    large.begin();
    for (int i = 0; i < 40; i++) {
      large.row(1, "r" + i, 256 << 10);
    }
    large.row(1, "large", 10 << 20).end();

    List<Integer> sizes = new ArrayList<>();
    List<String> read = new ArrayList<>();
    while (!read.contains("end 1")) {
      subscription.fetch(client, Integer.MAX_VALUE, false);
      List<String> batch = client.entries();
      sizes.add(batch.size());
      read.addAll(batch);
    }

    assertThat(read)
        .hasSize(43)
        .startsWith("begin 1", "r0", "r1")
        .endsWith("r39", "large", "end 1");
    assertThat(sizes).allSatisfy(size -> assertThat(size).isLessThanOrEqualTo(32));
  }

  @Test
  void shouldEncodeOnceForConsumersCloseBehindAndKeepNothing() throws Exception {
    LogFixture large = new LogFixture(16L << 20);
    AtomicLong written = new AtomicLong();
    Subscriptions shared = subscriptions(large, BatchMode.MEMSIZE, written);
    List<Client> clients = new ArrayList<>();
    List<Subscription> all = new ArrayList<>();
    for (short id = 1; id <= 3; id++) {
      Client each = new Client("10.0.1." + id + ":1");
      shared.subscribe(id, new Subscriptions.Request("", Optional.empty(), false), each, all::add);
      clients.add(each);
    }
    large.insert(1, "first");
    for (int i = 0; i < 3; i++) {
      all.get(i).fetch(clients.get(i), 100, false);
    }
    written.set(0);

    for (int row = 0; row < 100; row++) {
      large.insert(1, "r" + row);
      for (int i = 0; i < 3; i++) {
        all.get(i).fetch(clients.get(i), 100, false);
      }
    }
    shared.close();

    assertThat(written.get()).isEqualTo(100);
    for (Client each : clients) {
      assertThat(each.entries()).hasSize(303).endsWith("begin 101", "r99", "end 101");
    }
    assertThat(budget.used()).isZero();
  }

  @Test
  void shouldWaitAnewWhereWhatIsEncodedForAFetchIsNoLongerWanted() throws Exception {
    whileAnotherEncodes(
        (shared, subscription) -> {
          subscription.fetch(client, 100, true);
          List<String> before = List.copyOf(client.events);

          shared.moveTo("1001", LogFixture.resolve(LogFixture.after(2)));

          assertThat(before).containsExactly("batch");
          assertThat(client.events).containsExactly("batch", "waiting");
          subscription.expire(client);
          assertThat(client.events).containsExactly("batch", "waiting", "nothing");
        });
  }

  @Test
  void shouldAnswerAFetchThatExpiresOnceWhatIsEncodedForItIsNoLongerWanted() throws Exception {
    whileAnotherEncodes(
        (shared, subscription) -> {
          subscription.fetch(client, 100, true);
          subscription.expire(client);
          List<String> before = List.copyOf(client.events);

          shared.moveTo("1001", LogFixture.resolve(LogFixture.after(2)));

          assertThat(before).containsExactly("batch");
          assertThat(client.events).containsExactly("batch", "nothing");
        });
  }

  @FunctionalInterface
  private interface Meanwhile {
    void run(Subscriptions shared, Subscription subscription) throws Exception;
  }

  /**
   * The client had the first transaction; the second one is encoded for it by a thread that stands.
   */
  private void whileAnotherEncodes(Meanwhile meanwhile) throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch mayEnd = new CountDownLatch(1);
    TextEntries text = new TextEntries();
    EntryWriter standing =
        new EntryWriter() {
          @Override
          public void writeBegin(
              Transaction transaction, Optional<GtidSet> executed, WriteBuffer out) {
            text.writeBegin(transaction, executed, out);
          }

          @Override
          public int write(
              Frame frame, Transaction transaction, Optional<GtidSet> executed, WriteBuffer out) {
            if (frame.kind() == FrameKind.ROWS && LogFixture.textOf(frame).equals("long")) {
              begun.countDown();
              await(mayEnd);
            }
            return text.write(frame, transaction, executed, out);
          }
        };
    Subscriptions shared = subscriptions(fixture, BatchMode.MEMSIZE, () -> standing);
    Subscription subscription = subscribe(shared, client, "");
    Client other = new Client("10.0.0.2:1");
    AtomicReference<Subscription> others = new AtomicReference<>();
    shared.subscribe(
        (short) 1002, new Subscriptions.Request("", Optional.empty(), false), other, others::set);
    fixture.insert(1, "first");
    subscription.fetch(client, 100, false);
    others.get().fetch(other, 100, false);
    fixture.insert(1, "long");
    Thread encodes = new Thread(() -> others.get().fetch(other, 100, false), "encodes");
    encodes.start();

    await(begun);
    try {
      meanwhile.run(shared, subscription);
    } finally {
      mayEnd.countDown();
      encodes.join();
    }
    assertThat(other.entries()).endsWith("begin 2", "long", "end 2");
    shared.close();
    assertThat(budget.used()).isZero();
  }

  private static void await(CountDownLatch latch) {
    try {
      if (!latch.await(20, TimeUnit.SECONDS)) {
        throw new AssertionError("not in time");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  @Test
  void shouldBeSilentWhereNothingIs() {
    Subscription subscription = subscribe(client, "");

    subscription.fetch(client, 100, false);

    assertThat(client.events).containsExactly("nothing");
  }

  @Test
  void shouldAnswerAWaitingFetchWhenSomethingComes() throws Exception {
    Subscription subscription = subscribe(client, "t1");

    subscription.fetch(client, 100, true);
    fixture.insert(2, "hidden");
    List<String> before = List.copyOf(client.events);
    fixture.insert(1, "a");

    assertThat(before).containsExactly("waiting");
    assertThat(client.entries()).containsExactly("begin 2", "a", "end 2");
  }

  @Test
  void shouldAnswerAWaitingFetchWithNothingWhenItExpires() throws Exception {
    Subscription subscription = subscribe(client, "");

    subscription.fetch(client, 100, true);
    subscription.expire(client);
    subscription.expire(client);
    fixture.insert(1, "a");

    assertThat(client.events).containsExactly("waiting", "nothing");
  }

  @Test
  void shouldMoveByAcknowledgement() throws Exception {
    Subscription subscription = subscribe(client, "");
    fixture.insert(1, "a").insert(1, "b");
    subscription.fetch(client, 100, false);
    subscription.acknowledge(client, client.batches.get(0));

    positions.flush();

    assertThat(stored("1001")).isEqualTo(LogFixture.SERVER + ":1-2");
    assertThat(client.problems()).isEmpty();
  }

  @Test
  void shouldEndASessionThatAcknowledgesOutOfOrder() throws Exception {
    Subscription subscription = subscribe(client, "");
    fixture.insert(1, "a").insert(1, "b");
    subscription.fetch(client, 100, false);
    fixture.insert(1, "c");
    subscription.fetch(client, 100, false);

    subscription.acknowledge(client, client.batches.get(1));
    subscription.acknowledge(client, client.batches.get(0));
    positions.flush();

    assertThat(client.problems()).hasSize(1).first().asString().startsWith("end BAD_BATCH_ID");
    assertThat(stored("1001")).isEmpty();
    Client next = new Client("10.0.0.2:1");
    subscribe(next, "").fetch(next, 100, false);
    assertThat(next.entries()).contains("a", "b", "c");
  }

  @Test
  void shouldDeliverAgainAfterARollback() throws Exception {
    Subscription subscription = subscribe(client, "");
    for (String text : List.of("a", "b", "c")) {
      fixture.insert(1, text);
      subscription.fetch(client, 100, false);
    }
    client.entries();

    subscription.rollback(client, client.batches.get(1));
    subscription.fetch(client, 100, false);
    List<String> fromSecond = client.entries();
    subscription.acknowledge(client, client.batches.get(0));
    subscription.rollback(client, 0);
    subscription.fetch(client, 100, false);
    List<String> afterFirst = client.entries();
    subscription.acknowledge(client, client.batches.get(4));
    positions.flush();

    assertThat(fromSecond).containsExactly("begin 2", "b", "end 2", "begin 3", "c", "end 3");
    assertThat(afterFirst).isEqualTo(fromSecond);
    assertThat(stored("1001")).isEqualTo(LogFixture.SERVER + ":1-3");
    assertThat(client.problems()).isEmpty();
  }

  @Test
  void shouldNotRepeatTheBeginAfterARollbackInsideATransaction() throws Exception {
    Subscription subscription = subscribe(client, "");
    fixture.begin().row(1, "a", 1100).row(1, "b", 1100).end();
    subscription.fetch(client, 1, false);
    subscription.acknowledge(client, client.batches.get(0));
    client.entries();
    subscription.fetch(client, 1, false);

    subscription.rollback(client, 0);
    subscription.fetch(client, 100, false);

    assertThat(client.entries()).containsExactly("b", "b", "end 1");
  }

  @Test
  void shouldMoveWithoutAnAckPastWhatIsFilteredAway() throws Exception {
    Subscription subscription = subscribe(client, "t1");
    subscription.detach(client);

    for (int i = 0; i < 1000; i++) {
      fixture.begin().row(2, "hidden", 1000).end();
      subscriptions.tick();
    }
    fixture.insert(1, "a");
    subscriptions.tick();
    subscriptions.tick();
    positions.flush();

    assertThat(stored("1001")).isEqualTo(LogFixture.SERVER + ":1-1000");
    Client next = new Client("10.0.0.2:1");
    subscribe(next, "").fetch(next, 100, false);
    assertThat(next.entries()).containsExactly("begin 1001", "a", "end 1001");
  }

  @Test
  void shouldNotMoveWithoutAnAckWhileABatchIsOutstanding() throws Exception {
    Subscription subscription = subscribe(client, "t1");
    fixture.insert(1, "a");
    subscription.fetch(client, 100, false);
    fixture.insert(2, "hidden");

    subscription.fetch(client, 100, false);
    subscriptions.tick();
    positions.flush();

    assertThat(stored("1001")).isEmpty();
  }

  @Test
  void shouldLetANewSessionTakeOver() throws Exception {
    Subscription subscription = subscribe(client, "");
    fixture.insert(1, "a");
    subscription.fetch(client, 100, false);
    Client newcomer = new Client("10.0.0.2:1");

    subscribe(newcomer, "");
    subscription.acknowledge(client, client.batches.get(0));
    subscription.fetch(newcomer, 100, false);

    assertThat(client.problems().get(0)).startsWith("end TAKEN_OVER").contains("10.0.0.2:1");
    assertThat(newcomer.entries()).containsExactly("begin 1", "a", "end 1");
  }

  @Test
  void shouldRefuseASecondTakeoverWhileTheHolderIsOpen() {
    subscribe(client, "");
    Client second = new Client("10.0.0.2:1");
    Client third = new Client("10.0.0.3:1");
    subscribe(second, "");

    nanos.addAndGet(Subscription.TAKEOVER_PAUSE.toNanos() - 1);
    Subscription refused = subscribe(third, "");
    nanos.addAndGet(1);
    Client fourth = new Client("10.0.0.4:1");
    subscribe(fourth, "");

    assertThat(refused).isNull();
    assertThat(third.problems().get(0)).startsWith("end TAKEN_OVER").contains("10.0.0.2:1");
    assertThat(second.problems().get(0)).startsWith("end TAKEN_OVER").contains("10.0.0.4:1");
    assertThat(fourth.problems()).isEmpty();
  }

  @Test
  void shouldGiveTheClientIdOfADeadSessionToTheNext() {
    subscribe(client, "");
    Client second = new Client("10.0.0.2:1");
    subscribe(second, "");
    second.open = false;
    Client third = new Client("10.0.0.3:1");

    subscribe(third, "");

    assertThat(third.problems()).isEmpty();
    assertThat(second.problems()).isEmpty();
  }

  @Test
  void shouldStoreANewConsumerBeforeItHoldsAnything() {
    store.failing = true;

    Subscription refused = subscribe(client, "t1");
    store.failing = false;
    subscribe(client, "t1");

    assertThat(refused).isNull();
    assertThat(client.problems()).containsExactly("refuse the disk is full");
    assertThat(store.consumers.get("1001").filter()).isEqualTo("t1");
    assertThat(fixture.log.status().furthestAhead()).contains("1001");
  }

  @Test
  void shouldRefuseAFilterThatIsBroken() {
    Subscription refused = subscribe(client, "t1(");

    assertThat(refused).isNull();
    assertThat(client.problems().get(0)).startsWith("refuse request: filter 't1('");
    assertThat(store.consumers).isEmpty();
    assertThat(fixture.log.status().furthestAhead()).isEmpty();
  }

  @Test
  void shouldReplaceTheFilterUnlessTheNewOneIsEmpty() throws Exception {
    Subscription subscription = subscribe(client, "t1");
    subscribe(client, "");
    String kept = subscription.filter();
    subscribe(client, "t2");
    fixture.insert(1, "a").insert(2, "b");
    subscription.fetch(client, 100, false);

    assertThat(kept).isEqualTo("t1");
    assertThat(store.consumers.get("1001").filter()).isEqualTo("t2");
    assertThat(client.entries()).containsExactly("begin 2", "b", "end 2");
  }

  @Test
  void shouldForgetWhoUnsubscribes() throws Exception {
    Subscription subscription = subscribe(client, "");
    Client other = new Client("10.0.0.9:1");
    List<String> done = new ArrayList<>();

    subscriptions.unsubscribe(CLIENT, other, () -> done.add("done"));
    subscription.fetch(client, 100, false);
    fixture.insert(1, "a");
    subscriptions.tick();

    assertThat(done).hasSize(1);
    assertThat(store.consumers).isEmpty();
    assertThat(fixture.log.status().furthestAhead()).isEmpty();
    assertThat(client.problems().get(0)).startsWith("end GONE").contains("10.0.0.9:1");
    assertThat(subscriptions.find(CLIENT)).isEmpty();
  }

  @Test
  void shouldDeliverWhatStandsBeforeAnEventThatCannotBeRead() throws Exception {
    Subscription subscription = subscribe(client, "");
    fixture.insert(1, "a").begin().row(1, "b").row(1, "broken").end();

    subscription.fetch(client, 100, false);
    List<String> good = client.entries();
    subscription.fetch(client, 100, true);
    subscription.fetch(client, 100, true);

    assertThat(good).containsExactly("begin 1", "a", "end 1", "begin 2", "b");
    assertThat(client.problems())
        .containsExactly("refuse a row that cannot be read", "refuse a row that cannot be read");
  }

  @Test
  void shouldGoOnWhereAStoredConsumerWas() throws Exception {
    Subscription subscription = subscribe(client, "t1");
    fixture.begin().row(1, "a", 1100).row(1, "b").end();
    subscription.fetch(client, 1, false);
    subscription.acknowledge(client, client.batches.get(0));
    positions.flush();
    subscriptions.close();
    StoredConsumer stored = store.consumers.get("1001");

    LogFixture again = new LogFixture(BUDGET);
    Subscriptions restarted = subscriptions(again, BatchMode.MEMSIZE);
    restarted.restore("1001", stored);
    again.begin().row(1, "a", 1100).row(1, "b").end();
    Client next = new Client("10.0.0.2:1");
    subscribe(restarted, next, "").fetch(next, 100, false);

    assertThat(next.entries()).containsExactly("begin 1", "b", "end 1");
    assertThat(client.problems().get(0)).startsWith("end GONE");
  }

  @Test
  void shouldShowItsStatus() throws Exception {
    Subscription subscription = subscribe(client, "t1");
    SubscriptionStatus idle = subscriptions.list().get(0);
    fixture.begin().row(1, "a").row(1, "b").end();
    subscription.fetch(client, 100, false);

    SubscriptionStatus status = subscriptions.list().get(0);

    assertThat(idle.lagSeconds()).isZero();
    assertThat(status.clientId()).isEqualTo("1001");
    assertThat(status.filter()).isEqualTo("t1");
    assertThat(status.lagSeconds()).isEqualTo(99);
    assertThat(status.outstandingBatches()).isEqualTo(1);
    assertThat(status.outstandingBytes()).isEqualTo(status.bytes()).isPositive();
    assertThat(status.address()).contains("10.0.0.1:1");
    assertThat(status.rows()).isEqualTo(2);
    assertThat(status.entries()).isEqualTo(4);
  }

  @Test
  void shouldBeginWhereANewClientSays() throws Exception {
    fixture.insert(1, "a").insert(1, "b");

    Subscription subscription = subscribe(client, LogFixture.after(1), false);
    String stored = stored("1001");
    subscription.fetch(client, 100, false);

    assertThat(stored).isEqualTo(LogFixture.after(1).toString());
    assertThat(client.entries()).containsExactly("begin 2", "b", "end 2");
  }

  @Test
  void shouldTakeAKnownClientToItsStart() throws Exception {
    Subscription subscription = subscribe(client, "");
    fixture.insert(1, "a").insert(1, "b").insert(1, "c");
    subscription.fetch(client, 100, false);
    subscription.acknowledge(client, client.batches.get(0));
    client.entries();

    subscribe(client, LogFixture.after(1), false).fetch(client, 100, false);

    assertThat(stored("1001")).isEqualTo(LogFixture.after(1).toString());
    assertThat(client.entries()).containsExactly("begin 2", "b", "end 2", "begin 3", "c", "end 3");
  }

  @Test
  void shouldLeaveAKnownClientAloneWhereAStartIsForNewOnes() throws Exception {
    Subscription subscription = subscribe(client, LogFixture.after(2), true);
    fixture.insert(1, "a").insert(1, "b").insert(1, "c");
    subscription.fetch(client, 100, false);
    subscription.acknowledge(client, client.batches.get(0));

    subscribe(client, LogFixture.after(1), true).fetch(client, 100, false);

    assertThat(client.entries()).containsExactly("begin 3", "c", "end 3");
    assertThat(client.events).endsWith("nothing");
  }

  @Test
  void shouldRefuseAStartThatTheSourceDoesNotHave() throws Exception {
    fixture.insert(1, "a");
    Subscription subscription = subscribe(client, "");

    assertThat(subscribe(client, Start.earliest(), false)).isNull();

    assertThat(client.problems()).containsExactly("refuse request: earliest was purged");
    subscription.fetch(client, 100, false);
    assertThat(client.entries()).containsExactly("begin 1", "a", "end 1");
  }

  @Test
  void shouldGoOnInItsSessionFromWhereAnOperatorTakesIt() throws Exception {
    Subscription subscription = subscribe(client, "");
    fixture.insert(1, "a").insert(1, "b").insert(1, "c");
    subscription.fetch(client, 100, false);
    client.entries();

    subscriptions.moveTo("1001", LogFixture.resolve(LogFixture.after(2)));
    subscription.acknowledge(client, client.batches.get(0));
    subscription.rollback(client, client.batches.get(0));
    subscription.fetch(client, 100, false);
    subscription.acknowledge(client, client.batches.get(1));
    positions.flush();

    assertThat(client.problems()).isEmpty();
    assertThat(client.entries()).containsExactly("begin 3", "c", "end 3");
    assertThat(stored("1001")).isEqualTo(LogFixture.after(3).toString());
  }

  @Test
  void shouldAnswerAFetchThatWaitsFromWhereAnOperatorTakesIt() throws Exception {
    Subscription subscription = subscribe(client, "");
    fixture.insert(1, "a").insert(1, "b");
    subscription.fetch(client, 100, false);
    subscription.acknowledge(client, client.batches.get(0));
    client.entries();
    subscription.fetch(client, 100, true);

    subscriptions.moveTo("1001", LogFixture.resolve(LogFixture.after(1)));

    assertThat(client.entries()).containsExactly("begin 2", "b", "end 2");
    assertThat(client.events).containsExactly("batch", "waiting", "batch");
  }

  @Test
  void shouldStayWhereItIsWhileANewPositionCannotBeStored() throws Exception {
    Subscription subscription = subscribe(client, "");
    fixture.insert(1, "a").insert(1, "b");
    store.failing = true;

    assertThatThrownBy(() -> subscriptions.moveTo("1001", LogFixture.resolve(LogFixture.after(1))))
        .hasMessageContaining("the disk is full");

    store.failing = false;
    subscription.fetch(client, 100, false);
    assertThat(client.entries()).containsExactly("begin 1", "a", "end 1", "begin 2", "b", "end 2");
    assertThat(subscription.acknowledged().gtids().orElseThrow().isEmpty()).isTrue();
  }

  @Test
  void shouldKeepANewClientForTheOneThatComesLater() throws Exception {
    fixture.insert(1, "a").insert(1, "b");

    subscriptions.moveTo("1001", LogFixture.resolve(LogFixture.after(1)));
    subscribe(client, "").fetch(client, 100, false);

    assertThat(client.entries()).containsExactly("begin 2", "b", "end 2");
  }

  @Test
  void shouldEndTheSessionOfAClientThatAnOperatorDeletes() throws Exception {
    subscribe(client, "");

    subscriptions.delete("1001");

    assertThat(store.consumers).isEmpty();
    assertThat(client.problems())
        .containsExactly("end GONE client id 1001 of example was unsubscribed by an operator");
  }

  private String stored(String clientId) {
    return store.consumers.get(clientId).position().gtids().orElseThrow().toString();
  }

  private Subscription subscribe(Client by, String filter) {
    return subscribe(subscriptions, by, filter);
  }

  private static Subscription subscribe(Subscriptions to, Client by, String filter) {
    AtomicReference<Subscription> subscribed = new AtomicReference<>();
    to.subscribe(
        CLIENT, new Subscriptions.Request(filter, Optional.empty(), false), by, subscribed::set);
    return subscribed.get();
  }

  private Subscription subscribe(Client by, Start start, boolean onlyIfNew) {
    AtomicReference<Subscription> subscribed = new AtomicReference<>();
    subscriptions.subscribe(
        CLIENT, new Subscriptions.Request("", Optional.of(start), onlyIfNew), by, subscribed::set);
    return subscribed.get();
  }

  /** A session that notes what it is told. */
  private static final class Client implements Subscriber {
    final String address;
    final List<String> events = new ArrayList<>();
    final List<Long> batches = new ArrayList<>();
    final List<String> read = new ArrayList<>();
    boolean open = true;

    Client(String address) {
      this.address = address;
    }

    /** The entries delivered since the last call. */
    List<String> entries() {
      List<String> taken = List.copyOf(read);
      read.clear();
      return taken;
    }

    List<String> problems() {
      return events.stream().filter(e -> e.startsWith("refuse") || e.startsWith("end")).toList();
    }

    @Override
    public String address() {
      return address;
    }

    @Override
    public boolean isOpen() {
      return open;
    }

    @Override
    public void deliver(Batch batch) {
      events.add("batch");
      batches.add(batch.id());
      try {
        for (ByteBuf part : batch.parts()) {
          read.addAll(TextEntries.read(Messages.parseFrom(part.nioBuffer())));
        }
      } catch (InvalidProtocolBufferException e) {
        throw new AssertionError(e);
      }
      batch.release();
    }

    @Override
    public void nothing() {
      events.add("nothing");
    }

    @Override
    public void waiting() {
      events.add("waiting");
    }

    @Override
    public void refuse(CanalException reason) {
      events.add("refuse " + reason.getMessage());
    }

    @Override
    public void refuseRequest(CanalException reason) {
      events.add("refuse request: " + reason.getMessage());
    }

    @Override
    public void end(EndReason reason, String message) {
      open = false;
      events.add("end " + reason + " " + message);
    }
  }
}
