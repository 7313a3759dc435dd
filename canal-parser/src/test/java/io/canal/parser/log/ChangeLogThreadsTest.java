package io.canal.parser.log;

import static io.canal.parser.log.LogScript.ROW_COUNTER;
import static io.canal.parser.log.LogScript.START_WITH_GTIDS;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A receiver and readers of different pace on threads of their own: bytes that a thread reads must
 * not be written to meanwhile, though their segment leaves memory, is read back and dropped.
 */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ChangeLogThreadsTest {
  private static final int MEMORY = 64 * 1024;
  private static final int ROWS = 20_000;
  private static final int[] FRAMES_PER_BATCH = {1000, 300, 100, 30, 10, 3, 1};

  @TempDir private Path directory;

  @Test
  void shouldNotReuseWhatAThreadReads() throws Exception {
    ChangeLog log =
        new ChangeLog(
            MEMORY, START_WITH_GTIDS, ROW_COUNTER, SpillDirectory.emptied(directory, 2L * MEMORY));
    ChangeReader forgotten = log.openAtOldest("forgotten");
    List<ChangeReader> readers = new ArrayList<>();
    for (int frames : FRAMES_PER_BATCH) {
      readers.add(log.openAtOldest("batches of " + frames));
    }
    ExecutorService threads = Executors.newCachedThreadPool();
    try {
      List<Future<Integer>> reads = new ArrayList<>();
      for (int i = 0; i < FRAMES_PER_BATCH.length; i++) {
        ChangeReader reader = readers.get(i);
        int frames = FRAMES_PER_BATCH[i];
        reads.add(threads.submit(() -> readToTheEnd(log, reader, frames)));
      }
      threads.submit(() -> append(log)).get();

      for (Future<Integer> read : reads) {
        assertThat(read.get()).isPositive();
      }
      assertThat(forgotten.isDetached()).isTrue();
      assertThat(log.status().memoryBytes()).isLessThanOrEqualTo(MEMORY);
    } finally {
      threads.shutdownNow();
    }
  }

  private static Void append(ChangeLog log) throws InterruptedException {
    LogScript script = new LogScript(log, "binlog.000001", 4);
    Random random = new Random(42);
    for (int row = 1; row <= ROWS; row++) {
      script.begin(row).rows(row, 1, random.nextInt(500)).end();
    }
    return null;
  }

  /** Reads batches to the last row, and begins anew where it falls out; gives the rows it read. */
  private static int readToTheEnd(ChangeLog log, ChangeReader first, int framesPerBatch)
      throws InterruptedException {
    ChangeReader reader = first;
    int rows = 0;
    int last = 0;
    while (last < ROWS) {
      for (int i = 0; i < framesPerBatch && reader.next(); i++) {
        if (reader.frame().kind() == FrameKind.ROWS) {
          int row = LogScript.rowsOf(reader.frame()).get(0);
          assertThat(row).isEqualTo(last == 0 ? row : last + 1);
          last = row;
          rows++;
        }
      }
      reader.acknowledge(reader.mark());
      if (reader.isDetached()) {
        reader.close();
        reader = log.openAtOldest("again");
        last = 0;
      } else if (reader.isAtEnd()) {
        CountDownLatch readable = new CountDownLatch(1);
        reader.whenReadable(readable::countDown);
        readable.await(20, TimeUnit.MILLISECONDS);
      }
    }
    return rows;
  }
}
