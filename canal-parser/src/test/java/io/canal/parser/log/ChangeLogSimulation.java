package io.canal.parser.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.canal.protocol.SourcePosition;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Random transactions, readers that acknowledge and rewind at random, lost connections and restarts
 * from stored positions. Each reader must be given each row that the destination's filter keeps, in
 * order, and none that it had acknowledged.
 */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ChangeLogSimulation {
  private static final int BUDGET = 64 * 1024;
  private static final int TRANSACTIONS = 60;

  /** What the source holds: per transaction its events, each with rows or a filtered-away count. */
  private record Event(int first, int rows, int dropped, int padding) {}

  private final List<List<Event>> source = new ArrayList<>();
  private final List<Integer> visible = new ArrayList<>();

  /** A consumer as a session keeps it. */
  private static final class Consumer {
    ChangeReader reader;
    SourcePosition stored;
    // rows read, acknowledged: how many of those that are visible
    int read;
    int acknowledged;
    final Deque<Mark> marks = new ArrayDeque<>();
    final Deque<Integer> readAtMark = new ArrayDeque<>();
  }

  @Test
  void shouldGiveEachReaderEachRowOnceAfterItsAcknowledgement() throws Exception {
    long first = Long.getLong("seed", System.nanoTime());
    for (long seed = first; seed < first + 20; seed++) {
      try {
        new ChangeLogSimulation().run(new Random(seed), seed % 2 == 0);
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError("failed with -Dseed=" + seed, e);
      }
    }
  }

  private void run(Random random, boolean gtids) throws Exception {
    makeSource(random);
    SourcePosition start = gtids ? LogScript.START_WITH_GTIDS : LogScript.START;
    List<Consumer> consumers = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      Consumer consumer = new Consumer();
      consumer.stored = start;
      consumers.add(consumer);
    }
    boolean finished = false;
    while (!finished) {
      finished = runProcess(random, gtids, start, consumers);
    }
    for (Consumer consumer : consumers) {
      assertThat(consumer.acknowledged).isEqualTo(visible.size());
    }
  }

  private void makeSource(Random random) {
    int row = 1;
    for (int t = 0; t < TRANSACTIONS; t++) {
      List<Event> events = new ArrayList<>();
      int count = random.nextInt(20) == 0 ? 200 : random.nextInt(6);
      for (int e = 0; e < count; e++) {
        int dropped = random.nextInt(4) == 0 ? 1 + random.nextInt(3) : 0;
        int rows = 1 + random.nextInt(4);
        events.add(new Event(row + dropped, rows, dropped, random.nextInt(1500)));
        for (int r = 0; r < rows; r++) {
          visible.add(row + dropped + r);
        }
        row += dropped + rows;
      }
      source.add(events);
    }
  }

  /** One life of the process, from the source's begin; whether it came to the end. */
  private boolean runProcess(
      Random random, boolean gtids, SourcePosition start, List<Consumer> consumers)
      throws Exception {
    ChangeLog log = new ChangeLog(BUDGET, start, LogScript.ROW_COUNTER);
    for (Consumer consumer : consumers) {
      consumer.reader = log.open("c", consumer.stored).orElseThrow();
      consumer.read = consumer.acknowledged;
      consumer.marks.clear();
      consumer.readAtMark.clear();
    }
    int stopAt = random.nextInt(3) == 0 ? Integer.MAX_VALUE : random.nextInt(TRANSACTIONS);
    LogScript script = new LogScript(log, "binlog.000001", 4);
    for (int t = 0; t < TRANSACTIONS; t++) {
      if (t % 10 == 9) {
        script.move("binlog.00000" + (2 + t / 10));
      }
      long back = script.offset();
      boolean tries = true;
      while (tries) {
        script.begin(gtids ? t + 1 : 0);
        int events = 0;
        tries = false;
        for (Event event : source.get(t)) {
          if (t >= stopAt && events > 3) {
            return false; // killed inside of it
          }
          if (events > 0 && random.nextInt(12) == 0 && !log.writer().isPublishedOpen()) {
            script.rollback(back);
            tries = true;
            break;
          }
          keepRoom(random, log, consumers);
          if (event.dropped() > 0) {
            script.skipRows(event.dropped());
          }
          script.rows(event.first(), event.rows(), event.padding());
          events++;
          if (random.nextInt(3) == 0) {
            step(random, consumers.get(random.nextInt(consumers.size())));
          }
        }
      }
      keepRoom(random, log, consumers);
      script.end();
      step(random, consumers.get(random.nextInt(consumers.size())));
      if (t >= stopAt) {
        return false;
      }
    }
    consumers.forEach(this::catchUp);
    return true;
  }

  private void keepRoom(Random random, ChangeLog log, List<Consumer> consumers) {
    if (log.status().memoryBytes() > BUDGET / 2) {
      for (Consumer consumer : consumers) {
        step(random, consumer);
        catchUp(consumer);
      }
    }
  }

  private void catchUp(Consumer consumer) {
    read(consumer, Integer.MAX_VALUE);
    mark(consumer);
    while (!consumer.marks.isEmpty()) {
      acknowledge(consumer);
    }
  }

  private void step(Random random, Consumer consumer) {
    read(consumer, random.nextInt(8));
    switch (random.nextInt(5)) {
      case 0, 1 -> mark(consumer);
      case 2 -> {
        mark(consumer);
        acknowledge(consumer);
      }
      case 3 -> {
        int kept = random.nextInt(consumer.marks.size() + 1);
        while (consumer.marks.size() > kept) {
          consumer.marks.removeLast();
          consumer.readAtMark.removeLast();
        }
        consumer.reader.rewind(consumer.marks);
        consumer.read = kept == 0 ? consumer.acknowledged : consumer.readAtMark.getLast();
      }
      default -> {}
    }
  }

  private void read(Consumer consumer, int frames) {
    ChangeReader reader = consumer.reader;
    for (int i = 0; i < frames && reader.next(); i++) {
      if (reader.frame().kind() != FrameKind.ROWS) {
        continue;
      }
      List<Integer> rows = LogScript.rowsOf(reader.frame());
      assertThat(rows).isEqualTo(visible.subList(consumer.read, consumer.read + rows.size()));
      consumer.read += rows.size();
    }
  }

  private static void mark(Consumer consumer) {
    consumer.marks.add(consumer.reader.mark());
    consumer.readAtMark.add(consumer.read);
  }

  private static void acknowledge(Consumer consumer) {
    consumer.reader.acknowledge(consumer.marks.remove());
    consumer.acknowledged = consumer.readAtMark.remove();
    consumer.stored = SourcePosition.parse(consumer.reader.acknowledged().toString());
  }
}
