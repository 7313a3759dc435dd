package io.canal.parser.log;

import static java.util.Objects.requireNonNull;

import io.canal.protocol.GtidSet;
import java.util.Optional;

/**
 * A stretch of the log that a reader went over, with what it takes to encode it: any one thread may
 * do that, also while others encode the chunks before and behind it. It pins its memory until
 * {@link #close}.
 *
 * <p>It gives what its filter shows. A transaction's BEGIN comes in front of the first frame that
 * is shown of it, and its END only where the BEGIN was given.
 *
 * <pre>{@code
 * while (chunk.next()) {
 *   int rows = encoder.encode(chunk.kind(), chunk.frame(), chunk.transaction(), out);
 *   chunk.counted(rows);
 * }
 * chunk.close();
 * Mark end = chunk.mark();
 * }</pre>
 */
public final class Chunk implements AutoCloseable {
  private final ChangeLog log;
  private final SegmentArray array;
  private final long base;
  private final int from;
  private final int to;
  private final FrameFilter filter;
  private final long start;
  private final Walk before;
  private final Walk behind;
  private final int countedFrom;
  private final int entries;
  private final long eventBytes;
  private final int entriesBeforeLast;
  private final long eventBytesBeforeLast;

  // owned by the thread that encodes
  private final Walk walk;
  private final Frame frame;
  private int at;
  private int frameAt;
  private FrameKind kind;
  private boolean frameWaits;
  private boolean closed;

  /**
   * @param array pinned for this chunk
   * @param to its end in it
   * @param start where the reader stood, in front of what is hidden
   * @param before the reader's walk there
   * @param walk the same at the first frame, which the chunk takes over
   * @param behind the same at its end
   */
  Chunk(
      ChangeLog log,
      SegmentArray array,
      Stretch stretch,
      int to,
      long start,
      Walk before,
      Walk walk,
      Walk behind,
      FrameFilter filter) {
    this.log = requireNonNull(log, "log is null");
    this.array = requireNonNull(array, "array is null");
    this.base = array.segment.base;
    this.from = stretch.from();
    this.to = to;
    this.entries = stretch.entries();
    this.eventBytes = stretch.eventBytes();
    this.entriesBeforeLast = stretch.entriesBefore();
    this.eventBytesBeforeLast = stretch.eventBytesBefore();
    this.countedFrom = stretch.countedFrom();
    this.before = requireNonNull(before, "before is null");
    this.behind = requireNonNull(behind, "behind is null");
    this.walk = requireNonNull(walk, "walk is null");
    this.start = start;
    this.filter = requireNonNull(filter, "filter is null");
    this.frame = new Frame(log.files());
    this.at = from;
    this.frameAt = from;
  }

  /** The log position from where its reader came to it; what lies between is hidden. */
  public long start() {
    return start;
  }

  /** The log position behind its last frame. */
  public long end() {
    return base + to;
  }

  /** Entries that it gives. */
  public int entries() {
    return entries;
  }

  /** Bytes of the events that it gives, in the binary log. */
  public long eventBytes() {
    return eventBytes;
  }

  /** Bytes of the log that it spans. */
  public int logBytes() {
    return to - from;
  }

  /** Whether it ends no later than the limit says, however many bytes of the log it has. */
  public boolean fits(ChunkLimit limit) {
    return end() <= limit.end()
        && entriesBeforeLast < limit.entries()
        && eventBytesBeforeLast < limit.eventBytes();
  }

  /** Whether another reader, with the same filter and walk, would be given the same. */
  boolean isFor(ChangeLog of, long position, Walk other) {
    return of == log && position == start() && before.isLike(other);
  }

  /** For a reader that goes on behind it. */
  Walk walkBehind() {
    return behind.copy();
  }

  FrameFilter filter() {
    return filter;
  }

  /** Goes to the next entry; false at the end. */
  public boolean next() {
    if (frameWaits) {
      frameWaits = false;
      kind = frame.kind();
      return true;
    }
    while (at < to) {
      frameAt = at;
      frame.wrap(array.bytes, at);
      boolean news = walk.pass(frame);
      at += frame.length();
      if (shows(news)) {
        return true;
      }
    }
    return false;
  }

  private boolean shows(boolean news) {
    switch (frame.kind()) {
      case ROWS, QUERY -> {
        if (news && filter.shows(frame)) {
          frameWaits = !walk.begun() && !walk.transaction().isStatement();
          walk.begun(walk.begun() || frameWaits);
          kind = frameWaits ? FrameKind.BEGIN : frame.kind();
          return true;
        }
        if (frameAt >= countedFrom && frame.kind() == FrameKind.ROWS) {
          walk.countRows(frame);
        }
        return false;
      }
      case END -> {
        boolean shown = walk.begun();
        walk.begun(false);
        kind = FrameKind.END;
        return shown;
      }
      case BEGIN, MOVE -> {
        return false;
      }
    }
    throw new AssertionError(frame.kind());
  }

  /** What to encode: BEGIN is of the {@link #transaction} alone, the others are a frame. */
  public FrameKind kind() {
    return kind;
  }

  public Frame frame() {
    return frame;
  }

  /** The one that the entry belongs to; its content changes with the next one. */
  public Transaction transaction() {
    return walk.transaction();
  }

  /**
   * The GTIDs executed before the entry, at an END its own included; where the filter {@link
   * FrameFilter#showsExecuted}.
   */
  public Optional<GtidSet> executed() {
    return walk.executed();
  }

  /** How many rows the encoder found in the frame, without those it skipped. */
  public void counted(int rows) {
    if (kind == FrameKind.ROWS) {
      walk.addRows(rows + frame.rowsToSkip());
    }
  }

  /** The log position of the frame that {@link #next} went to last, or failed at. */
  public long position() {
    return base + frameAt;
  }

  /** Its end, for {@link ChangeReader#acknowledge}; once, after all entries are given. */
  public Mark mark() {
    if (at < to || frameWaits) {
      throw new IllegalStateException("a mark at " + (base + at) + " of " + end());
    }
    return walk.mark(end());
  }

  /** Lets go of its memory; any thread that owns it. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      log.release(array);
    }
  }
}
