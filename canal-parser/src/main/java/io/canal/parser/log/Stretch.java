package io.canal.parser.log;

/** Measures what a filter shows of frames that follow each other, by a look at their headers. */
final class Stretch {
  private static final int NONE = -1;

  private final FrameFilter filter;
  private final int from;

  private int entries;
  private long eventBytes;
  private long shownBytes;

  // without the frame that was shown last
  private int entriesBefore;
  private long eventBytesBefore;

  // the transaction at the end
  private int beginAt = NONE;
  private boolean inTransaction;
  private boolean begun;
  private boolean statement;
  private long beginLength;

  Stretch(Walk start, int from, FrameFilter filter) {
    this.filter = filter;
    this.from = from;
    inTransaction = start.inTransaction();
    begun = start.begun();
    statement = start.transaction().isStatement();
    beginLength = start.transaction().eventLength();
  }

  /** Whether it is long enough. An END comes along, so that chunks end between transactions. */
  boolean endsBefore(FrameKind next, ChunkLimit limit) {
    return entries > 0
        && (entries >= limit.entries()
            || eventBytes >= limit.eventBytes()
            || (shownBytes >= limit.logBytes() && next != FrameKind.END));
  }

  /**
   * Adds a frame.
   *
   * @param news whether the consumer did not have it before
   */
  void add(Frame frame, int at, boolean news) {
    FrameKind kind = frame.kind();
    switch (kind) {
      case BEGIN -> {
        beginAt = at;
        inTransaction = true;
        begun = false;
        statement = frame.isStatement();
        beginLength = Transaction.eventLength(frame);
      }
      case ROWS, QUERY -> {
        if (news && filter.shows(frame)) {
          entriesBefore = entries;
          eventBytesBefore = eventBytes;
          if (!begun && !statement) {
            begun = true;
            show(beginLength);
          }
          show(frame.eventLength());
          shownBytes += frame.length();
        }
      }
      case END -> {
        if (begun) {
          entriesBefore = entries;
          eventBytesBefore = eventBytes;
          show(frame.eventLength());
        }
        inTransaction = false;
        begun = false;
      }
      case MOVE -> {}
    }
  }

  private void show(long length) {
    entries++;
    eventBytes += length;
  }

  int from() {
    return from;
  }

  int entries() {
    return entries;
  }

  long eventBytes() {
    return eventBytes;
  }

  int entriesBefore() {
    return entriesBefore;
  }

  long eventBytesBefore() {
    return eventBytesBefore;
  }

  /** Whether it ends inside a transaction. */
  boolean inTransaction() {
    return inTransaction;
  }

  /** Whether the BEGIN of that transaction has been shown. */
  boolean begun() {
    return begun;
  }

  /** Whether that transaction began in it. */
  boolean hasBegin() {
    return inTransaction && beginAt != NONE;
  }

  int beginAt() {
    return beginAt;
  }

  /** From where on rows are counted: those of the transaction that it ends inside of. */
  int countedFrom() {
    if (!inTransaction) {
      return Integer.MAX_VALUE;
    }
    return Math.max(from, beginAt);
  }
}
