package io.canal.parser.log;

import io.canal.protocol.GtidSet;
import io.canal.protocol.SourcePosition;
import io.canal.protocol.SourcePosition.OpenTransaction;
import java.util.Optional;

/** A source position that moves from mark to mark, also over those of several readers. */
public final class Place {
  private LogFile file;
  private long offset;
  private final GtidSet gtids;
  private Optional<Mark.Inside> inside;
  private Optional<OpenTransaction> open;

  private Place(
      LogFile file,
      long offset,
      GtidSet gtids,
      Optional<Mark.Inside> inside,
      Optional<OpenTransaction> open) {
    this.file = file;
    this.offset = offset;
    this.gtids = gtids;
    this.inside = inside;
    this.open = open;
  }

  public static Place of(SourcePosition position) {
    return new Place(
        new LogFile(position.serverUuid(), position.file()),
        position.offset(),
        position.gtids().orElse(null),
        Optional.empty(),
        position.open());
  }

  public Place copy() {
    return new Place(file, offset, gtids == null ? null : gtids.copy(), inside, open);
  }

  /** Goes to the next mark: of the same reader, or the first of one that was opened here. */
  public void moveTo(Mark mark) {
    if (gtids != null) {
      for (GtidSet.Interval interval : mark.gtids()) {
        gtids.add(interval.sid(), interval.tag(), interval.first(), interval.last());
      }
    }
    if (mark.file().isPresent()) {
      file = mark.file().get();
      offset = mark.offset();
    }
    Optional<Mark.Inside> before = inside;
    inside = mark.inside().map(in -> in.since(before));
    open = inside.flatMap(Mark.Inside::open).or(mark::ahead);
  }

  /** Whether the place is inside of a transaction. */
  public boolean isInside() {
    return inside.isPresent();
  }

  /** As a reader finds it that is opened here: before the transaction that it is inside of. */
  public void leaveTransaction() {
    inside = Optional.empty();
  }

  public SourcePosition position() {
    return new SourcePosition(
        Optional.ofNullable(gtids), file.serverUuid(), file.name(), offset, open);
  }
}
