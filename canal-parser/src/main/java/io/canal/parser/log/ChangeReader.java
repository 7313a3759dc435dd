package io.canal.parser.log;

import static java.util.Objects.requireNonNull;

import io.canal.protocol.GtidSet;
import io.canal.protocol.SourcePosition;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * One consumer's cursor in the log: it goes from frame to frame, passes over what the consumer had
 * before, and knows the source position of every place it reached. Used by one thread at a time,
 * except for {@link #acknowledgedPosition}, {@link #readPosition} and {@link #isDetached}.
 *
 * <p>From a {@link #next} that gives a frame to the one that does not, or to {@link #mark}, it
 * keeps a segment in memory; at other times it holds nothing. What it is to read next may leave the
 * log then: it is detached, its next change comes by a reader that is opened elsewhere, at the
 * position it has.
 *
 * <pre>{@code
 * while (batch.hasRoom() && reader.next()) {
 *   encoder.encode(reader.frame(), reader.transaction());
 * }
 * Mark end = reader.mark();
 * // deliver the batch; when the consumer has it safely:
 * reader.acknowledge(end);
 * }</pre>
 */
public final class ChangeReader implements AutoCloseable {
  private final ChangeLog log;
  private final String consumer;
  private final Frame frame;

  // owned by the consumer's thread: the segment that it reads or read last, and those of its bytes
  // that it reads now
  private long base;
  private int offset;
  private SegmentArray array;
  private Walk walk;
  // whether the rows of the frame that next() gave are still to be counted
  private boolean uncounted;
  // up to where marks and chunks have been given, and the mark of what was hidden in front of one
  private long marked;
  private Mark hidden;
  // transactions that the consumer had before, which the log brings again
  private final GtidSet had;

  private LogFile acknowledgedFile;
  private long acknowledgedOffset;
  private GtidSet acknowledgedGtids;
  private Optional<Mark.Inside> acknowledgedInside = Optional.empty();
  private Optional<SourcePosition.OpenTransaction> acknowledgedOpen;
  private boolean acknowledgedSettled;
  private boolean closed;

  // read by the receiver thread; the place read trails by a segment while a thread reads
  private volatile long acknowledgedPosition;
  private volatile long readPosition;
  // written under the log's lock
  private volatile boolean detached;

  /**
   * Called under the log's lock.
   *
   * @param segment where it begins: at a transaction, or inside of one that the consumer had
   * @param passed what ended before that, with GTIDs; else {@code null}
   */
  ChangeReader(
      ChangeLog log, String consumer, Segment segment, SourcePosition from, GtidSet passed) {
    this.log = log;
    this.consumer = requireNonNull(consumer, "consumer is null");
    this.frame = new Frame(log.files());
    this.base = segment.base;
    this.had = ahead(from, segment, passed);
    this.acknowledgedFile = new LogFile(from.serverUuid(), from.file());
    this.acknowledgedOffset = from.offset();
    this.acknowledgedGtids = from.gtids().orElse(null);
    this.acknowledgedOpen = from.open();
    this.acknowledgedPosition = base;
    this.readPosition = base;
    this.marked = base;
    this.acknowledgedInside =
        segment.inside.map(open -> new Mark.Inside(open, true, 0, 0, true, false));
    this.walk =
        new Walk(
            log.rowCounter(),
            new Walk.Resume(acknowledgedFile, acknowledgedOffset, from.open()),
            had,
            from.gtids().orElse(null));
    acknowledgedInside.ifPresent(walk::enter);
  }

  /** The transactions that the consumer has had and that the log will bring; null for none. */
  private static GtidSet ahead(SourcePosition from, Segment segment, GtidSet passed) {
    if (passed == null || from.gtids().isEmpty()) {
      return null;
    }
    GtidSet before = passed.copy();
    segment.inside.flatMap(Transaction::gtid).ifPresent(before::add);
    GtidSet ahead = from.gtids().get();
    ahead.removeAll(before);
    return ahead.isEmpty() ? null : ahead;
  }

  public String consumer() {
    return consumer;
  }

  /**
   * Goes over the next stretch of the log that holds something for this consumer and gives it to be
   * encoded, by any thread; the reader itself stands behind it at once. It lies in one segment, and
   * what the filter hides in it costs no more than a look at the headers. Empty where nothing more
   * is published that the filter shows: then it stands behind what is hidden.
   */
  public Optional<Chunk> poll(ChunkLimit limit, FrameFilter filter) {
    countRows();
    if (!filter.showsExecuted()) {
      walk.forgetExecuted();
    }
    Chunk chunk = null;
    if (findFrame(limit.end())) {
      markHidden();
      long start = position();
      Walk before = walk.copy();
      do {
        chunk = stretch(start, before, limit, filter);
      } while (chunk == null && findFrame(limit.end()));
    }
    unpin();
    return Optional.ofNullable(chunk);
  }

  /**
   * Stands before the next frame; false where none is published before {@code end}, or it is gone.
   */
  private boolean findFrame(long end) {
    while (position() < Math.min(end, log.published())) {
      if (array == null && !pin()) {
        return false;
      }
      if (offset < array.segment.limit) {
        return true;
      }
      unpin();
    }
    return false;
  }

  /** Takes the bytes of what comes next; false where they are gone. */
  private boolean pin() {
    long position = position();
    readPosition = position;
    log.moved();
    array = detached ? null : log.pinAt(position);
    if (array == null) {
      return false;
    }
    base = array.segment.base;
    offset = (int) (position - base);
    return true;
  }

  private void unpin() {
    if (array != null) {
      countRows();
      log.release(array);
      array = null;
      frame.clear();
    }
    if (readPosition != position()) {
      readPosition = position();
      log.moved();
    }
  }

  /** What may be read of this segment. */
  private int readable(long end) {
    long published = Math.min(end, log.published());
    return (int) Math.min(array.segment.limit, published - base);
  }

  private Chunk stretch(long start, Walk before, ChunkLimit limit, FrameFilter filter) {
    Walk ahead = walk.isPlain() && walk.executed().isEmpty() ? null : walk.copy();
    Stretch stretch = new Stretch(walk, offset, filter);
    int end = readable(limit.end());
    int at = offset;
    while (at < end) {
      frame.wrap(array.bytes, at);
      if (stretch.endsBefore(frame.kind(), limit)) {
        break;
      }
      stretch.add(frame, at, ahead == null || ahead.pass(frame));
      at += frame.length();
    }
    offset = at;
    if (stretch.entries() == 0) {
      passHidden(stretch, at);
      return null;
    }
    if (ahead == null) {
      ahead = walk.copy();
      ahead.jump(
          stretch.hasBegin() ? frameAt(stretch.beginAt()) : null,
          stretch.inTransaction(),
          stretch.begun());
    }
    ahead.begun(stretch.begun());
    ahead.forgetMarked(); // it belongs to the mark of this chunk
    array.pin();
    Chunk chunk = new Chunk(log, array, stretch, at, start, before, walk, ahead, filter);
    walk = ahead.copy();
    marked = position();
    return chunk;
  }

  /** Marks what an earlier look passed over. */
  private void markHidden() {
    if (position() > marked) {
      marked = position();
      hidden = walk.mark(marked);
    }
  }

  /**
   * What the filter hid in front of the chunk that {@link #poll} or {@link #follow} went over last,
   * and that a call before had passed; its mark goes before the chunk's. Once.
   */
  public Optional<Mark> hidden() {
    Optional<Mark> mark = Optional.ofNullable(hidden);
    hidden = null;
    return mark;
  }

  /**
   * Goes over a chunk that another reader polled with an equal filter, without a look at it, if it
   * would be given the same; else does nothing and gives false.
   */
  public boolean follow(Chunk chunk) {
    if (!chunk.filter().showsExecuted()) {
      walk.forgetExecuted();
    }
    if (detached || !chunk.isFor(log, position(), walk)) {
      return false;
    }
    markHidden();
    walk = chunk.walkBehind();
    base = chunk.end();
    offset = 0;
    marked = base;
    unpin();
    return true;
  }

  private Frame frameAt(int at) {
    frame.wrap(array.bytes, at);
    return frame;
  }

  private void passHidden(Stretch hidden, int to) {
    for (int at = hidden.from(); at < to; at += frame.length()) {
      walk.pass(frameAt(at));
    }
    walk.begun(hidden.begun());
    countRows(hidden.countedFrom(), to);
  }

  /** Rows of the open transaction that no encoder counts. */
  private void countRows(int from, int to) {
    for (int at = from; at < to; at += frame.length()) {
      if (frameAt(at).kind() == FrameKind.ROWS) {
        walk.countRows(frame);
      }
    }
  }

  /** Goes over what the filter hides, up to the first frame that it shows. */
  public void passHidden(FrameFilter filter) {
    boolean shown = false;
    while (!shown && findFrame(Long.MAX_VALUE)) {
      Stretch hidden = new Stretch(walk, offset, filter);
      int end = readable(Long.MAX_VALUE);
      while (offset < end) {
        shown = isShown(frameAt(offset), filter);
        if (shown) {
          break;
        }
        hidden.add(frame, offset, walk.pass(frame));
        offset += frame.length();
      }
      countRows(hidden.countedFrom(), offset);
    }
    unpin();
  }

  private boolean isShown(Frame next, FrameFilter filter) {
    return switch (next.kind()) {
      case ROWS, QUERY -> !walk.skipping() && filter.shows(next);
      case END -> walk.begun();
      case BEGIN, MOVE -> false;
    };
  }

  /**
   * Goes to the next frame for this consumer; false where nothing more is published, or where that
   * is gone: see {@link #isDetached}.
   */
  public boolean next() {
    while (findFrame(Long.MAX_VALUE)) {
      countRows();
      boolean news = walk.pass(frameAt(offset));
      offset += frame.length();
      uncounted = frame.kind() == FrameKind.ROWS;
      if (news) {
        return true;
      }
    }
    unpin();
    return false;
  }

  private void countRows() {
    if (uncounted) {
      uncounted = false;
      walk.countRows(frame);
    }
  }

  /** The frame that the last {@link #next} went to. */
  public Frame frame() {
    return frame;
  }

  /** The transaction of {@link #frame}; its content changes with the next one. */
  public Transaction transaction() {
    return walk.transaction();
  }

  /**
   * The executed set with all transactions up to the last end; empty without GTIDs, and for who
   * polls without showing it.
   */
  public Optional<GtidSet> executed() {
    return walk.executed();
  }

  /** Bytes of the log before the next frame. */
  public long position() {
    return base + offset;
  }

  /** Bytes of the log that are published and not read. */
  public long unreadBytes() {
    return log.published() - position();
  }

  /** Whether there is nothing more to read now. */
  public boolean isAtEnd() {
    return position() >= log.published();
  }

  /**
   * Runs {@code callback} once, as soon as there may be more to read or it is detached; perhaps at
   * once, on this thread, else on the receiver's or another reader's, which must not be kept.
   */
  public void whenReadable(Runnable callback) {
    log.whenReadable(this, callback);
  }

  /**
   * The place reached, for {@link #acknowledge}; who polls marks the chunks, and here what was
   * hidden behind the last one. The frame is no longer to be used.
   */
  public Mark mark() {
    unpin();
    marked = position();
    return walk.mark(marked);
  }

  /** The consumer has everything up to {@code mark}; marks come in their order. */
  public void acknowledge(Mark mark) {
    if (mark.position() < acknowledgedPosition) {
      throw new IllegalArgumentException(
          "mark at " + mark.position() + ", acknowledged is " + acknowledgedPosition);
    }
    for (GtidSet.Interval interval : mark.gtids()) {
      acknowledgedGtids.add(interval.sid(), interval.tag(), interval.first(), interval.last());
    }
    if (mark.file().isPresent()) {
      acknowledgedFile = mark.file().get();
      acknowledgedOffset = mark.offset();
    }
    Optional<Mark.Inside> before = acknowledgedInside;
    acknowledgedInside = mark.inside().map(inside -> inside.since(before));
    acknowledgedOpen = acknowledgedInside.flatMap(Mark.Inside::open).or(mark::ahead);
    acknowledgedSettled = mark.isSettled();
    acknowledgedPosition = mark.position();
  }

  /**
   * Goes back to the last acknowledged place; marks not acknowledged are void. Where the log no
   * longer holds that, the reader is at that place all the same, and detached.
   */
  public void rewind() {
    rewind(List.of());
  }

  /**
   * Goes back to the last of {@code kept}: the first marks that are not acknowledged, in their
   * order. Later marks are void. Without any, goes back to the last acknowledged place.
   */
  public void rewind(Collection<Mark> kept) {
    LogFile file = acknowledgedFile;
    long fileOffset = acknowledgedOffset;
    Optional<Mark.Inside> inside = acknowledgedInside;
    Optional<SourcePosition.OpenTransaction> open = acknowledgedOpen;
    GtidSet executed = acknowledgedGtids == null ? null : acknowledgedGtids.copy();
    boolean settled = acknowledgedSettled;
    long target = acknowledgedPosition;
    for (Mark mark : kept) {
      file = mark.file().orElse(file);
      fileOffset = mark.file().isPresent() ? mark.offset() : fileOffset;
      Optional<Mark.Inside> before = inside;
      inside = mark.inside().map(in -> in.since(before));
      open = inside.flatMap(Mark.Inside::open).or(mark::ahead);
      for (GtidSet.Interval interval : mark.gtids()) {
        executed.add(interval.sid(), interval.tag(), interval.first(), interval.last());
      }
      settled = mark.isSettled();
      target = mark.position();
    }
    uncounted = false;
    base = target;
    offset = 0;
    unpin();
    log.goTo(this, target);
    marked = target;
    hidden = null;
    walk =
        settled
            ? new Walk(log.rowCounter(), null, null, executed)
            : new Walk(log.rowCounter(), new Walk.Resume(file, fileOffset, open), had, executed);
    inside.ifPresent(walk::enter);
  }

  /** The source position of the last acknowledged place, to be stored. */
  public SourcePosition acknowledged() {
    return new SourcePosition(
        Optional.ofNullable(acknowledgedGtids),
        acknowledgedFile.serverUuid(),
        acknowledgedFile.name(),
        acknowledgedOffset,
        acknowledgedOpen);
  }

  /** The log position of the last acknowledged place. Any thread. */
  public long acknowledgedPosition() {
    return acknowledgedPosition;
  }

  /** Up to where it has read, in bytes of the log; at most a segment less. Any thread. */
  long readPosition() {
    return readPosition;
  }

  /** Called under the log's lock. */
  void readPosition(long position) {
    readPosition = position;
  }

  /**
   * Whether the log no longer holds what it is to read next, which it never will again; what it has
   * in hand it may still read. Any thread.
   */
  public boolean isDetached() {
    return detached;
  }

  /** Called under the log's lock; false where it was detached before. */
  boolean detach() {
    boolean before = detached;
    detached = true;
    return !before;
  }

  /** The consumer leaves; it holds nothing up any longer. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      unpin();
      log.closed(this);
    }
  }
}
