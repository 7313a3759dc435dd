package io.canal.parser.log;

import io.canal.protocol.GtidSet;
import io.canal.protocol.SourcePosition;

/**
 * What a consumer at some position has had, as far as the summary of a segment tells. Without a
 * GTID on both sides the place in the file decides.
 */
final class Had {
  private final GtidSet gtids;
  private final LogFile file;
  private final long offset;

  Had(SourcePosition position) {
    gtids = position.gtids().orElse(null);
    file = new LogFile(position.serverUuid(), position.file());
    offset = position.offset();
  }

  /**
   * Whether it had all transactions before a place.
   *
   * @param executed their GTIDs; {@code null} where the log began without a set
   * @param placeFile the last end of a transaction before it, with {@code placeOffset}
   */
  boolean everythingBefore(GtidSet executed, LogFile placeFile, long placeOffset) {
    if (executed != null && gtids != null) {
      return gtids.containsAll(executed);
    }
    return reaches(placeFile, placeOffset);
  }

  boolean isBefore(LogFile placeFile, long placeOffset) {
    return file.precedes(offset, placeFile, placeOffset);
  }

  /** Whether it had all transactions that end in a segment. */
  boolean everythingEndingIn(Segment segment, Segment next, boolean byGtid) {
    if (!byGtid || gtids == null) {
      return reaches(next.file, next.offset);
    }
    GtidSet ended = new GtidSet();
    segment.ended.addTo(ended);
    return gtids.containsAll(ended)
        && (!segment.endsWithoutGtid || reaches(next.file, next.offset));
  }

  /** Whether a segment begins at a transaction, or inside of one that it had. */
  boolean canBeginWith(Segment segment, boolean byGtid) {
    return segment.inside.map(transaction -> has(transaction, byGtid)).orElse(true);
  }

  private boolean has(Transaction transaction, boolean byGtid) {
    if (byGtid && gtids != null && transaction.hasGtid()) {
      return gtids.contains(transaction.sid(), transaction.tag(), transaction.number());
    }
    return transaction.file().precedes(transaction.offset(), file, offset);
  }

  private boolean reaches(LogFile placeFile, long placeOffset) {
    return file.isComparableTo(placeFile) && !isBefore(placeFile, placeOffset);
  }
}
