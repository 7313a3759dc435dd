package io.canal.parser.log;

import static io.canal.parser.log.LogScript.ROW_COUNTER;
import static io.canal.parser.log.LogScript.START_WITH_GTIDS;
import static io.canal.parser.log.LogScript.readRows;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SpillTest {
  private static final int MEMORY = 64 * 1024;
  private static final int DISK = 256 * 1024;

  /** More than a segment, and no more than fits into memory beside others. */
  private static final int LARGE = 24 * 1024;

  @TempDir private Path directory;

  private ChangeLog log;
  private LogScript script;
  private ChangeReader ahead;
  private int rows;

  @BeforeEach
  void open() throws Exception {
    open(SpillDirectory.emptied(directory, DISK));
  }

  private void open(SegmentFiles files) {
    log = new ChangeLog(MEMORY, START_WITH_GTIDS, ROW_COUNTER, Optional.of(files));
    script = new LogScript(log, "binlog.000001", 4);
    ahead = log.openAtOldest("ahead");
    rows = 0;
  }

  @Test
  void shouldGiveASlowReaderFromDiskWhatLeftMemory() throws Exception {
    ChangeReader slow = log.openAtOldest("slow");
    ChangeReader slower = log.openAtOldest("slower");

    append(150);
    List<Integer> read = readRows(slow);
    LogStatus spilled = log.status();
    append(10);
    read.addAll(readRows(slow));

    assertThat(spilled.diskBytes()).isBetween(1L, (long) DISK);
    assertThat(spilled.memoryBytes()).isLessThanOrEqualTo(MEMORY);
    assertThat(bytesOnDisk()).isGreaterThanOrEqualTo(spilled.diskBytes());
    assertThat(read).isEqualTo(numbers(1, 160));
    assertThat(readRows(slower)).isEqualTo(read);
  }

  @Test
  void shouldDropFromDiskWhatExceedsItsBudget() throws Exception {
    ChangeReader forgotten = log.openAtOldest("forgotten");
    ChangeReader slow = log.openAtOldest("slow");

    append(100);
    List<Integer> read = readRows(slow);
    append(400);
    read.addAll(readRows(slow));

    assertThat(forgotten.isDetached()).isTrue();
    assertThat(slow.isDetached()).isTrue();
    assertThat(read).isEqualTo(numbers(1, read.size())).hasSizeGreaterThanOrEqualTo(100);
    assertThat(log.status().diskBytes()).isLessThanOrEqualTo(DISK);
    assertThat(bytesOnDisk()).isLessThanOrEqualTo(DISK);
    assertThat(log.status().diskError()).isEmpty();
  }

  @Test
  void shouldFreeTheDiskOnceNobodyNeedsIt() throws Exception {
    ChangeReader slow = log.openAtOldest("slow");
    append(150);

    readRows(slow);
    slow.acknowledge(slow.mark());
    ahead.acknowledge(ahead.mark());
    append(1);
    for (int i = 0; i < 40; i++) {
      append(1);
      readRows(slow);
      slow.acknowledge(slow.mark());
      ahead.acknowledge(ahead.mark());
    }

    assertThat(log.status().diskBytes()).isZero();
    assertThat(bytesOnDisk()).isZero();
  }

  @Test
  void shouldGoBackIntoWhatIsOnDisk() throws Exception {
    append(10);
    Mark mark = ahead.mark();
    append(100);

    ahead.rewind(List.of(mark));
    List<Integer> afterMark = readRows(ahead);
    ahead.rewind();

    assertThat(log.status().diskBytes()).isPositive();
    assertThat(afterMark).isEqualTo(numbers(11, 110));
    assertThat(readRows(ahead)).isEqualTo(numbers(1, 110));
  }

  @Test
  void shouldOpenOnDisk() throws Exception {
    append(10);
    ahead.acknowledge(ahead.mark());
    log.openAtOldest("slow");
    append(100);

    ChangeReader opened = log.open("returned", ahead.acknowledged()).orElseThrow();

    assertThat(readRows(opened)).isEqualTo(numbers(11, 110));
  }

  @Test
  void shouldKeepASegmentLargerThanOthersOnDisk() throws Exception {
    ChangeReader slow = log.openAtOldest("slow");
    script.begin(++rows).rows(rows, 1, LARGE).end();
    readRows(ahead);

    append(100);
    long largest = 0;
    for (Path segment : segments()) {
      largest = Math.max(largest, Files.size(segment));
    }
    List<Integer> read = readRows(slow);

    assertThat(largest).isGreaterThan(LARGE);
    assertThat(read).isEqualTo(numbers(1, 101));
    assertThat(log.status().memoryBytes()).isLessThanOrEqualTo(MEMORY);
  }

  @Test
  void shouldDropWhatIsLargerThanTheDiskBudget() throws Exception {
    open(SpillDirectory.emptied(directory, LARGE));
    ChangeReader slow = log.openAtOldest("slow");
    script.begin(++rows).rows(rows, 1, LARGE).end();
    readRows(ahead);

    append(100);

    assertThat(slow.isDetached()).isTrue();
    assertThat(log.status().diskBytes()).isZero();
    assertThat(log.status().diskError()).isEmpty();
  }

  /** What is written to /dev/full meets ENOSPC, as on a full disk. */
  @Test
  void shouldGoOnWhenTheDiskIsFull() throws Exception {
    ChangeReader slow = log.openAtOldest("slow");
    Files.createSymbolicLink(directory.resolve("%020d.segment".formatted(0)), Path.of("/dev/full"));

    append(100);
    LogStatus full = log.status();
    ChangeReader next = log.openAtOldest("next");
    append(50);

    assertThat(full.diskError().orElseThrow()).contains("No space left", directory.toString());
    assertThat(full.diskBytes()).isZero();
    assertThat(slow.isDetached()).isTrue();
    assertThat(slow.next()).isFalse();
    assertThat(log.status().diskError()).isEmpty();
    assertThat(log.status().diskBytes()).isPositive();
    assertThat(readRows(next)).endsWith(150).isSorted().doesNotHaveDuplicates();
  }

  @Test
  void shouldDropASegmentWhoseBytesHaveChanged() throws Exception {
    ChangeReader slow = log.openAtOldest("slow");
    append(100);
    List<Path> segments = segments();
    Path damaged = segments.get(1);
    byte[] bytes = Files.readAllBytes(damaged);
    bytes[bytes.length / 2] ^= 1;
    Files.write(damaged, bytes);

    List<Integer> read = readRows(slow);

    assertThat(slow.isDetached()).isTrue();
    assertThat(read).isNotEmpty().isEqualTo(numbers(1, read.size()));
    assertThat(log.status().diskError().orElseThrow()).contains(damaged.toString(), "CRC32C");
    assertThat(segments()).doesNotContain(segments.get(0), damaged).contains(segments.get(2));
    append(10);
    assertThat(ahead.isDetached()).isFalse();
  }

  @Test
  void shouldDropASegmentWhoseFileIsGoneOrCut() throws Exception {
    for (boolean cut : new boolean[] {true, false}) {
      open();
      ChangeReader slow = log.openAtOldest("slow");
      append(100);
      Path damaged = segments().get(0);
      if (cut) {
        Files.write(damaged, new byte[10]);
      } else {
        Files.delete(damaged);
      }

      boolean found = slow.next();

      assertThat(found).isFalse();
      assertThat(slow.isDetached()).isTrue();
      assertThat(log.status().diskError().orElseThrow()).contains(damaged.toString());
    }
  }

  @Test
  void shouldReadASegmentOnceForReadersNearEachOther() throws Exception {
    List<Long> reads = new ArrayList<>();
    open(counting(SpillDirectory.emptied(directory, DISK), reads));
    ChangeReader one = log.openAtOldest("one");
    ChangeReader two = log.openAtOldest("two");
    append(100);
    int onDisk = segments().size();

    boolean more = true;
    while (more) {
      more = one.next();
      assertThat(two.next()).isEqualTo(more);
    }

    assertThat(onDisk).isPositive();
    assertThat(reads).hasSize(onDisk).doesNotHaveDuplicates();
  }

  @Test
  void shouldNotReadASegmentAgainForTheNextBatch() throws Exception {
    List<Long> reads = new ArrayList<>();
    open(counting(SpillDirectory.emptied(directory, DISK), reads));
    ChangeReader slow = log.openAtOldest("slow");
    append(100);

    for (int i = 0; i < 5; i++) {
      slow.next();
      slow.acknowledge(slow.mark());
    }

    assertThat(reads).hasSize(1);
  }

  @Test
  void shouldEmptyItsDirectory() throws Exception {
    log.openAtOldest("slow");
    append(100);
    Path foreign = Files.writeString(directory.resolve("notes.txt"), "mine");
    assertThat(segments()).isNotEmpty();

    SpillDirectory.emptied(directory, DISK);

    assertThat(segments()).isEmpty();
    assertThat(foreign).exists();
  }

  @Test
  void shouldLeaveNothingOnDiskWhenClosed() throws Exception {
    ChangeReader slow = log.openAtOldest("slow");
    append(100);

    log.close();

    assertThat(segments()).isEmpty();
    assertThat(slow.isDetached()).isTrue();
  }

  @Test
  void shouldNotBeginWhereItCannotWrite() throws Exception {
    Path file = Files.writeString(directory.resolve("file"), "");

    assertThatThrownBy(() -> SpillDirectory.emptied(file.resolve("log"), DISK))
        .isInstanceOf(IOException.class);
  }

  /** Transactions of one row, a segment for about three; the reader ahead reads each at once. */
  private void append(int transactions) throws InterruptedException {
    for (int i = 0; i < transactions; i++) {
      script.begin(++rows).rows(rows, 1, 1000).end();
      readRows(ahead);
    }
  }

  private List<Path> segments() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(file -> file.toString().endsWith(".segment")).sorted().toList();
    }
  }

  private long bytesOnDisk() throws IOException {
    long bytes = 0;
    for (Path segment : segments()) {
      bytes += Files.size(segment);
    }
    return bytes;
  }

  private static List<Integer> numbers(int first, int last) {
    return IntStream.rangeClosed(first, last).boxed().toList();
  }

  private static SegmentFiles counting(SegmentFiles files, List<Long> reads) {
    return new SegmentFiles() {
      @Override
      public long maxBytes() {
        return files.maxBytes();
      }

      @Override
      public int write(long base, byte[] bytes, int length) throws IOException {
        return files.write(base, bytes, length);
      }

      @Override
      public void read(long base, byte[] bytes, int length, int checksum) throws IOException {
        reads.add(base);
        files.read(base, bytes, length, checksum);
      }

      @Override
      public void delete(long base) {
        files.delete(base);
      }
    };
  }
}
