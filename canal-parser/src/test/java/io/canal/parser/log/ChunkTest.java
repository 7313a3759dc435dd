package io.canal.parser.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Chunks of random sizes hold what a walk from frame to frame finds, and end where it does. */
class ChunkTest {
  private static final int BUDGET = 256 * 1024;
  private static final FrameFilter ODD = frame -> LogScript.rowsOf(frame).get(0) % 2 == 1;

  @Test
  void shouldGiveWhatTheWalkFromFrameToFrameGives() throws Exception {
    long seed = Long.getLong("seed", System.nanoTime());
    for (int i = 0; i < 50; i++, seed++) {
      try {
        compare(new Random(seed));
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError("failed with -Dseed=" + seed, e);
      }
    }
  }

  private static void compare(Random random) throws Exception {
    ChangeLog log = new ChangeLog(BUDGET, LogScript.START_WITH_GTIDS, LogScript.ROW_COUNTER);
    FrameFilter filter = random.nextBoolean() ? ODD : frame -> true;
    ChangeReader walker = log.openAtOldest("walker");
    ChangeReader poller = log.openAtOldest("poller");
    ChangeReader follower = log.openAtOldest("follower");
    write(log, random);

    List<String> expected = walk(walker, filter);
    List<String> polled = new ArrayList<>();
    List<String> followed = new ArrayList<>();
    Deque<Mark> marks = new ArrayDeque<>();
    Deque<Integer> sizes = new ArrayDeque<>();
    boolean more = true;
    while (more) {
      ChunkLimit limit =
          new ChunkLimit(
              1 + random.nextInt(4000),
              1 + random.nextInt(4000),
              1 + random.nextInt(20),
              Long.MAX_VALUE);
      Optional<Chunk> chunk = poller.poll(limit, filter);
      more = chunk.isPresent();
      if (more) {
        boolean follows = follower.follow(chunk.get());
        marks.add(markOf(poller, chunk.get(), polled));
        sizes.add(polled.size());
        if (follows) {
          follower.hidden().ifPresent(follower::acknowledge);
          followed.addAll(polled.subList(followed.size(), polled.size()));
        } else {
          assertThat(followed.size()).as("follows once it has begun").isZero();
          Chunk own = follower.poll(limit, filter).orElseThrow();
          follower.acknowledge(markOf(follower, own, followed));
        }
      }
      if (random.nextInt(4) == 0) {
        while (!marks.isEmpty() && random.nextInt(3) > 0) {
          poller.acknowledge(marks.remove());
          sizes.remove();
        }
        int kept = random.nextInt(marks.size() + 1);
        if (kept == marks.size() && kept > 0) {
          poller.rewind(marks);
          assertThat(polled).hasSize(sizes.getLast());
          more = true;
        }
      }
    }

    assertThat(polled).isEqualTo(expected);
    assertThat(followed).isEqualTo(expected);
    while (!marks.isEmpty()) {
      poller.acknowledge(marks.remove());
      assertThat(poller.acknowledged().open().map(open -> open.rows() > 0).orElse(true)).isTrue();
    }
    poller.acknowledge(poller.mark());
    walker.acknowledge(walker.mark());
    assertThat(poller.acknowledged()).isEqualTo(walker.acknowledged());
    assertThat(poller.acknowledgedPosition()).isEqualTo(log.published());
  }

  private static void write(ChangeLog log, Random random) throws InterruptedException {
    LogScript script = new LogScript(log, "binlog.000001", 4);
    int row = 1;
    for (int t = 1; t <= 40; t++) {
      script.begin(t);
      for (int events = random.nextInt(6); events > 0; events--) {
        if (random.nextInt(5) == 0) {
          script.skipRows(2);
        }
        int rows = 1 + random.nextInt(3);
        script.rows(row, rows, random.nextInt(900));
        row += rows;
      }
      script.end();
      if (t % 13 == 0) {
        script.move("binlog.00000" + (1 + t / 13));
      }
    }
    // one that stays open, and is seen so far
    script.begin(41);
    for (int i = 0; i < 5; i++) {
      script.rows(row++, 1, 10);
    }
    log.writer().publishOpen();
  }

  /** The same as a chunk gives, by the rules of its Javadoc. */
  private static List<String> walk(ChangeReader reader, FrameFilter filter) {
    List<String> found = new ArrayList<>();
    boolean begun = false;
    while (reader.next()) {
      Frame frame = reader.frame();
      long number = reader.transaction().number();
      switch (frame.kind()) {
        case BEGIN -> begun = false;
        case ROWS, QUERY -> {
          if (filter.shows(frame)) {
            if (!begun) {
              found.add("begin " + number);
            }
            begun = true;
            found.add(LogScript.rowsOf(frame) + " of " + number);
          }
        }
        case END -> {
          if (begun) {
            found.add("end " + number);
          }
        }
        case MOVE -> {}
      }
    }
    return found;
  }

  private static Mark markOf(ChangeReader reader, Chunk chunk, List<String> to) {
    Optional<Mark> hidden = reader.hidden();
    int before = to.size();
    while (chunk.next()) {
      long number = chunk.transaction().number();
      switch (chunk.kind()) {
        case BEGIN -> to.add("begin " + number);
        case END -> to.add("end " + number);
        default -> {
          List<Integer> rows = LogScript.rowsOf(chunk.frame());
          to.add(rows + " of " + number);
          chunk.counted(rows.size());
        }
      }
    }
    chunk.close();
    assertThat(to.size() - before).isEqualTo(chunk.entries());
    Mark own = chunk.mark();
    return hidden.map(mark -> mark.and(own)).orElse(own);
  }
}
