package io.canal.parser.log;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The segments that the log holds, the older ones on disk and the newer ones in memory, each within
 * its budget. What is said to be under the lock needs the log's; the rest takes it where it must,
 * and never while it reads or writes a file.
 *
 * <p>The first segments are small, each twice the one before it, so that a destination with few
 * changes takes little.
 *
 * <p>A segment on disk that a reader wants is loaded once for all who read it. An eighth of the
 * memory is set aside for such; what no thread reads just then may go at any time.
 */
final class SegmentStore {
  private static final int FIRST_SEGMENT_BYTES = 32 * 1024;

  private final ReentrantLock lock;
  private final int segmentBytes;
  private final long memoryBytes;
  private final long loadedMaxBytes;
  private final Optional<SegmentFiles> files;

  // guarded by lock
  private final NavigableMap<Long, Segment> spilled = new TreeMap<>();
  private final NavigableMap<Long, Segment> resident = new TreeMap<>();
  private final Deque<SegmentArray> loaded = new ArrayDeque<>();
  private final Deque<byte[]> spare = new ArrayDeque<>();
  private int nextBytes;
  private long residentBytes;
  private long loadedBytes;
  private long spilledBytes;

  SegmentStore(
      ReentrantLock lock,
      long memoryBytes,
      int segmentBytes,
      Optional<SegmentFiles> files,
      Segment first) {
    this.lock = lock;
    this.segmentBytes = segmentBytes;
    this.memoryBytes = memoryBytes;
    this.loadedMaxBytes = files.isPresent() && files.get().maxBytes() > 0 ? memoryBytes / 8 : 0;
    this.files = files;
    this.nextBytes = Math.min(FIRST_SEGMENT_BYTES, segmentBytes);
    append(first, first);
    allocate(first, 0);
  }

  // ---- under the lock

  Segment oldest() {
    return (spilled.isEmpty() ? resident : spilled).firstEntry().getValue();
  }

  Segment oldestResident() {
    return resident.firstEntry().getValue();
  }

  /**
   * The segment that holds what follows {@code position}, or will; {@code null} where the log no
   * longer holds it.
   */
  Segment find(long position) {
    Map.Entry<Long, Segment> entry = resident.floorEntry(position);
    if (entry == null) {
      entry = spilled.floorEntry(position);
    }
    return entry == null ? null : entry.getValue();
  }

  /** The one that follows; {@code null} after the last. */
  Segment after(Segment segment) {
    Map.Entry<Long, Segment> next = spilled.higherEntry(segment.base);
    if (next == null) {
      next = resident.higherEntry(segment.base);
    }
    return next == null ? null : next.getValue();
  }

  boolean isSpilled(Segment segment) {
    return spilled.get(segment.base) == segment;
  }

  /** Whether another segment fits into memory behind {@code active}. */
  boolean hasRoom(Segment active, int frameLength) {
    // one that stayed empty is replaced
    SegmentArray replaced = active.limit == 0 ? active.array() : null;
    return residentBytes - (replaced == null ? 0 : replaced.bytes.length) + capacity(frameLength)
        <= memoryBytes - loadedMaxBytes;
  }

  private int capacity(int frameLength) {
    return Math.max(nextBytes, frameLength);
  }

  /** Puts a new segment behind {@code active}, without bytes for now. */
  void append(Segment active, Segment next) {
    if (active.limit == 0 && active.array() != null) {
      leaveMemory(active);
    }
    resident.put(next.base, next);
  }

  void allocate(Segment segment, int frameLength) {
    byte[] bytes = array(capacity(frameLength));
    residentBytes += bytes.length;
    nextBytes = Math.min(segmentBytes, 2 * nextBytes);
    segment.array(new SegmentArray(segment, bytes));
  }

  private byte[] array(int capacity) {
    byte[] bytes = capacity == segmentBytes ? spare.poll() : null;
    if (bytes == null) {
      while (!spare.isEmpty() && used() + capacity > memoryBytes) {
        spare.poll();
      }
      bytes = new byte[capacity];
    }
    return bytes;
  }

  private long used() {
    return residentBytes + loadedBytes + (long) spare.size() * segmentBytes;
  }

  /** Takes back the segments behind {@code last}, of which nothing was published. */
  void truncate(Segment last) {
    Collection<Segment> dropped = resident.tailMap(last.base, false).values();
    dropped.forEach(this::leaveMemory);
    dropped.clear();
  }

  /** Drops the segments up to {@code last}; {@link #deleteFiles} is still to be called. */
  List<Segment> dropThrough(Segment last) {
    List<Segment> dropped = new ArrayList<>(spilled.headMap(last.base, true).values());
    spilled.headMap(last.base, true).clear();
    for (Segment segment : dropped) {
      spilledBytes -= segment.limit;
      unload(segment);
    }
    Collection<Segment> inMemory = resident.headMap(last.base, true).values();
    inMemory.forEach(this::leaveMemory);
    dropped.addAll(inMemory);
    inMemory.clear();
    return dropped;
  }

