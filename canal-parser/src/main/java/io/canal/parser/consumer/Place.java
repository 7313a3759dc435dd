package io.canal.parser.consumer;

import io.canal.parser.log.LogFile;
import io.canal.parser.log.Mark;
import io.canal.protocol.GtidSet;
import io.canal.protocol.SourcePosition;
import io.canal.protocol.SourcePosition.OpenTransaction;
import java.util.Optional;

/** A source position that moves from mark to mark. For one thread. */
final class Place {
  private LogFile file;
  private long offset;
  private final GtidSet gtids;
  private Optional<OpenTransaction> open;

  private Place(LogFile file, long offset, GtidSet gtids, Optional<OpenTransaction> open) {
    this.file = file;
    this.offset = offset;
    this.gtids = gtids;
    this.open = open;
  }

  static Place of(SourcePosition position) {
    return new Place(
        new LogFile(position.serverUuid(), position.file()),
        position.offset(),
        position.gtids().orElse(null),
        position.open());
  }

  Place copy() {
    return new Place(file, offset, gtids == null ? null : gtids.copy(), open);
  }

  void moveTo(Mark mark) {
    if (gtids != null) {
      for (GtidSet.Interval interval : mark.gtids()) {
        gtids.add(interval.sid(), interval.tag(), interval.first(), interval.last());
      }
    }
    file = mark.file();
    offset = mark.offset();
    open = mark.open();
  }

  Optional<OpenTransaction> open() {
    return open;
  }

  SourcePosition position() {
    return new SourcePosition(
        Optional.ofNullable(gtids), file.serverUuid(), file.name(), offset, open);
  }
}
