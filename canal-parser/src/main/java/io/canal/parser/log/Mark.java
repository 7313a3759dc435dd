package io.canal.parser.log;

import io.canal.protocol.GtidSet;
import io.canal.protocol.SourcePosition;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A place that a reader has reached, to be acknowledged later, in the order of the marks. It holds
 * what changed since the mark before it, so that it costs the same however many GTIDs a source has.
 */
public final class Mark {
  /**
   * A transaction that the place is inside of.
   *
   * @param entered whether it began since the mark before
   * @param rows rows of it since then, before any filter
   * @param rowsToSkip rows that follow here and that the consumer had before
   * @param skipped whether the reader had all of it before, and passes over it
   * @param begun whether the consumer was shown its BEGIN
   */
  record Inside(
      Transaction transaction,
      boolean entered,
      long rows,
      long rowsToSkip,
      boolean skipped,
      boolean begun) {

    /** The same, counted since the mark before {@code before}. */
    Inside since(Optional<Inside> before) {
      if (entered || before.isEmpty()) {
        return this;
      }
      return new Inside(
          transaction,
          before.get().entered(),
          before.get().rows() + rows,
          rowsToSkip,
          skipped,
          begun);
    }

    /** What the consumer has of it, where all its rows are counted. */
    Optional<SourcePosition.OpenTransaction> open() {
      long done = rows + rowsToSkip;
      return skipped || done == 0
          ? Optional.empty()
          : Optional.of(new SourcePosition.OpenTransaction(transaction.id(), done));
    }
  }

  private final long position;
  private final Optional<LogFile> file;
  private final long offset;
  private final List<GtidSet.Interval> gtids;
  private final Optional<Inside> inside;
  private final Optional<SourcePosition.OpenTransaction> ahead;
  private final boolean settled;

  Mark(
      long position,
      Optional<LogFile> file,
      long offset,
      List<GtidSet.Interval> gtids,
      Optional<Inside> inside,
      Optional<SourcePosition.OpenTransaction> ahead,
      boolean settled) {
    this.position = position;
    this.file = file;
    this.offset = offset;
    this.gtids = gtids;
    this.inside = inside;
    this.ahead = ahead;
    this.settled = settled;
  }

  /** This mark and the one that follows it as one. */
  public Mark and(Mark next) {
    List<GtidSet.Interval> all = gtids;
    if (gtids.isEmpty()) {
      all = next.gtids;
    } else if (!next.gtids.isEmpty()) {
      all = joined(gtids, next.gtids);
    }
    boolean later = next.file.isPresent();
    return new Mark(
        next.position,
        later ? next.file : file,
        later ? next.offset : offset,
        all,
        next.inside.map(in -> in.since(inside)),
        next.ahead,
        next.settled);
  }

  private static List<GtidSet.Interval> joined(
      List<GtidSet.Interval> left, List<GtidSet.Interval> right) {
    List<GtidSet.Interval> all = new ArrayList<>(left.size() + right.size());
    all.addAll(left);
    GtidSet.Interval last = left.get(left.size() - 1);
    GtidSet.Interval next = right.get(0);
    if (last.last() + 1 == next.first()
        && last.sid().equals(next.sid())
        && last.tag().equals(next.tag())) {
      all.set(
          all.size() - 1, new GtidSet.Interval(last.sid(), last.tag(), last.first(), next.last()));
      all.addAll(right.subList(1, right.size()));
    } else {
      all.addAll(right);
    }
    return all;
  }

  /** The log position, in bytes since this process began the log. */
  public long position() {
    return position;
  }

  /** File of the last end of a transaction since the mark before, if there was one. */
  Optional<LogFile> file() {
    return file;
  }

  /** Offset of that end. */
  long offset() {
    return offset;
  }

  /** Transactions that ended since the mark before. */
  List<GtidSet.Interval> gtids() {
    return gtids;
  }

  Optional<Inside> inside() {
    return inside;
  }

  /** A transaction that the consumer has in part and that lies ahead. */
  Optional<SourcePosition.OpenTransaction> ahead() {
    return ahead;
  }

  /** Whether nothing else that the consumer had before lies ahead. */
  boolean isSettled() {
    return settled;
  }
}
