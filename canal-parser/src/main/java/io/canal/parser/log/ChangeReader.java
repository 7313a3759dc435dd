package io.canal.parser.log;

import static java.util.Objects.requireNonNull;

import io.canal.protocol.GtidSet;
import io.canal.protocol.SourcePosition;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

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
  private Transaction transaction = new Transaction();
  private boolean inTransaction;
  private boolean skipping;
  private LogFile file;
  private long fileOffset;
  private GtidSet executed;
  // transactions that the consumer had before, which the log brings again
  private final GtidSet had;
  private GtidSet stillHad;
  private Resume resume;
  private final EndedGtids ended = new EndedGtids();

  // rows of the open transaction: counted up to countedTo in this segment
  private long rows;
  private long rowsToSkip;
  private int countedTo;

  private LogFile acknowledgedFile;
  private long acknowledgedOffset;
  private GtidSet acknowledgedGtids;
  private Optional<Mark.Inside> acknowledgedInside = Optional.empty();
  private Optional<SourcePosition.OpenTransaction> acknowledgedOpen;
  private boolean closed;

  // read by the receiver thread; the place read trails by a segment while a thread reads
  private volatile long acknowledgedPosition;
  private volatile long readPosition;
  // written under the log's lock
  private volatile boolean detached;

  /** Where a consumer goes on: what ends before {@code offset} it had, and {@code rows} of one. */
  private record Resume(LogFile file, long offset, Optional<SourcePosition.OpenTransaction> open) {}

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
    this.executed = from.gtids().orElse(null);
    this.had = ahead(from, segment, passed);
    this.stillHad = had == null ? null : had.copy();
    this.file = new LogFile(from.serverUuid(), from.file());
    this.fileOffset = from.offset();
    this.resume = new Resume(file, fileOffset, from.open());
    this.acknowledgedFile = file;
    this.acknowledgedOffset = fileOffset;
    this.acknowledgedGtids = from.gtids().orElse(null);
    this.acknowledgedOpen = from.open();
    this.acknowledgedPosition = base;
    this.readPosition = base;
    this.acknowledgedInside =
        segment.inside.map(transaction -> new Mark.Inside(transaction, 0, 0, true));
    acknowledgedInside.ifPresent(this::enter);
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

  private void enter(Mark.Inside inside) {
    inTransaction = true;
    transaction = inside.transaction().copy();
    skipping = inside.skipped();
    rows = inside.rows();
    rowsToSkip = inside.rowsToSkip();
    countedTo = offset;
  }

  public String consumer() {
    return consumer;
  }

  /**
   * Goes to the next frame for this consumer; false where nothing more is published, or where that
   * is gone: see {@link #isDetached}.
   */
  public boolean next() {
    while (position() < log.published()) {
      if (array == null && !pin()) {
        break;
      }
      if (offset == array.segment.limit) {
        unpin();
        continue;
      }
      frame.wrap(array.bytes, offset);
      offset += frame.length();
      if (pass()) {
        return true;
      }
    }
    unpin();
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
    countedTo = offset;
    return true;
  }

  private void unpin() {
    if (array != null) {
      if (inTransaction) {
        countRows(offset);
      }
      log.release(array);
      array = null;
      frame.clear();
    }
    if (readPosition != position()) {
      readPosition = position();
      log.moved();
    }
  }

  /** Takes the frame into account; whether the consumer is to see it. */
  private boolean pass() {
    switch (frame.kind()) {
      case BEGIN -> {
        transaction.decode(frame);
        inTransaction = true;
        rows = 0;
        rowsToSkip = 0;
        countedTo = offset;
        skipping = hadBefore();
        return !skipping;
      }
      case ROWS -> {
        return !skipping && (rowsToSkip == 0 || passResumed());
      }
      case QUERY -> {
        rowsToSkip = Math.max(0, rowsToSkip - frame.skippedRows());
        return !skipping && rowsToSkip == 0;
      }
      case END -> {
        boolean shown = !skipping;
        end();
        return shown;
      }
      case MOVE -> {
        if (!isBeforeResume(frame.file(), frame.eventOffset())) {
          file = frame.file();
          fileOffset = frame.eventOffset();
        }
        return false;
      }
    }
    throw new AssertionError(frame.kind());
  }

  private void end() {
    if (!skipping) {
      file = frame.file();
      fileOffset = frame.eventEnd();
      resume = null;
      if (executed != null && transaction.hasGtid()) {
        UUID sid = transaction.sid();
        long number = transaction.number();
        executed.add(sid, transaction.tag(), number, number);
        ended.add(sid, transaction.tag(), number);
      }
    } else if (executed == null && !isBeforeResume(frame.file(), frame.eventEnd())) {
      // a new consumer began inside of it
      file = frame.file();
      fileOffset = frame.eventEnd();
    }
    inTransaction = false;
    skipping = false;
    rowsToSkip = 0;
  }

  private boolean hadBefore() {
    if (resume != null
        && resume.open().isPresent()
        && resume.open().get().id().equals(transaction.id())) {
      rowsToSkip = resume.open().get().rows();
      return false;
    }
    if (transaction.hasGtid() && executed != null) {
      if (stillHad == null
          || !stillHad.contains(transaction.sid(), transaction.tag(), transaction.number())) {
        return false;
      }
      GtidSet met = new GtidSet();
      transaction.gtid().ifPresent(met::add);
      stillHad.removeAll(met);
      stillHad = stillHad.isEmpty() ? null : stillHad;
      return true;
    }
    return isBeforeResume(transaction.file(), transaction.offset());
  }

  private boolean isBeforeResume(LogFile of, long at) {
    return resume != null && of.precedes(at, resume.file(), resume.offset());
  }

  /** A rows event of a transaction of which the consumer had some rows. */
  private boolean passResumed() {
    rowsToSkip = Math.max(0, rowsToSkip - frame.skippedRows());
    int count = log.rowCounter().count(frame);
    if (count <= rowsToSkip) {
      rowsToSkip -= count;
      return false;
    }
    frame.rowsToSkip((int) rowsToSkip);
    rowsToSkip = 0;
    return true;
  }

  /**
   * Takes the last {@link #next} back, which went to a ROWS or QUERY frame: the next one goes to it
   * again.
   */
  public void stepBack() {
    FrameKind kind = array == null ? null : frame.kind();
    if ((kind != FrameKind.ROWS && kind != FrameKind.QUERY) || countedTo == offset) {
      throw new IllegalStateException("no step back over " + kind + " or a mark");
    }
    offset -= frame.length();
    if (frame.rowsToSkip() > 0) {
      rowsToSkip = (long) frame.rowsToSkip() + frame.skippedRows();
    }
  }

  private void countRows(int end) {
    if (!skipping && countedTo < end) {
      Frame counted = new Frame(log.files());
      for (int at = countedTo; at < end; at += counted.length()) {
        counted.wrap(array.bytes, at);
        rows += counted.skippedRows();
        if (counted.kind() == FrameKind.ROWS) {
          rows += log.rowCounter().count(counted);
        }
      }
    }
    countedTo = end;
  }

  /** The frame that the last {@link #next} went to. */
  public Frame frame() {
    return frame;
  }

  /** The transaction of {@link #frame}; its content changes with the next one. */
  public Transaction transaction() {
    return transaction;
  }

  /** The executed set with all transactions up to the last end; empty without GTIDs. */
  public Optional<GtidSet> executed() {
    return Optional.ofNullable(executed);
  }

  /** Bytes of the log before the next frame. */
  public long position() {
    return base + offset;
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

  /** The place reached, for {@link #acknowledge}. The frame is no longer to be used. */
  public Mark mark() {
    Optional<Mark.Inside> inside = Optional.empty();
    Optional<SourcePosition.OpenTransaction> open =
        resume == null ? Optional.empty() : resume.open();
    if (inTransaction) {
      countRows(offset);
      inside = Optional.of(new Mark.Inside(transaction.copy(), rows, rowsToSkip, skipping));
      // while it passes over what it had, the transaction it had in part still lies ahead
      long done = rows + rowsToSkip;
      if (!skipping && done > 0) {
        open = Optional.of(new SourcePosition.OpenTransaction(transaction.id(), done));
      }
    }
    Mark mark = new Mark(position(), file, fileOffset, ended.intervals(), inside, open);
    ended.clear();
    unpin();
    return mark;
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
    acknowledgedFile = mark.file();
    acknowledgedOffset = mark.offset();
    acknowledgedInside = mark.inside();
    acknowledgedOpen = mark.open();
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
    long target = acknowledgedPosition;
    Optional<Mark.Inside> inside = acknowledgedInside;
    resume = new Resume(acknowledgedFile, acknowledgedOffset, acknowledgedOpen);
    executed = acknowledgedGtids == null ? null : acknowledgedGtids.copy();
    for (Mark mark : kept) {
      target = mark.position();
      inside = mark.inside();
      resume = new Resume(mark.file(), mark.offset(), mark.open());
      for (GtidSet.Interval interval : mark.gtids()) {
        executed.add(interval.sid(), interval.tag(), interval.first(), interval.last());
      }
    }
    inTransaction = false;
    base = target;
    offset = 0;
    unpin();
    log.goTo(this, target);
    file = resume.file();
    fileOffset = resume.offset();
    stillHad = had == null ? null : had.copy();
    ended.clear();
    skipping = false;
    rowsToSkip = 0;
    inside.ifPresent(this::enter);
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
