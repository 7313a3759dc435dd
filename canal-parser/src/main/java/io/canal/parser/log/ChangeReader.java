package io.canal.parser.log;

import static java.util.Objects.requireNonNull;

import io.canal.protocol.GtidSet;
import io.canal.protocol.SourcePosition;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * One consumer's cursor in the log: it goes from frame to frame, passes over what the consumer had
 * before, and knows the source position of every place it reached. Used by one thread at a time,
 * except for {@link #acknowledgedPosition}.
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

  // owned by the consumer's thread
  private Segment segment;
  private int offset;
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
  private final List<GtidSet.Interval> ended = new ArrayList<>();

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

  // read by the receiver thread
  private volatile long acknowledgedPosition;

  /** Where a consumer goes on: what ends before {@code offset} it had, and {@code rows} of one. */
  private record Resume(LogFile file, long offset, Optional<SourcePosition.OpenTransaction> open) {}

  /** The tail of a new log. */
  ChangeReader(ChangeLog log, String consumer, Segment first, SourcePosition start) {
    this(log, consumer, first, 0, start, null);
  }

  private ChangeReader(
      ChangeLog log,
      String consumer,
      Segment segment,
      int offset,
      SourcePosition from,
      GtidSet had) {
    this.log = log;
    this.consumer = requireNonNull(consumer, "consumer is null");
    this.frame = new Frame(log.files());
    segment.pin();
    this.segment = segment;
    this.offset = offset;
    this.had = had;
    this.stillHad = had == null ? null : had.copy();
    this.file = new LogFile(from.serverUuid(), from.file());
    this.fileOffset = from.offset();
    this.executed = from.gtids().orElse(null);
    this.resume = new Resume(file, fileOffset, from.open());
    this.acknowledgedFile = file;
    this.acknowledgedOffset = fileOffset;
    this.acknowledgedGtids = from.gtids().orElse(null);
    this.acknowledgedOpen = from.open();
    this.acknowledgedPosition = segment.base + offset;
  }

  /**
   * A reader for a consumer that goes on after {@code from}. Called on the tail, under the lock.
   */
  ChangeReader fork(String name, SourcePosition from) {
    GtidSet ahead = null;
    if (executed != null && from.gtids().isPresent()) {
      ahead = from.gtids().get();
      ahead.removeAll(executed);
      ahead = ahead.isEmpty() ? null : ahead;
    }
    ChangeReader fork = new ChangeReader(log, name, segment, offset, from, ahead);
    if (inTransaction) {
      fork.transaction = transaction.copy();
      fork.startInside(fork.hadBefore());
    }
    return fork;
  }

  /** A reader that begins with the next BEGIN. Called on the tail, under the lock. */
  ChangeReader forkAtNextBegin(String name) {
    SourcePosition here = acknowledged();
    Optional<GtidSet> done = here.gtids();
    if (inTransaction && transaction.hasGtid()) {
      done.ifPresent(set -> transaction.gtid().ifPresent(set::add));
    }
    ChangeReader fork =
        new ChangeReader(
            log,
            name,
            segment,
            offset,
            new SourcePosition(
                done, here.serverUuid(), here.file(), here.offset(), Optional.empty()),
            null);
    if (inTransaction) {
      fork.transaction = transaction.copy();
      fork.startInside(true);
    }
    return fork;
  }

  private void startInside(boolean skipped) {
    enter(new Mark.Inside(transaction, 0, 0, skipped));
    acknowledgedInside = Optional.of(new Mark.Inside(transaction.copy(), 0, 0, skipped));
  }

  private void enter(Mark.Inside inside) {
    inTransaction = true;
    transaction = inside.transaction();
    skipping = inside.skipped();
    rows = inside.rows();
    rowsToSkip = inside.rowsToSkip();
    countedTo = offset;
  }

  /** Whether it begins in the middle of a transaction that it does not pass over. */
  boolean startsAmidTransaction() {
    return inTransaction && !skipping;
  }

  public String consumer() {
    return consumer;
  }

  /** Goes to the next frame for this consumer; false where nothing more is published. */
  public boolean next() {
    while (true) {
      if (position() >= log.published()) {
        return false;
      }
      if (offset == segment.limit) {
        nextSegment();
        continue;
      }
      frame.wrap(segment.data, offset);
      offset += frame.length();
      if (pass()) {
        return true;
      }
    }
  }

  private void nextSegment() {
    if (inTransaction) {
      countRows(segment.limit);
      countedTo = 0;
    }
    Segment next = segment.next;
    while (next.limit == 0) {
      next = next.next; // claimed for a frame that did not come, and perhaps dropped since
    }
    if (!next.pin()) {
      throw new IllegalStateException(consumer + " stands before the oldest segment");
    }
    log.release(segment);
    segment = next;
    offset = 0;
  }

  /** Takes the frame into account; whether the consumer is to see it. */
  private boolean pass() {
    switch (frame.kind()) {
      case BEGIN -> {
        transaction.decode(frame);
        enter(new Mark.Inside(transaction, 0, 0, false));
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
        GtidSet.Interval last = ended.isEmpty() ? null : ended.get(ended.size() - 1);
        if (last != null
            && last.last() + 1 == number
            && last.sid().equals(sid)
            && last.tag().equals(transaction.tag())) {
          ended.set(ended.size() - 1, new GtidSet.Interval(sid, last.tag(), last.first(), number));
        } else {
          ended.add(new GtidSet.Interval(sid, transaction.tag(), number, number));
        }
      }
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
    if (resume == null
        || resume.file().name().isEmpty()
        || !resume.file().serverUuid().equals(of.serverUuid())) {
      return false;
    }
    int order = LogFile.compareNames(of.name(), resume.file().name());
    return order < 0 || (order == 0 && at < resume.offset());
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
    FrameKind kind = frame.kind();
    if ((kind != FrameKind.ROWS && kind != FrameKind.QUERY) || countedTo == offset) {
      throw new IllegalStateException("no step back over " + kind + " or a mark");
    }
    offset -= frame.length();
    if (frame.rowsToSkip() > 0) {
      rowsToSkip = (long) frame.rowsToSkip() + frame.skippedRows();
    }
  }

  private void countRows(int end) {
    if (!skipping) {
      Frame counted = new Frame(log.files());
      for (int at = countedTo; at < end; at += counted.length()) {
        counted.wrap(segment.data, at);
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
    return segment.base + offset;
  }

  /** Whether there is nothing more to read now. */
  public boolean isAtEnd() {
    return position() >= log.published();
  }

  /**
   * Runs {@code callback} once, as soon as there may be more to read or the log is full; perhaps at
   * once, on this thread, else on the receiver's, which must not be kept.
   */
  public void whenReadable(Runnable callback) {
    log.whenReadable(position(), callback);
  }

  /** The place reached, for {@link #acknowledge}. */
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
    Mark mark = new Mark(position(), file, fileOffset, ended, inside, open);
    ended.clear();
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
    log.released();
  }

  /** Goes back to the last acknowledged place; marks not acknowledged are void. */
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
    Segment pinned = log.pinAt(target);
    log.release(segment);
    segment = pinned;
    offset = (int) (target - pinned.base);
    file = resume.file();
    fileOffset = resume.offset();
    stillHad = had == null ? null : had.copy();
    ended.clear();
    inTransaction = false;
    skipping = false;
    rowsToSkip = 0;
    inside.ifPresent(
        in ->
            enter(
                new Mark.Inside(
                    in.transaction().copy(), in.rows(), in.rowsToSkip(), in.skipped())));
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

  /** Whether the log is full and waits for this consumer to acknowledge. Any thread. */
  public boolean holdsUpLog() {
    return log.isHeldUpBy(this);
  }

  /** The tail follows the log's oldest segment, and counts no rows. Called under the log's lock. */
  void passTo(Segment oldest) {
    while (segment != oldest) {
      if (offset == segment.limit) {
        segment.next.pin();
        log.release(segment);
        segment = segment.next;
        offset = 0;
      } else {
        frame.wrap(segment.data, offset);
        offset += frame.length();
        pass();
      }
    }
    countedTo = 0;
    rows = 0;
    acknowledge(mark());
  }

  /** The consumer leaves; it holds nothing up any longer. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      log.closed(this);
      log.release(segment);
    }
  }
}
