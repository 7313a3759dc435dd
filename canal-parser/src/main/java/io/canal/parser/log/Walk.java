package io.canal.parser.log;

import io.canal.protocol.GtidSet;
import io.canal.protocol.SourcePosition;
import java.util.Objects;
import java.util.Optional;

/**
 * What a consumer that stands between two frames knows: the transaction it is in, what it had
 * before and is to pass over, and what came by since the mark before. Owned by one thread.
 */
final class Walk {
  /** Where a consumer goes on: what ends before {@code offset} it had, and {@code rows} of one. */
  record Resume(LogFile file, long offset, Optional<SourcePosition.OpenTransaction> open) {}

  private final RowCounter rowCounter;
  private final boolean byGtid;

  private Transaction transaction = new Transaction();
  private boolean inTransaction;
  private boolean skipping;
  private boolean begun;
  private long rowsToSkip;
  // transactions that the consumer had before, which the log brings again
  private GtidSet stillHad;
  private Resume resume;
  private GtidSet executed;

  // since the mark before
  private LogFile file;
  private long fileOffset;
  private final EndedGtids ended = new EndedGtids();
  private boolean entered;
  private long rows;

  /**
   * @param had GTIDs that the log brings again; {@code null} for none
   * @param executed {@code null} without GTIDs
   */
  Walk(RowCounter rowCounter, Resume resume, GtidSet had, GtidSet executed) {
    this.rowCounter = rowCounter;
    this.byGtid = executed != null;
    this.resume = resume;
    this.stillHad = had == null ? null : had.copy();
    this.executed = executed;
  }

  private Walk(Walk from) {
    rowCounter = from.rowCounter;
    byGtid = from.byGtid;
    if (from.inTransaction) {
      transaction = from.transaction.copy();
    }
    inTransaction = from.inTransaction;
    skipping = from.skipping;
    begun = from.begun;
    rowsToSkip = from.rowsToSkip;
    stillHad = from.stillHad == null ? null : from.stillHad.copy();
    resume = from.resume;
    executed = from.executed == null ? null : from.executed.copy();
  }

  /** Another one that goes on from here, and to whose first mark nothing belongs yet. */
  Walk copy() {
    return new Walk(this);
  }

  private void forgetMarked() {
    file = null;
    ended.clear();
    entered = false;
    rows = 0;
  }

  /** Begins inside a transaction. */
  void enter(Mark.Inside inside) {
    inTransaction = true;
    transaction = inside.transaction().copy();
    skipping = inside.skipped();
    begun = inside.begun();
    rowsToSkip = inside.rowsToSkip();
  }

  /** Whether each frame from here on is news. */
  boolean isPlain() {
    return isSettled() && !skipping && rowsToSkip == 0;
  }

  /**
   * Whether this consumer is given the same from here on as one that stands there as {@code other}.
   */
  boolean isLike(Walk other) {
    return isPlain()
        && other.isPlain()
        && begun == other.begun
        && Objects.equals(executed, other.executed);
  }

  /** Whether nothing that the consumer had before lies ahead, but for the open transaction. */
  boolean isSettled() {
    return resume == null && stillHad == null;
  }