  private void leaveMemory(Segment segment) {
    SegmentArray array = segment.array();
    residentBytes -= array.bytes.length;
    letGo(array);
  }

  private void unload(Segment segment) {
    SegmentArray array = segment.array();
    if (array != null && loaded.remove(array)) {
      loadedBytes -= array.bytes.length;
      letGo(array);
    }
  }

  private void letGo(SegmentArray array) {
    if (array.unpin()) {
      giveBack(array);
    }
  }

  private void giveBack(SegmentArray array) {
    if (array.segment.array() == array) {
      array.segment.array(null);
    }
    keepSpare(array.bytes);
  }

  private void keepSpare(byte[] bytes) {
    if (bytes.length == segmentBytes && used() + segmentBytes <= memoryBytes) {
      spare.push(bytes);
    }
  }

  long memoryBytes() {
    return residentBytes + loadedBytes;
  }

  long spilledBytes() {
    return spilledBytes;
  }

  long maxSpilledBytes() {
    return files.map(SegmentFiles::maxBytes).orElse(0L);
  }

  boolean canSpill(Segment segment) {
    return segment.limit <= maxSpilledBytes();
  }

  /**
   * The newest segment that must leave the disk before {@code coming} fits; empty where it fits.
   */
  Optional<Segment> lastToLeaveDisk(Segment coming) {
    long excess = spilledBytes + coming.limit - maxSpilledBytes();
    Segment last = null;
    for (Segment segment : spilled.values()) {
      if (excess <= 0) {
        break;
      }
      excess -= segment.limit;
      last = segment;
    }
    return Optional.ofNullable(last);
  }

  Optional<Segment> lastOnDisk() {
    return Optional.ofNullable(spilled.lastEntry()).map(Map.Entry::getValue);
  }

  // ---- not under the lock

  /** Writes a segment that nothing else moves meanwhile to disk, and lets it leave memory. */
  void spill(Segment segment, long firstTimestampSeconds) throws IOException {
    int checksum = files.orElseThrow().write(segment.base, segment.array().bytes, segment.limit);
    lock.lock();
    try {
      segment.onDisk(checksum, firstTimestampSeconds);
      resident.remove(segment.base);
      spilled.put(segment.base, segment);
      spilledBytes += segment.limit;
      leaveMemory(segment);
    } finally {
      lock.unlock();
    }
  }

  void deleteFiles(List<Segment> dropped) {
    files.ifPresent(f -> dropped.stream().filter(Segment::isOnDisk).forEach(s -> f.delete(s.base)));
  }

  /** Its bytes with a pin for the caller; {@code null} where it has just left. */
  SegmentArray pin(Segment segment) throws IOException {
    SegmentArray array = segment.pin();
    if (array != null) {
      return array;
    }
    // those who want the same segment wait for the one that reads it
    synchronized (segment) {
      array = segment.pin();
      return array != null ? array : load(segment);
    }
  }

  private SegmentArray load(Segment segment) throws IOException {
    byte[] bytes;
    lock.lock();
    try {
      if (!isSpilled(segment)) {
        return null;
      }
      bytes = roomToLoad(Math.max(segmentBytes, segment.limit));
    } finally {
      lock.unlock();
    }
    SegmentArray array = new SegmentArray(segment, bytes);
    boolean read = false;
    try {
      files.orElseThrow().read(segment.base, bytes, segment.limit, segment.checksum());
      read = true;
    } finally {
      lock.lock();
      try {
        loadedBytes -= bytes.length;
        if (!read) {
          keepSpare(bytes);
        } else if (isSpilled(segment)) {
          segment.array(array);
          if (bytes.length <= loadedMaxBytes) {
            array.pin();
            loaded.add(array);
            loadedBytes += bytes.length;
          }
        }
      } finally {
        lock.unlock();
      }
    }
    return array;
  }

  /** Makes room among the loaded ones, and counts it. */
  private byte[] roomToLoad(int capacity) {
    while (!loaded.isEmpty() && loadedBytes + capacity > loadedMaxBytes) {
      SegmentArray oldest = loaded.remove();
      loadedBytes -= oldest.bytes.length;
      letGo(oldest);
    }
    byte[] bytes = array(capacity);
    loadedBytes += capacity;
    return bytes;
  }

  /** Lets go of a pin; the last one gives the array back. */
  void release(SegmentArray array) {
    if (array.unpin()) {
      lock.lock();
      try {
        giveBack(array);
      } finally {
        lock.unlock();
      }
    }
  }
}
