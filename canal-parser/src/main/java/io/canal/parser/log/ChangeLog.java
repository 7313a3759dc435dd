package io.canal.parser.log;

import static java.util.Objects.requireNonNull;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.SourcePosition;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The ordered changes of one destination, in memory within a budget. The receiver thread appends
 * through the one {@link #writer}; each consumer reads with a {@link ChangeReader} of its own, up
 * to the last published end of a transaction.
 *
 * <p>A place in it is a {@code long}, the bytes appended before it since this process began. Memory
 * is a chain of segments; when the budget is used the oldest goes, once every consumer has
 * acknowledged it, and until then the writer waits.
 */
public final class ChangeLog {
  private static final int MIN_SEGMENTS = 16;
  private static final int MIN_SEGMENT_BYTES = 4 * 1024;
  private static final int MAX_SEGMENT_BYTES = 1024 * 1024;

  private final long budgetBytes;
  private final int segmentBytes;
  private final RowCounter rowCounter;
  private final LogFiles files = new LogFiles();
  private final List<ChangeReader> readers = new CopyOnWriteArrayList<>();
  private final ChangeReader tail;
  private final ChangeLogWriter writer;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition space = lock.newCondition();
  // guarded by lock
  private final Deque<Segment> segments = new ArrayDeque<>();
  private final Deque<byte[]> spare = new ArrayDeque<>();
  private long retainedBytes;
  private List<Runnable> waiting = new ArrayList<>();

  // written by the receiver thread, read by all
  private volatile long published;
  private volatile boolean full;
  // whether somebody waits to be told of a publication
  private volatile boolean anyoneWaits;

  /**
   * @param budgetBytes memory for segments, 64 KiB or more; one event larger than it is still
   *     taken, alone
   * @param start where the source's stream begins that the writer will append
   * @param rowCounter counts rows where a reader stops inside a transaction
   */
  public ChangeLog(long budgetBytes, SourcePosition start, RowCounter rowCounter) {
    if (budgetBytes < MIN_SEGMENTS * MIN_SEGMENT_BYTES) {
      throw new IllegalArgumentException(
          "budget of "
              + budgetBytes
              + " bytes, expected "
              + MIN_SEGMENTS * MIN_SEGMENT_BYTES
              + " or more");
    }
    this.budgetBytes = budgetBytes;
    this.segmentBytes = (int) Math.min(MAX_SEGMENT_BYTES, budgetBytes / MIN_SEGMENTS);
    this.rowCounter = requireNonNull(rowCounter, "rowCounter is null");
    Segment first = new Segment(0, new byte[segmentBytes]);
    segments.add(first);
    retainedBytes = segmentBytes;
    tail = new ChangeReader(this, "tail", first, start);
    writer = new ChangeLogWriter(this, first, budgetBytes / 4);
  }

  /** The one writer, for the receiver thread. */
  public ChangeLogWriter writer() {
    return writer;
  }

  /**
   * Opens a reader that begins with the first change after {@code from}; the changes before it that
   * the log still holds are passed over.
   *
   * @throws CanalException where the log no longer holds a change that follows {@code from}
   */
  public ChangeReader open(String consumer, SourcePosition from) {
    lock.lock();
    try {
      ChangeReader reader = tail.fork(consumer, from);
      if (reader.startsAmidTransaction() || precedes(from, tail.acknowledged())) {
        reader.close();
        throw new CanalException(
            ErrorCode.BAD_REQUEST,
            "consumer %s at %s, expected a position that the log still holds, the oldest is %s"
                .formatted(consumer, from, tail.acknowledged()));
      }
      return register(reader);
    } finally {
      lock.unlock();
    }
  }

  /** Opens a reader that begins with the oldest transaction whose BEGIN the log holds. */
  public ChangeReader openAtOldest(String consumer) {
    lock.lock();
    try {
      return register(tail.forkAtNextBegin(consumer));
    } finally {
      lock.unlock();
    }
  }

  /** Whether changes lie between the two places; false where they cannot be compared. */
  private static boolean precedes(SourcePosition from, SourcePosition oldest) {
    if (from.gtids().isPresent() && oldest.gtids().isPresent()) {
      return !from.gtids().get().containsAll(oldest.gtids().get());
    }
    if (from.file().isEmpty() || !from.serverUuid().equals(oldest.serverUuid())) {
      return false;
    }
    int order = LogFile.compareNames(from.file(), oldest.file());
    return order < 0 || (order == 0 && from.offset() < oldest.offset());
  }

  private ChangeReader register(ChangeReader reader) {
    readers.add(reader);
    return reader;
  }

  void closed(ChangeReader reader) {
    readers.remove(reader);
    released();
  }

  /** How much of the log readers may see. */
  public long published() {
    return published;
  }

  /** Bytes of segments in memory, of {@link #budgetBytes}. */
  public long retainedBytes() {
    lock.lock();
    try {
      return retainedBytes;
    } finally {
      lock.unlock();
    }
  }

  public long budgetBytes() {
    return budgetBytes;
  }

  /** Whether the writer waits for a consumer to acknowledge. */
  public boolean isFull() {
    return full;
  }

  boolean isHeldUpBy(ChangeReader reader) {
    long acknowledged = reader.acknowledgedPosition();
    return full && readers.stream().allMatch(r -> r.acknowledgedPosition() >= acknowledged);
  }

  /** The consumer furthest behind in acknowledging; empty where there is none. */
  public Optional<String> furthestBehind() {
    return readers.stream()
        .min(Comparator.comparingLong(ChangeReader::acknowledgedPosition))
        .map(ChangeReader::consumer);
  }

  /**
   * Seconds since the epoch of the first change at or after that place; empty where nothing is
   * published there.
   */
  public Optional<Long> timestampSecondsAt(long position) {
    lock.lock();
    try {
      if (position >= published || position < segments.getFirst().base) {
        return Optional.empty();
      }
      Frame frame = new Frame(files);
      Segment segment = endingAtOrAfter(position);
      long at = position;
      while (at < published) {
        while (at == segment.end()) {
          segment = segment.next;
        }
        frame.wrap(segment.data, (int) (at - segment.base));
        if (frame.timestampSeconds() > 0) {
          return Optional.of(frame.timestampSeconds());
        }
        at += frame.length();
      }
      return Optional.empty();
    } finally {
      lock.unlock();
    }
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

  /** Appends a segment with room for a frame of that length, when the budget has room for it. */
  Segment extend(Segment active, int frameLength) throws InterruptedException {
    int capacity = Math.max(segmentBytes, frameLength);
    lock.lockInterruptibly();
    try {
      while (!makeRoom(capacity)) {
        if (full) {
          wake();
          space.await();
        } else {
          full = true; // an acknowledgement from here on signals; look again for one just before
        }
      }
      byte[] data = capacity == segmentBytes ? spare.poll() : null;
      while (!spare.isEmpty()
          && retainedBytes + capacity + (long) spare.size() * segmentBytes > budgetBytes) {
        spare.poll();
      }
      Segment segment = new Segment(active.end(), data == null ? new byte[capacity] : data);
      active.next = segment;
      segments.add(segment);
      retainedBytes += capacity;
      return segment;
    } finally {
      full = false;
      lock.unlock();
    }
  }

  private boolean makeRoom(int capacity) {
    long acknowledged =
        readers.stream().mapToLong(ChangeReader::acknowledgedPosition).min().orElse(0);
    while (retainedBytes + capacity > budgetBytes
        && segments.size() > 1
        && segments.getFirst().end() <= acknowledged) {
      Segment oldest = segments.removeFirst();
      retainedBytes -= oldest.data.length;
      tail.passTo(segments.getFirst());
      release(oldest);
    }
    return retainedBytes + capacity <= budgetBytes
        || (segments.size() == 1 && segments.getFirst().end() <= acknowledged);
  }

  /** Takes back the segments behind {@code last}, of which nothing was published. */
  void truncate(Segment last) {
    lock.lock();
    try {
      while (segments.getLast() != last) {
        Segment dropped = segments.removeLast();
        retainedBytes -= dropped.data.length;
        release(dropped);
      }
      last.next = null;
    } finally {
      lock.unlock();
    }
  }

  // ---- the readers' side

  /**
   * Runs {@code callback} once the writer tells of more than {@code position}, or finds the log
   * full once more.
   */
  void whenReadable(long position, Runnable callback) {
    lock.lock();
    try {
      waiting.add(callback);
      anyoneWaits = true;
    } finally {
      lock.unlock();
    }
    if (published > position) {
      wake();
    }
  }

  private void wake() {
    List<Runnable> callbacks;
    lock.lock();
    try {
      callbacks = waiting;
      waiting = new ArrayList<>();
      anyoneWaits = false;
    } finally {
      lock.unlock();
    }
    callbacks.forEach(Runnable::run);
  }

  /** A reader acknowledged or left: a waiting writer looks again. */
  void released() {
    if (full) {
      lock.lock();
      try {
        space.signal();
      } finally {
        lock.unlock();
      }
    }
  }

  /** The segment that holds {@code position}, pinned. */
  Segment pinAt(long position) {
    lock.lock();
    try {
      Segment segment = endingAtOrAfter(position);
      segment.pin();
      return segment;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Where the place is on the border of two segments, the first: the second may hold an open
   * transaction, and be taken back with it.
   */
  private Segment endingAtOrAfter(long position) {
    for (Segment segment : segments) {
      if (position <= segment.end()) {
        return segment;
      }
    }
    throw new IllegalStateException("position " + position + " is beyond the log");
  }

  /** Lets go of a pin; the last one gives the array back. */
  void release(Segment segment) {
    if (segment.unpin() && segment.data.length == segmentBytes) {
      lock.lock();
      try {
        if (retainedBytes + (spare.size() + 1L) * segmentBytes <= budgetBytes) {
          spare.push(segment.data);
        }
      } finally {
        lock.unlock();
      }
    }
  }
}
