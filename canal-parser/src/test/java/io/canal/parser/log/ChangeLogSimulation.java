package io.canal.parser.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.canal.protocol.SourcePosition;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A source, a log with a disk that fails now and then, and consumers that read, acknowledge, go
 * back, leave and return at random. Who falls out of the log reads a second log, as a catch-up
 * would fill it from an earlier place, until the first one takes it back. Each consumer must be
 * given each row that the destination's filter keeps, in order, and none that it had acknowledged.
 *
 * <p>{@code -Dcanal.seed} chooses the first seed, {@code -Dcanal.seeds} how many.
 */
@Timeout(value = 600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ChangeLogSimulation {
  private static final int MEMORY = 64 * 1024;
  private static final int CONSUMERS = 4;

  private final ExecutorService executor = Executors.newCachedThreadPool();

  // what happened in all runs
  private int detached;
  private int joined;
  private int waited;
  private int faults;
  private int readsOfDisk;
  private int restarts;

  // of the run at hand
  private Random random;
  private SourceModel source;
  private FaultyFiles files;
  private ChangeLog log;
  private SimulatedReceiver receiver;
  private List<Consumer> consumers;
  private long largest;

  /** A consumer, as what keeps its state knows it. */
  private static final class Consumer {
    ChangeReader reader;
    // while it is detached
    ChangeLog sideLog;
    SimulatedReceiver catchUp;
    SourcePosition stored;
    // how many kept rows it has read and acknowledged
    int read;
    int acknowledged;
    // a new one whose position does not tell yet whether it passes over the first transaction
    boolean fresh;
    // and which has read no row that would
    boolean beginsAnywhere;
    boolean listening;
    final Deque<Mark> marks = new ArrayDeque<>();
    final Deque<Integer> readAtMark = new ArrayDeque<>();
  }

  @AfterEach
  void stop() {
    executor.shutdownNow();
  }

  @Test
  void shouldGiveEachConsumerEachRowOnceAfterItsAcknowledgement() {
    long first = Long.getLong("canal.seed", System.nanoTime());
    int seeds = Integer.getInteger("canal.seeds", 20);
    System.out.printf("ChangeLogSimulation: -Dcanal.seed=%d -Dcanal.seeds=%d%n", first, seeds);
    for (long seed = first; seed < first + seeds; seed++) {
      try {
        run(seed);
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError("failed with -Dcanal.seed=" + seed + " -Dcanal.seeds=1", e);
      }
    }

    System.out.printf(
        "%d detached, %d joined, %d waits, %d disk errors, %d reads of disk, %d restarts%n",
        detached, joined, waited, faults, readsOfDisk, restarts);
    if (seeds >= 20) {
      assertThat(List.of(detached, joined, waited, faults, readsOfDisk, restarts))
          .doesNotContain(0);
    }
  }

  private void run(long seed) {
    random = new Random(seed);
    source = new SourceModel(random, random.nextBoolean(), MEMORY);
    consumers = new ArrayList<>();
    for (int i = 0; i < CONSUMERS; i++) {
      Consumer consumer = new Consumer();
      consumer.stored = source.start();
      consumers.add(consumer);
    }
    begin(source.start());
    while (!receiver.isAtEnd()) {
      step();
      if (random.nextInt(1500) == 0) {
        restart();
      }
    }
    for (Consumer consumer : consumers) {
      finish(consumer);
    }
    end();
  }

  // ---- the process

  private void begin(SourcePosition start) {
    files = new FaultyFiles(random, (long) random.nextInt(3) * MEMORY);
    log = new ChangeLog(MEMORY, start, LogScript.ROW_COUNTER, Optional.of(files));
    receiver = new SimulatedReceiver(source, log, start, random, executor);
    largest = 0;
    consumers.forEach(this::open);
  }

  private void end() {
    receiver.stop();
    consumers.forEach(this::leave);
    log.close();
    assertThat(files.bytes()).isZero();
    faults += files.faults();
    readsOfDisk += files.reads();
  }

  /** The next process begins near the newest position; older ones start detached. */
  private void restart() {
    restarts++;
    end();
    begin(
        consumers.stream()
            .map(consumer -> consumer.stored)
            .map(SourceModel::streamStart)
            .max((left, right) -> Integer.compare(source.next(left), source.next(right)))
            .orElseThrow());
  }

  private void step() {
    Consumer chosen = consumers.get(random.nextInt(random.nextInt(CONSUMERS) + 1));
    if (!receiver.step()) {
      waited++;
      assertThat(readThrough())
          .as("who reads furthest while the receiver waits")
          .isLessThan(log.oldestInMemoryEnd());
    }
    if (random.nextInt(6) == 0) {
      act(chosen);
    }
    if (random.nextInt(40) == 0) {
      files.disturb();
    }
    // somebody is mostly near the head
    if (random.nextInt(10) < 3 && log.isFull()) {
      read(consumers.get(0), Integer.MAX_VALUE);
    }
    check();
  }

  private long readThrough() {
    return consumers.stream()
        .filter(consumer -> consumer.sideLog == null && !consumer.reader.isDetached())
        .mapToLong(consumer -> consumer.reader.readPosition())
        .max()
        .orElse(-1);
  }

  private void settle(Consumer consumer) {
    receiver.settle();
    if (consumer.sideLog != null) {
      consumer.catchUp.settle();
    }
  }

  private void check() {
    consumers.forEach(this::settle);
    LogStatus status = log.status();
    // a frame larger than memory is taken alone, but for what is read back from disk
    largest = Math.max(largest, log.writer().array().length);
    assertThat(status.memoryBytes()).isLessThanOrEqualTo(Math.max(MEMORY, largest + MEMORY / 8));
    assertThat(status.diskBytes()).isEqualTo(files.bytes()).isLessThanOrEqualTo(files.maxBytes());
    for (Consumer consumer : consumers) {
      assertThat(consumer.reader.position()).isGreaterThanOrEqualTo(0);
      if (consumer.listening) {
        assertThat(consumer.reader.isDetached()).isFalse();
      }
      assertThat(source.rowsBefore(consumer.stored))
          .as("rows before %s", consumer.stored)
          .isEqualTo(consumer.acknowledged);
    }
  }

  // ---- a consumer

  private void open(Consumer consumer) {
    consumer.marks.clear();
    consumer.readAtMark.clear();
    consumer.acknowledged = source.rowsBefore(consumer.stored);
    consumer.read = consumer.acknowledged;
    consumer.fresh = false;
    consumer.beginsAnywhere = false;
    consumer.listening = false;
    Optional<ChangeReader> attached = log.open("attached", consumer.stored);
    if (attached.isPresent()) {
      consumer.reader = attached.get();
      return;
    }
    SourcePosition start = SourceModel.streamStart(consumer.stored);
    consumer.sideLog = new ChangeLog(MEMORY, start, LogScript.ROW_COUNTER);
    consumer.catchUp = new SimulatedReceiver(source, consumer.sideLog, start, random, executor);
    consumer.reader = consumer.sideLog.open("detached", consumer.stored).orElseThrow();
  }

  private void leave(Consumer consumer) {
    consumer.reader.close();
    if (consumer.sideLog != null) {
      consumer.catchUp.stop();
      consumer.sideLog = null;
    }
  }

  private void reopen(Consumer consumer) {
    leave(consumer);
    open(consumer);
  }

  private void act(Consumer consumer) {
    if (consumer.sideLog == null && consumer.reader.isDetached()) {
      detached++;
      read(consumer, Integer.MAX_VALUE); // what it has in hand
      assertThat(consumer.reader.next()).isFalse();
      reopen(consumer);
    }
    if (consumer.sideLog != null) {
      catchUp(consumer);
    }
    read(consumer, random.nextInt(30));
    switch (random.nextInt(14)) {
      case 0, 1, 2, 3 -> mark(consumer);
      case 4, 5, 6, 7, 8 -> {
        mark(consumer);
        acknowledge(consumer);
      }
      case 9, 10 -> rewind(consumer);
      case 11 -> listen(consumer);
      case 12 -> reopen(consumer);
      case 13 -> {
        if (random.nextInt(4) == 0) {
          beginAnew(consumer);
        }
      }
      default -> throw new AssertionError();
    }
  }

  /** Its own receiver goes on; with nothing outstanding, the log may take it back. */
  private void catchUp(Consumer consumer) {
    for (int i = random.nextInt(60); i > 0; i--) {
      if (!consumer.catchUp.step()) {
        read(consumer, Integer.MAX_VALUE);
        mark(consumer);
      }
    }
    if (!consumer.marks.isEmpty()
        || consumer.reader.position() > consumer.reader.acknowledgedPosition()) {
      return;
    }
    Optional<ChangeReader> back = log.open("back", consumer.stored);
    if (back.isPresent()) {
      joined++;
      leave(consumer);
      consumer.reader = back.get();
    }
  }

  private void beginAnew(Consumer consumer) {
    leave(consumer);
    consumer.marks.clear();
    consumer.readAtMark.clear();
    consumer.listening = false;
    consumer.reader = log.openAtOldest("new");
    consumer.stored = consumer.reader.acknowledged();
    consumer.acknowledged = source.rowsBefore(consumer.stored);
    consumer.read = consumer.acknowledged;
    consumer.fresh = !source.hasGtids();
    consumer.beginsAnywhere = consumer.fresh;
  }

  private void read(Consumer consumer, int frames) {
    ChangeReader reader = consumer.reader;
    for (int i = 0; i < frames && reader.next(); i++) {
      settle(consumer);
      if (reader.frame().kind() != FrameKind.ROWS) {
        continue;
      }
      List<Integer> rows = LogScript.rowsOf(reader.frame());
      if (consumer.beginsAnywhere) {
        int next = source.next(consumer.stored) + 1;
        boolean passesOne = next < source.size() && source.get(next).rowsBefore() == rows.get(0);
        consumer.read = passesOne ? rows.get(0) : consumer.read;
        consumer.beginsAnywhere = false;
      }
      for (int row : rows) {
        assertThat(row).as("row after %s", consumer.stored).isEqualTo(consumer.read);
        consumer.read++;
      }
    }
    settle(consumer);
  }

  private void listen(Consumer consumer) {
    if (!consumer.listening && consumer.reader.isAtEnd()) {
      consumer.listening = true;
      consumer.reader.whenReadable(() -> consumer.listening = false);
    }
  }

  private static void mark(Consumer consumer) {
    consumer.marks.add(consumer.reader.mark());
    consumer.readAtMark.add(consumer.read);
  }

  private void acknowledge(Consumer consumer) {
    SourcePosition before = consumer.stored;
    consumer.reader.acknowledge(consumer.marks.remove());
    consumer.stored = SourcePosition.parse(consumer.reader.acknowledged().toString());
    if (!consumer.fresh) {
      consumer.acknowledged = consumer.readAtMark.remove();
      return;
    }
    consumer.readAtMark.remove();
    consumer.acknowledged = source.rowsBefore(consumer.stored);
    consumer.fresh = source.next(consumer.stored) == source.next(before);
    if (!consumer.fresh) {
      consumer.read = Math.max(consumer.read, consumer.acknowledged);
      consumer.beginsAnywhere = false;
      List<Integer> later = new ArrayList<>(consumer.readAtMark);
      consumer.readAtMark.clear();
      later.forEach(read -> consumer.readAtMark.add(Math.max(read, consumer.acknowledged)));
    }
  }

  private void rewind(Consumer consumer) {
    int kept = random.nextInt(consumer.marks.size() + 1);
    while (consumer.marks.size() > kept) {
      consumer.marks.removeLast();
      consumer.readAtMark.removeLast();
    }
    consumer.reader.rewind(consumer.marks);
    consumer.read = kept == 0 ? consumer.acknowledged : consumer.readAtMark.getLast();
    consumer.beginsAnywhere = consumer.fresh && consumer.read == consumer.acknowledged;
    if (consumer.reader.isDetached()) {
      consumer.listening = false;
    }
  }

  /** It reads to the end of the source, and is back in the log then. */
  private void finish(Consumer consumer) {
    while (consumer.sideLog != null || consumer.acknowledged < source.rows()) {
      if (consumer.reader.isDetached()) {
        reopen(consumer);
      }
      read(consumer, Integer.MAX_VALUE);
      mark(consumer);
      while (!consumer.marks.isEmpty()) {
        acknowledge(consumer);
      }
      if (consumer.sideLog != null) {
        catchUp(consumer);
      }
      check();
    }
  }
}
