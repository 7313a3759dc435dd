package io.canal.parser.log;

import static java.util.Objects.requireNonNull;

import io.canal.protocol.GtidSet;
import io.canal.protocol.SourcePosition;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The ordered changes of one destination, in memory and on disk, each within a budget. The receiver
 * thread appends through the one {@link #writer}; each consumer reads with a {@link ChangeReader}
 * of its own, up to the last published end of a transaction.
 *
 * <p>A place in it is a {@code long}, the bytes appended before it since this process began. The
 * log is a row of segments. When memory is used, the oldest segment in it leaves once the reader
 * furthest ahead has read it: to disk where another reader needs it, else for good. Who still needs
 * what is gone is detached, and holds nothing up. The writer waits only while even the furthest
 * reader has not read the oldest segment in memory, or there is none.
 */
public final class ChangeLog implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ChangeLog.class);
  private static final int MIN_SEGMENTS = 16;
  private static final int MIN_SEGMENT_BYTES = 4 * 1024;
  private static final int MAX_SEGMENT_BYTES = 1024 * 1024;
  // a power of two with the array's header takes the room of two from G1, whose regions are such
  private static final int ARRAY_HEADER_BYTES = 32;

  private final long budgetBytes;
  private final boolean inStep;
  private final RowCounter rowCounter;
  private final LogFiles files = new LogFiles();
  private final List<ChangeReader> readers = new CopyOnWriteArrayList<>();
  private final SegmentStore store;
  private final ChangeLogWriter writer;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition space = lock.newCondition();
  // guarded by lock: what ended before the oldest segment, null without GTIDs
  private final GtidSet executed;
  // and a place behind the last of it that had no GTID among others that had
  private LogFile withoutGtidFile;
  private long withoutGtidOffset;
  private List<Runnable> waiting = new ArrayList<>();
  private long droppedSegments;
  private Optional<String> diskError = Optional.empty();

  // written by the receiver thread, read by all
  private volatile long published;
  private volatile boolean full;
  // whether somebody waits to be told of a publication
  private volatile boolean anyoneWaits;

  /**
   * A log that stays in memory.
   *
   * @param budgetBytes memory for segments, 64 KiB or more; one event larger than it is still
   *     taken, alone
   * @param start where the source's stream begins that the writer will append
   * @param rowCounter counts rows where a reader stops inside a transaction
   */
  public ChangeLog(long budgetBytes, SourcePosition start, RowCounter rowCounter) {
    this(budgetBytes, start, rowCounter, Optional.empty());
  }

  /** As above; what readers need goes to {@code directory} when it leaves memory. */
  public ChangeLog(
      long budgetBytes, SourcePosition start, RowCounter rowCounter, SpillDirectory directory) {
    this(budgetBytes, start, rowCounter, Optional.of(directory));
  }

  /**
   * A log that stays in memory and whose readers go in step: the oldest segment leaves once all of
   * them have read it, so that nobody is detached.
   */
  public static ChangeLog inStep(long budgetBytes, SourcePosition start, RowCounter rowCounter) {
    return new ChangeLog(budgetBytes, start, rowCounter, Optional.empty(), true);
  }

  ChangeLog(
      long budgetBytes,
      SourcePosition start,
      RowCounter rowCounter,
      Optional<SegmentFiles> segmentFiles) {
    this(budgetBytes, start, rowCounter, segmentFiles, false);
  }

  private ChangeLog(
      long budgetBytes,
      SourcePosition start,
      RowCounter rowCounter,
      Optional<SegmentFiles> segmentFiles,
      boolean inStep) {
    if (budgetBytes < MIN_SEGMENTS * MIN_SEGMENT_BYTES) {
      throw new IllegalArgumentException(
          "budget of "
              + budgetBytes
              + " bytes, expected "
              + MIN_SEGMENTS * MIN_SEGMENT_BYTES
              + " or more");
    }
    this.budgetBytes = budgetBytes;
    this.inStep = inStep;
    this.rowCounter = requireNonNull(rowCounter, "rowCounter is null");
    this.executed = start.gtids().orElse(null);
    LogFile startFile = new LogFile(start.serverUuid(), start.file());
    Segment first = new Segment(0, startFile, start.offset(), Optional.empty());
    int segmentBytes =
        (int) Math.min(MAX_SEGMENT_BYTES, budgetBytes / MIN_SEGMENTS) - ARRAY_HEADER_BYTES;
    store = new SegmentStore(lock, budgetBytes, segmentBytes, segmentFiles, first);
    writer = new ChangeLogWriter(this, first, budgetBytes / 4);
  }

  /** The one writer, for the receiver thread. */
  public ChangeLogWriter writer() {
    return writer;
  }

  // ---- opening

  /**
   * Opens a reader that begins with the first change after {@code from}. What the log holds before
   * it is passed over: whole segments at once, the rest as the reader goes. A position that lies
   * ahead of the log is met when the log comes to it.
   *
   * @return empty where the log does not hold the next change: the position is older than the log,
   *     or of another server and without GTIDs, or the log begins amid a transaction that the
   *     consumer has not had
   */
  public Optional<ChangeReader> open(String consumer, SourcePosition from) {
    Had had = new Had(from);
    lock.lock();
    try {
      Segment segment = store.oldest();
      boolean byGtid = executed != null;
      if (!isHeld(had, segment)) {
        return Optional.empty();
      }
      GtidSet passed = byGtid ? executed.copy() : null;
      Segment next = store.after(segment);
      while (next != null
          && next.base < published
          && had.everythingEndingIn(segment, next, byGtid)
          && had.canBeginWith(next, byGtid)) {
        if (byGtid) {
          segment.ended.addTo(passed);
        }
        segment = next;
        next = store.after(segment);
      }
      return Optional.of(register(new ChangeReader(this, consumer, segment, from, passed)));
    } finally {
      lock.unlock();
    }
  }

  /** Whether {@link #open} would give a reader. */
  public boolean holds(SourcePosition from) {
    Had had = new Had(from);
    lock.lock();
    try {
      return isHeld(had, store.oldest());
    } finally {
      lock.unlock();
    }
  }

  private boolean isHeld(Had had, Segment oldest) {
    return had.everythingBefore(executed, oldest.file, oldest.offset)
        && (withoutGtidFile == null || !had.isBefore(withoutGtidFile, withoutGtidOffset))
        && had.canBeginWith(oldest, executed != null);
  }

  /** Opens a reader that begins with the oldest transaction whose BEGIN the log holds. */
  public ChangeReader openAtOldest(String consumer) {
    lock.lock();
    try {
      Segment segment = store.oldest();
      GtidSet passed = executed == null ? null : executed.copy();
      if (passed != null) {
        segment.inside.flatMap(Transaction::gtid).ifPresent(passed::add);
      }
      SourcePosition from =
          new SourcePosition(
              Optional.ofNullable(passed),
              segment.file.serverUuid(),
              segment.file.name(),
              segment.offset,
              Optional.empty());
      return register(new ChangeReader(this, consumer, segment, from, passed));
    } finally {
      lock.unlock();
    }
  }

  private ChangeReader register(ChangeReader reader) {
    readers.add(reader);
    signal();
    return reader;
  }

  void closed(ChangeReader reader) {
    readers.remove(reader);
    moved();
  }

  // ---- what is seen of it

  /** How much of the log readers may see. */
  public long published() {
    return published;
  }

  /** Any thread. */
  public LogStatus status() {
    lock.lock();
    try {
      return new LogStatus(
          store.memoryBytes(),
          budgetBytes,
          store.spilledBytes(),
          store.maxSpilledBytes(),
          droppedSegments,
          full,
          attached()
              .max(Comparator.comparingLong(ChangeReader::readPosition))
              .map(ChangeReader::consumer),
          diskError);
    } finally {
      lock.unlock();
    }
  }

  /** Whether the writer waits until the reader furthest ahead reads on, or somebody comes. */
  public boolean isFull() {
    return full;
  }

  private Stream<ChangeReader> attached() {
    return readers.stream().filter(reader -> !reader.isDetached());
  }

  /** Up to where the log need not be kept. */
  long readThrough() {
    LongStream read = attached().mapToLong(ChangeReader::readPosition);
    return (inStep ? read.min() : read.max()).orElse(0);
  }

  /**
   * Seconds since the epoch of the first change at or after that place, on disk of its segment's
   * first; of the oldest that the log holds where that place is gone. Empty where nothing is
   * published there.
   */
  public Optional<Long> timestampSecondsAt(long position) {
    lock.lock();
    try {
      long end = published;
      long at = Math.max(position, store.oldest().base);
      Segment segment = store.find(at);
      while (segment != null && at < end) {
        long found = segment.timestampSeconds();
        if (!segment.isOnDisk()) {
          int to = (int) Math.min(segment.limit, end - segment.base);
          found = timestampSeconds(segment, (int) (at - segment.base), to);
        }
        if (found > 0) {
          return Optional.of(found);
        }
        segment = store.after(segment);
        at = segment == null ? end : segment.base;
      }
      return Optional.empty();
    } finally {
      lock.unlock();
    }
  }

  /** The first timestamp in a segment in memory; 0 where there is none. */
  private long timestampSeconds(Segment segment, int from, int to) {
    Frame frame = new Frame(files);
    for (int at = from; at < to; at += frame.length()) {
      frame.wrap(segment.array().bytes, at);
      if (frame.timestampSeconds() > 0) {
        return frame.timestampSeconds();
      }
    }
    return 0;
  }

  RowCounter rowCounter() {
    return rowCounter;
  }

  LogFiles files() {
    return files;
  }

  // ---- the writer's side

  void publish(long position) {
    published = position;
  }

  /** Tells readers that wait of what was published. */
  void tell() {
    if (anyoneWaits) {
      wake();
    }
  }

  /** Puts {@code next} behind {@code active}, with room for a frame of that length. */
  void extend(Segment active, Segment next, int frameLength) throws InterruptedException {
    Optional<Segment> leaving = awaitRoom(active, frameLength);
    while (leaving.isPresent()) {
      leave(leaving.get());
      leaving = awaitRoom(active, frameLength);
    }
    boolean alone;
    lock.lock();
    try {
      alone = !store.hasRoom(active, frameLength);
      store.append(active, next);
    } finally {
      lock.unlock();
    }
    if (alone && active.limit > 0) {
      leave(active);
    }
    lock.lock();
    try {
      store.allocate(next, frameLength);
    } finally {
      lock.unlock();
    }
  }

  /** Waits until there is room, or a segment that may leave memory for it, and gives that. */
  private Optional<Segment> awaitRoom(Segment active, int frameLength) throws InterruptedException {
    while (true) {
      List<Runnable> callbacks;
      lock.lockInterruptibly();
      try {
        if (store.hasRoom(active, frameLength)) {
          full = false;
          return Optional.empty();
        }
        Segment oldest = store.oldestResident();
        if (oldest.end() <= readThrough()) {
          full = false;
          // a frame larger than the budget is taken alone
          return oldest == active ? Optional.empty() : Optional.of(oldest);
        }
        if (!full) {
          full = true; // who reads on from here signals; look again for one just before
          continue;
        }
        callbacks = takeWaiting();
        if (callbacks.isEmpty()) {
          space.await();
        }
      } catch (InterruptedException e) {
        full = false;
        throw e;
      } finally {
        lock.unlock();
      }
      callbacks.forEach(Runnable::run);
    }
  }

  /** A segment leaves memory: to disk where it is needed and can be, else for good. */
  private void leave(Segment segment) {
    boolean spill;
    lock.lock();
    try {
      spill = isNeeded(segment) && store.canSpill(segment);
    } finally {
      lock.unlock();
    }
    if (spill) {
      try {
        makeRoomOnDisk(segment);
        store.spill(segment, timestampSeconds(segment, 0, segment.limit));
        spilled();
        return;
      } catch (IOException e) {
        diskFailed(e);
      }
    }
    dropThrough(segment);
  }

  /** Whether a reader has yet to read it, or may still go back into it. */
  private boolean isNeeded(Segment segment) {
    long oldest = store.oldest().base;
    return attached()
        .anyMatch(
            reader ->
                reader.readPosition() < segment.end()
                    || (reader.acknowledgedPosition() < segment.end()
                        && reader.acknowledgedPosition() >= oldest));
  }

  private void makeRoomOnDisk(Segment segment) {
    Optional<Segment> last;
    lock.lock();
    try {
      last = store.lastToLeaveDisk(segment);
    } finally {
      lock.unlock();
    }
    last.ifPresent(this::dropThrough);
  }

  /** Drops all segments up to one, unless a reader's thread has; detaches who needs them. */
  private void dropThrough(Segment last) {
    List<Segment> dropped;
    boolean detached = false;
    lock.lock();
    try {
      dropped = store.dropThrough(last);
      droppedSegments += dropped.size();
      beginAt(store.oldest(), dropped);
      long oldest = store.oldest().base;
      for (ChangeReader reader : readers) {
        detached |= reader.readPosition() < oldest && reader.detach();
      }
    } finally {
      lock.unlock();
    }
    store.deleteFiles(dropped);
    if (detached) {
      wake();
    }
  }

  private void beginAt(Segment oldest, List<Segment> dropped) {
    if (executed != null) {
      for (Segment segment : dropped) {
        segment.ended.addTo(executed);
        if (segment.endsWithoutGtid) {
          withoutGtidFile = oldest.file;
          withoutGtidOffset = oldest.offset;
        }
      }
    }
  }

  private void spilled() {
    lock.lock();
    try {
      diskError.ifPresent(error -> LOG.info("the change log is written to disk again"));
      diskError = Optional.empty();
    } finally {
      lock.unlock();
    }
  }

  private void diskFailed(IOException e) {
    LOG.error("the change log drops what it cannot keep on disk: {}", e.getMessage());
    lock.lock();
    try {
      diskError = Optional.of(e.getMessage());
    } finally {
      lock.unlock();
    }
  }

  /** What the reader furthest ahead must have read before memory is freed. */
  long oldestInMemoryEnd() {
    lock.lock();
    try {
      return store.oldestResident().end();
    } finally {
      lock.unlock();
    }
  }

  /** Takes back the segments behind {@code last}, of which nothing was published. */
  void truncate(Segment last) {
    lock.lock();
    try {
      store.truncate(last);
    } finally {
      lock.unlock();
    }
  }

  // ---- the readers' side

  /**
   * Runs {@code callback} once the writer tells of more than {@code position}, or a reader is
   * detached.
   */
  void whenReadable(ChangeReader reader, Runnable callback) {
    lock.lock();
    try {
      waiting.add(callback);
      anyoneWaits = true;
    } finally {
      lock.unlock();
    }
    if (published > reader.position() || reader.isDetached()) {
      wake();
    }
  }

  private void wake() {
    List<Runnable> callbacks;
    lock.lock();
    try {
      callbacks = takeWaiting();
    } finally {
      lock.unlock();
    }
    callbacks.forEach(Runnable::run);
  }

  private List<Runnable> takeWaiting() {
    List<Runnable> callbacks = waiting;
    waiting = new ArrayList<>();
    anyoneWaits = false;
    return callbacks;
  }

  /** A reader read on or left: a waiting writer looks again. */
  void moved() {
    if (full) {
      signal();
    }
  }

  private void signal() {
    lock.lock();
    try {
      space.signal();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Gives the bytes of the segment that holds {@code position}, which is published, with a pin for
   * the caller; {@code null} where they are gone.
   */
  SegmentArray pinAt(long position) {
    while (true) {
      Segment segment;
      lock.lock();
      try {
        segment = store.find(position);
      } finally {
        lock.unlock();
      }
      if (segment == null) {
        return null;
      }
      try {
        SegmentArray array = store.pin(segment);
        if (array != null) {
          return array;
        }
      } catch (IOException e) {
        lost(segment, e);
      }
    }
  }

  /** A segment on disk cannot be read: who needs it, or what is before it, is detached. */
  private void lost(Segment segment, IOException e) {
    lock.lock();
    try {
      if (!store.isSpilled(segment)) {
        return; // dropped while it was read
      }
    } finally {
      lock.unlock();
    }
    diskFailed(e);
    dropThrough(segment);
  }

  void release(SegmentArray array) {
    store.release(array);
  }

  /** Lets a reader go on at {@code position}, or detaches it where that is gone. */
  void goTo(ChangeReader reader, long position) {
    lock.lock();
    try {
      reader.readPosition(position);
      if (position < store.oldest().base) {
        reader.detach();
      }
    } finally {
      lock.unlock();
    }
    moved();
  }

  /** Removes what is on disk; who needs it is detached. The receiver has ended. */
  @Override
  public void close() {
    Optional<Segment> last;
    lock.lock();
    try {
      last = store.lastOnDisk();
    } finally {
      lock.unlock();
    }
    last.ifPresent(this::dropThrough);
  }
}