  /**
   * Takes a frame into account, but for its rows; whether it is news to the consumer. A frame that
   * is so in part knows it.
   */
  boolean pass(Frame frame) {
    switch (frame.kind()) {
      case BEGIN -> {
        transaction.decode(frame);
        inTransaction = true;
        begun = false;
        rowsToSkip = 0;
        entered = true;
        rows = 0;
        skipping = hadBefore(transaction);
        resume = skipping ? resume : null;
        return !skipping;
      }
      case ROWS -> {
        rows += frame.skippedRows();
        return !skipping && (rowsToSkip == 0 || passResumed(frame));
      }
      case QUERY -> {
        rows += frame.skippedRows();
        rowsToSkip = Math.max(0, rowsToSkip - frame.skippedRows());
        return !skipping && rowsToSkip == 0;
      }
      case END -> {
        boolean news = !skipping;
        end(frame);
        return news;
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

  private void end(Frame frame) {
    if (!skipping) {
      file = frame.file();
      fileOffset = frame.eventEnd();
      resume = null;
      if (byGtid && transaction.hasGtid()) {
        long number = transaction.number();
        ended.add(transaction.sid(), transaction.tag(), number);
        if (executed != null) {
          executed.add(transaction.sid(), transaction.tag(), number, number);
        }
      }
    }
    inTransaction = false;
    skipping = false;
    rowsToSkip = 0;
  }

  private boolean hadBefore(Transaction other) {
    if (resume != null
        && resume.open().isPresent()
        && resume.open().get().id().equals(other.id())) {
      rowsToSkip = resume.open().get().rows();
      return false;
    }
    if (other.hasGtid() && byGtid) {
      if (stillHad == null || !stillHad.contains(other.sid(), other.tag(), other.number())) {
        return false;
      }
      GtidSet met = new GtidSet();
      other.gtid().ifPresent(met::add);
      stillHad.removeAll(met);
      stillHad = stillHad.isEmpty() ? null : stillHad;
      return true;
    }
    return isBeforeResume(other.file(), other.offset());
  }

  private boolean isBeforeResume(LogFile of, long at) {
    return resume != null && of.precedes(at, resume.file(), resume.offset());
  }

  /** A rows event of a transaction of which the consumer had some rows. */
  private boolean passResumed(Frame frame) {
    rowsToSkip = Math.max(0, rowsToSkip - frame.skippedRows());
    int count = rowCounter.count(frame);
    if (count <= rowsToSkip) {
      rowsToSkip -= count;
      return false;
    }
    frame.rowsToSkip((int) rowsToSkip);
    rowsToSkip = 0;
    return true;
  }

  /**
   * Goes behind frames that it need not see one by one, as it {@link #isPlain} and nobody asks for
   * the executed set.
   *
   * @param begin the BEGIN of the last transaction among them; {@code null} for none
   */
  void jump(Frame begin, boolean endsInside, boolean hasBegun) {
    if (begin != null) {
      transaction.decode(begin);
    }
    inTransaction = endsInside;
    begun = hasBegun;
  }

  /** Rows of a ROWS frame that it passed, before any filter. */
  void addRows(int count) {
    rows += skipping ? 0 : count;
  }

  /** As {@link #addRows}, where nobody else walks the frame's rows. */
  void countRows(Frame frame) {
    if (!skipping) {
      rows += rowCounter.count(frame);
    }
  }

  void begun(boolean hasBegun) {
    begun = hasBegun;
  }

  /** Whether the consumer has been shown the BEGIN of the transaction. */
  boolean begun() {
    return begun;
  }

  boolean inTransaction() {
    return inTransaction;
  }

  boolean skipping() {
    return skipping;
  }

  Transaction transaction() {
    return transaction;
  }

  Optional<GtidSet> executed() {
    return Optional.ofNullable(executed);
  }

  /** The executed set is not asked for, and costs something at each transaction. */
  void forgetExecuted() {
    executed = null;
  }

  /** The place reached; what comes by from here on belongs to the next mark. */
  Mark mark(long position) {
    Optional<Mark.Inside> inside =
        inTransaction
            ? Optional.of(
                new Mark.Inside(transaction.copy(), entered, rows, rowsToSkip, skipping, begun))
            : Optional.empty();
    // while it passes over what it had, the transaction it had in part still lies ahead
    Optional<SourcePosition.OpenTransaction> ahead =
        resume == null ? Optional.empty() : resume.open();
    Mark mark =
        new Mark(
            position,
            Optional.ofNullable(file),
            fileOffset,
            ended.intervals(),
            inside,
            ahead,
            isSettled());
    forgetMarked();
    return mark;
  }
}
