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
   * @param rows rows of it up to here, before any filter
   * @param rowsToSkip rows that follow here and that the consumer had before
   * @param skipped whether the reader had all of it before, and passes over it
   */
  record Inside(Transaction transaction, long rows, long rowsToSkip, boolean skipped) {}

  private final long position;
  private final LogFile file;
  private final long offset;
  private final List<GtidSet.Interval> gtids;
  private final Optional<Inside> inside;
  private final Optional<SourcePosition.OpenTransaction> open;

  Mark(
      long position,
      LogFile file,
      long offset,
      List<GtidSet.Interval> gtids,
      Optional<Inside> inside,
      Optional<SourcePosition.OpenTransaction> open) {
    this.position = position;
    this.file = file;
    this.offset = offset;
    this.gtids = List.copyOf(gtids);
    this.inside = inside;
    this.open = open;
  }

  /** The log position, in bytes since this process began the log. */
  public long position() {
    return position;
  }

  /** File of the last end of a transaction. */
  public LogFile file() {
    return file;
  }

  /** Offset of the last end of a transaction. */
  public long offset() {
    return offset;
  }

  /** Transactions that ended since the mark before. */
  public List<GtidSet.Interval> gtids() {
    return gtids;
  }

  /** Whether the place is inside of a transaction. */
  public boolean isInside() {
    return inside.isPresent();
  }

  Optional<Inside> inside() {
    return inside;
  }

  /** The transaction that a consumer which has everything up to here has in part. */
  public Optional<SourcePosition.OpenTransaction> open() {
    return open;
  }

  /** The same place, after a mark that another reader made before it. */
  public Mark following(Mark earlier) {
    List<GtidSet.Interval> all = new ArrayList<>(earlier.gtids);
    all.addAll(gtids);
    return new Mark(position, file, offset, all, inside, open);
  }
}
