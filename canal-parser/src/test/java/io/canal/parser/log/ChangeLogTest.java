package io.canal.parser.log;

import static io.canal.parser.log.LogScript.ROW_COUNTER;
import static io.canal.parser.log.LogScript.START;
import static io.canal.parser.log.LogScript.START_WITH_GTIDS;
import static io.canal.parser.log.LogScript.readRows;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.canal.protocol.SourcePosition;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ChangeLogTest {
  private static final int BUDGET = 64 * 1024;
  private static final int SEGMENT = BUDGET / 16;

  private final ChangeLog log = new ChangeLog(BUDGET, START_WITH_GTIDS, ROW_COUNTER);
  private final LogScript script = new LogScript(log, "binlog.000001", 4);

  @Test
  void shouldShowATransactionOnceItsEndIsIn() throws Exception {
    ChangeReader reader = log.openAtOldest("1001");

    script.begin(1).rows(1, 3, 0).query("SAVEPOINT a");
    boolean before = reader.next();
    script.end();

    assertThat(before).isFalse();
    assertThat(kinds(reader))
        .containsExactly(FrameKind.BEGIN, FrameKind.ROWS, FrameKind.QUERY, FrameKind.END);
    assertThat(reader.executed().orElseThrow().toString()).isEqualTo(LogScript.SERVER + ":1");
  }

  @Test
  void shouldForgetWhatIsRolledBack() throws Exception {
    ChangeReader reader = log.openAtOldest("1001");
    script.begin(1).rows(1, 1, 0).end();
    long back = script.offset();

    // the open transaction reaches into the next segments
    script.begin(2).rows(2, 1, SEGMENT - 200).rows(3, 1, SEGMENT - 200).rollback(back);
    script.begin(2).rows(4, 1, SEGMENT - 200).rows(5, 1, 0).end();

    assertThat(readRows(reader)).containsExactly(1, 4, 5);
    assertThat(log.status().memoryBytes()).isLessThanOrEqualTo(3L * SEGMENT);
  }

  @Test
  void shouldNotStandInATransactionThatIsTakenBackAfterARewind() throws Exception {
    ChangeReader reader = log.openAtOldest("1001");
    // fills the first segment to its last byte, so that the next transaction begins a new one
    script.begin(1).rows(1, 1, 0);
    fillSegment(59).end();
    readRows(reader);
    reader.acknowledge(reader.mark());
    long back = script.offset();

    script.begin(2).rows(2, 1, SEGMENT - 300);
    script.rows(3, 1, SEGMENT - 300);
    reader.rewind();
    script.rollback(back);
    script.begin(2).rows(4, 1, 0).end();

    assertThat(readRows(reader)).containsExactly(4);
  }

  @Test
  void shouldPassOverASegmentThatStayedEmpty() throws Exception {
    ChangeReader reader = log.openAtOldest("1001");
    script.begin(1).rows(1, 1, 0).end();
    assertThat(readRows(reader)).containsExactly(1);

    // claimed, and then not made a frame because something longer came
    log.writer().claim(SEGMENT - 100);
    log.writer().claim(SEGMENT + 100);
    for (int i = 2; i < 40; i++) {
      script.begin(i).rows(i, 1, SEGMENT - 600).end();
      reader.acknowledge(reader.mark());
      assertThat(readRows(reader)).containsExactly(i);
    }
  }

  @Test
  void shouldReuseItsMemoryForEver() throws Exception {
    ChangeReader one = log.openAtOldest("1001");
    ChangeReader two = log.openAtOldest("1002");

    for (int i = 1; i <= 2000; i++) {
      script.begin(i).rows(i, 1, i * 37 % 3000).end();
      assertThat(readRows(one)).containsExactly(i);
      one.acknowledge(one.mark());
      if (i % 3 == 0) {
        assertThat(readRows(two)).containsExactly(i - 2, i - 1, i);
        two.acknowledge(two.mark());
      }
    }

    assertThat(log.status().memoryBytes()).isLessThanOrEqualTo(BUDGET);
    assertThat(log.status().furthestAhead()).contains("1001");
  }

  @Test
  void shouldWaitForTheReaderFurthestAhead() throws Exception {
    ChangeReader ahead = log.openAtOldest("ahead");
    ChangeReader behind = log.openAtOldest("behind");
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Thread receiver = appendInBackground(200, 1000, failure);

    ahead.next();
    ahead.mark();
    awaitFull();
    LogStatus waiting = log.status();
    List<Integer> read = new ArrayList<>();
    while (read.size() < 200) {
      read.addAll(readRows(ahead));
      awaitReadable(ahead);
    }
    receiver.join();

    assertThat(failure.get()).isNull();
    assertThat(waiting.full()).isTrue();
    assertThat(read).hasSize(200).isSorted().doesNotHaveDuplicates();
    assertThat(log.status().full()).isFalse();
    assertThat(ahead.isDetached()).isFalse();
    assertThat(behind.isDetached()).isTrue();
    assertThat(behind.next()).isFalse();
  }

  @Test
  void shouldDropWhatIsReadAndNotAcknowledged() throws Exception {
    ChangeReader reader = log.openAtOldest("1001");
    Mark early = null;
    Mark late = null;
    for (int i = 1; i <= 200; i++) {
      script.begin(i).rows(i, 1, 1000).end();
      readRows(reader);
      early = early == null ? reader.mark() : early;
      late = i == 190 ? reader.mark() : late;
    }

    boolean attached = !reader.isDetached();
    reader.rewind(List.of(early, late));
    List<Integer> again = readRows(reader);
    reader.rewind(List.of(early));

    assertThat(attached).isTrue();
    assertThat(again).containsExactly(191, 192, 193, 194, 195, 196, 197, 198, 199, 200);
    assertThat(reader.isDetached()).isTrue();
    assertThat(reader.next()).isFalse();
    reader.acknowledge(early);
    assertThat(reader.acknowledged().gtids().orElseThrow().toString())
        .isEqualTo(LogScript.SERVER + ":1");
  }

  @Test
  void shouldTellAWaitingReaderThatItIsDetached() throws Exception {
    ChangeReader ahead = log.openAtOldest("ahead");
    ChangeReader behind = log.openAtOldest("behind");
    CountDownLatch told = new CountDownLatch(1);
    script.begin(1).rows(1, 1, 1000).end();
    readRows(behind);
    behind.rewind();
    log.whenReadable(ahead, told::countDown);
    for (int i = 2; !behind.isDetached(); i++) {
      readRows(ahead);
      script.begin(i).rows(i, 1, 1000).end();
    }
    CountDownLatch late = new CountDownLatch(1);
    behind.whenReadable(late::countDown);

    assertThat(told.getCount()).isZero();
    assertThat(late.getCount()).isZero();
  }

  @Test
  void shouldKeepNoMemoryForAnIdleReader() throws Exception {
    ChangeReader ahead = log.openAtOldest("ahead");
    ChangeReader idle = log.openAtOldest("idle");
    script.begin(1).rows(1, 1, 1000).rows(2, 1, 1000).end();
    nextRows(idle);
    byte[] array = idle.frame().array();
    idle.mark();
    List<Boolean> reused = new ArrayList<>();

    for (int i = 2; i < 200; i++) {
      script.begin(i).rows(i, 1, 1000).end();
      readRows(ahead);
      if (log.writer().array() == array) {
        reused.add(idle.isDetached());
      }
    }

    assertThat(reused).contains(false, true);
  }

  @Test
  void shouldLetAReaderFinishTheSegmentThatItHasInHand() throws Exception {
    ChangeReader ahead = log.openAtOldest("ahead");
    ChangeReader behind = log.openAtOldest("behind");
    script.begin(1).rows(1, 1, 1000).rows(2, 1, 1000).end();
    nextRows(behind);

    for (int i = 2; !behind.isDetached(); i++) {
      script.begin(i).rows(i, 1, 1000).end();
      readRows(ahead);
    }
    for (int i = 200; i < 300; i++) {
      script.begin(i).rows(i, 1, 1000).end();
      readRows(ahead);
    }

    assertThat(nextRows(behind)).containsExactly(2);
    readRows(behind);
    assertThat(behind.next()).isFalse();
  }

  @Test
  void shouldStopWithoutAConsumer() throws Exception {
    AtomicReference<Throwable> failure = new AtomicReference<>();
    log.openAtOldest("watcher").close();
    Thread receiver = appendInBackground(200, 1000, failure);
    awaitFull();
    LogStatus waiting = log.status();
    receiver.interrupt();
    receiver.join();

    assertThat(failure.get()).isInstanceOf(InterruptedException.class);
    assertThat(waiting.full()).isTrue();
    assertThat(waiting.furthestAhead()).isEmpty();
    assertThat(log.isFull()).isFalse();
  }

  @Test
  void shouldLetATransactionLargerThanItselfThrough() throws Exception {
    ChangeReader reader = log.openAtOldest("1001");
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Thread receiver =
        background(
            failure,
            () -> {
              script.begin(1);
              for (int i = 1; i <= 1000; i++) {
                script.rows(i, 1, 500);
              }
              // one event larger than the whole budget
              script.rows(1001, 1, 3 * BUDGET);
              script.end();
              script.begin(2).rows(1002, 1, 0).end();
            });

    List<Integer> read = new ArrayList<>();
    while (read.size() < 1002) {
      read.addAll(readRows(reader));
      reader.acknowledge(reader.mark());
      awaitReadable(reader);
    }
    receiver.join();

    assertThat(failure.get()).isNull();
    assertThat(read).hasSize(1002).isSorted().doesNotHaveDuplicates();
    assertThat(reader.acknowledged().open()).isEmpty();
  }

  @Test
  void shouldRefuseToTakeBackWhatReadersSaw() throws Exception {
    log.openAtOldest("1001");
    script.begin(1);
    for (int i = 0; !log.writer().isPublishedOpen(); i++) {
      script.rows(i, 1, 500);
    }

    assertThatThrownBy(() -> log.writer().rollback()).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void shouldRewindIntoTheMiddleOfATransaction() throws Exception {
    ChangeReader reader = log.openAtOldest("1001");
    script.begin(1).rows(1, 2, 0).rows(3, 2, 0).rows(5, 2, 0).end();
    script.begin(2).rows(7, 1, 0).end();
    nextRows(reader);
    Mark first = reader.mark();
    nextRows(reader);
    Mark second = reader.mark();
    readRows(reader);

    reader.acknowledge(first);
    reader.rewind(List.of(second));
    List<Integer> afterSecond = readRows(reader);
    reader.rewind();
    List<Integer> afterFirst = readRows(reader);
    reader.acknowledge(reader.mark());

    assertThat(afterSecond).containsExactly(5, 6, 7);
    assertThat(afterFirst).containsExactly(3, 4, 5, 6, 7);
    assertThat(reader.acknowledged().gtids().orElseThrow().toString())
        .isEqualTo(LogScript.SERVER + ":1-2");
  }

  @Test
  void shouldResumeInsideATransactionAfterARestart() throws Exception {
    // 10 rows done, counted before the filter: 4 shown, 3 dropped, 3 of the second event
    SourcePosition stored =
        new SourcePosition(
            START.gtids(),
            START.serverUuid(),
            "binlog.000001",
            4,
            Optional.of(new SourcePosition.OpenTransaction("binlog.000001:4", 10)));
    ChangeLog restarted = new ChangeLog(BUDGET, stored, ROW_COUNTER);
    ChangeReader reader = restarted.open("1001", stored).orElseThrow();

    new LogScript(restarted, "binlog.000001", 4)
        .begin(0)
        .rows(1, 4, 0)
        .skipRows(3)
        .rows(8, 5, 0)
        .end();

    assertThat(readRows(reader)).containsExactly(11, 12);
  }

  @Test
  void shouldCountDroppedRowsBeforeAStatementToo() throws Exception {
    SourcePosition stored =
        new SourcePosition(
            START.gtids(),
            START.serverUuid(),
            "binlog.000001",
            4,
            Optional.of(new SourcePosition.OpenTransaction("binlog.000001:4", 6)));
    ChangeLog restarted = new ChangeLog(BUDGET, stored, ROW_COUNTER);
    ChangeReader reader = restarted.open("1001", stored).orElseThrow();

    new LogScript(restarted, "binlog.000001", 4)
        .begin(0)
        .rows(1, 4, 0)
        .skipRows(2)
        .query("SAVEPOINT a")
        .rows(7, 2, 0)
        .end();

    assertThat(readRows(reader)).containsExactly(7, 8);
  }

  @Test
  void shouldKeepCountWhereItStopsAmongRowsThatItPassesOver() throws Exception {
    SourcePosition stored =
        new SourcePosition(
            START.gtids(),
            START.serverUuid(),
            "binlog.000001",
            4,
            Optional.of(new SourcePosition.OpenTransaction("binlog.000001:4", 60)));
    ChangeLog restarted = new ChangeLog(BUDGET, stored, ROW_COUNTER);
    ChangeReader reader = restarted.open("1001", stored).orElseThrow();
    LogScript again = new LogScript(restarted, "binlog.000001", 4).begin(0);
    int row = 1;
    while (!restarted.writer().isPublishedOpen()) {
      again.rows(row++, 1, 1000);
    }
    List<Integer> early = readRows(reader);
    reader.acknowledge(reader.mark());
    SourcePosition amid = reader.acknowledged();
    reader.rewind();
    while (row <= 70) {
      again.rows(row++, 1, 100);
    }
    again.end();

    assertThat(early).isEmpty();
    assertThat(amid).isEqualTo(stored);
    assertThat(readRows(reader)).containsExactly(61, 62, 63, 64, 65, 66, 67, 68, 69, 70);
  }

  @Test
  void shouldBeginANewConsumerAtTheNextBegin() throws Exception {
    ChangeReader first = log.openAtOldest("first");
    script.begin(1);
    int row = 1;
    while (log.status().memoryBytes() < BUDGET - SEGMENT) {
      script.rows(row++, 1, 500);
    }
    readRows(first);
    first.acknowledge(first.mark());
    for (int i = 0; i < 2 * BUDGET / 500; i++) {
      script.rows(row++, 1, 500);
      readRows(first);
      first.acknowledge(first.mark());
    }

    ChangeReader second = log.openAtOldest("second");
    readRows(second);
    second.rewind();
    script.end();
    script.begin(2).rows(row, 1, 0).end();

    assertThat(readRows(second)).containsExactly(row);
    assertThat(kindsAfterRewind(second))
        .containsExactly(FrameKind.BEGIN, FrameKind.ROWS, FrameKind.END);
  }

  @Test
  void shouldRefuseAPositionThatItNoLongerHolds() throws Exception {
    ChangeReader reader = log.openAtOldest("1001");
    for (int i = 1; i <= 200; i++) {
      script.begin(i).rows(i, 1, 1000).end();
      readRows(reader);
      reader.acknowledge(reader.mark());
    }
    SourcePosition sameFile =
        new SourcePosition(
            Optional.empty(), START.serverUuid(), "binlog.000001", 4, Optional.empty());

    assertThat(log.open("1002", START_WITH_GTIDS)).isEmpty();
    assertThat(log.open("1002", sameFile)).isEmpty();
    assertThat(log.open("1003", reader.acknowledged()).orElseThrow().next()).isFalse();
  }

  @Test
  void shouldTellTheTimeOfTheFirstChangeAfterAPlace() throws Exception {
    ChangeReader reader = log.openAtOldest("1001");
    script.begin(1).rows(1, 1, 0).end();
    readRows(reader);
    reader.acknowledge(reader.mark());
    long caughtUp = reader.acknowledgedPosition();
    Optional<Long> nothing = log.timestampSecondsAt(caughtUp);
    script.move("binlog.000002").begin(2).rows(2, 1, 0).end();

    assertThat(nothing).isEmpty();
    assertThat(log.timestampSecondsAt(caughtUp)).contains(1_700_000_000L);
  }

  private LogScript fillSegment(int keep) throws InterruptedException {
    int used = log.writer().bodyOffset() - Frame.HEADER_LENGTH;
    int left = SEGMENT - used - keep;
    return script.rows(99, 0, left - Frame.HEADER_LENGTH - 27);
  }

  private Thread appendInBackground(
      int transactions, int padding, AtomicReference<Throwable> failure) {
    return background(
        failure,
        () -> {
          for (int i = 1; i <= transactions; i++) {
            script.begin(i).rows(i, 1, padding).end();
          }
        });
  }

  private interface Work {
    void run() throws InterruptedException;
  }

  private static Thread background(AtomicReference<Throwable> failure, Work work) {
    Thread thread =
        new Thread(
            () -> {
              try {
                work.run();
              } catch (InterruptedException | RuntimeException e) {
                failure.set(e);
              }
            },
            "receiver");
    thread.start();
    return thread;
  }

  private void awaitFull() {
    while (!log.isFull()) {
      Thread.onSpinWait();
    }
  }

  /** Waits until the reader is told of something; a publication may come just before. */
  private static void awaitReadable(ChangeReader reader) throws InterruptedException {
    CountDownLatch readable = new CountDownLatch(1);
    reader.whenReadable(readable::countDown);
    readable.await(20, TimeUnit.MILLISECONDS);
  }

  private static List<FrameKind> kinds(ChangeReader reader) {
    List<FrameKind> kinds = new ArrayList<>();
    while (reader.next()) {
      kinds.add(reader.frame().kind());
    }
    return kinds;
  }

  private static List<FrameKind> kindsAfterRewind(ChangeReader reader) {
    reader.rewind();
    return kinds(reader);
  }

  private static List<Integer> nextRows(ChangeReader reader) {
    while (reader.next()) {
      if (reader.frame().kind() == FrameKind.ROWS) {
        return LogScript.rowsOf(reader.frame());
      }
    }
    throw new AssertionError("no rows");
  }
}
