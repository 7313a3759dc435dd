package io.canal.parser.log;

import java.util.Optional;
import java.util.UUID;

/**
 * Appends frames to the log of one destination. Owned by the receiver thread; readers see a
 * transaction when its end is in the log, and one above a quarter of the budget while it grows.
 *
 * <p>A frame is written in two steps, so that an event goes from the socket straight to its place:
 * {@link #claim} makes room, the caller fills {@link #array} from {@link #bodyOffset}, and one of
 * {@code rows}, {@code query} and {@code end} makes it a frame. What is claimed and not made a
 * frame is simply claimed again.
 */
public final class ChangeLogWriter {
  private final ChangeLog log;
  private final long openBytes;

  // owned by the receiver thread
  private Segment active;
  private byte[] array;
  private Segment beginSegment;
  private int beginOffset;
  private boolean inTransaction;
  private boolean publishedOpen;
  private int skippedRows;

  // the open transaction, once it reaches beyond its first segment
  private Optional<Transaction> inside = Optional.empty();
  private UUID sid;
  private String tag;
  private long number;

  // the last end of a transaction
  private LogFile endFile;
  private long endOffset;

  ChangeLogWriter(ChangeLog log, Segment first, long openBytes) {
    this.log = log;
    this.active = first;
    this.array = first.array().bytes;
    this.openBytes = openBytes;
    this.endFile = first.file;
    this.endOffset = first.offset;
  }

  /** Names a file that later frames belong to; gives the number to name it by. */
  public int addFile(LogFile file) {
    return log.files().add(file);
  }

  /**
   * Makes room for a body of up to {@code bodyLength} bytes. Waits while the log is full: memory is
   * used, and nobody has read its oldest segment.
   */
  public void claim(int bodyLength) throws InterruptedException {
    int length = Frame.lengthOf(bodyLength);
    if (length <= array.length - active.limit) {
      return;
    }
    if (publishedOpen || (inTransaction && active.end() + length - log.published() > openBytes)) {
      publishedOpen = true;
      log.publish(active.end());
    }
    if (inTransaction && inside.isEmpty()) {
      inside = Optional.of(beginning());
    }
    Segment next = new Segment(active.end(), endFile, endOffset, inside);
    log.extend(active, next, length);
    active = next;
    array = next.array().bytes;
  }

  private Transaction beginning() {
    Frame frame = new Frame(log.files());
    frame.wrap(array, beginOffset);
    Transaction transaction = new Transaction();
    transaction.decode(frame);
    return transaction;
  }

  /** Whether a body of that length fits behind the last frame, in the array it is in. */
  public boolean hasRoom(int bodyLength) {
    return Frame.lengthOf(bodyLength) <= array.length - active.limit;
  }

  /** Where the claimed bytes are. */
  public byte[] array() {
    return array;
  }

  /** Where the body of the claimed frame begins in {@link #array}. */
  public int bodyOffset() {
    return active.limit + Frame.HEADER_LENGTH;
  }

  public void begin(Transaction transaction, int file) throws InterruptedException {
    claim(Transaction.MAX_BODY_LENGTH);
    beginSegment = active;
    beginOffset = active.limit;
    inTransaction = true;
    skippedRows = 0;
    inside = Optional.empty();
    sid = transaction.sid();
    tag = transaction.tag();
    number = transaction.number();
    int bodyLength = transaction.encode(array, bodyOffset());
    boolean statement = transaction.isStatement();
    append(FrameKind.BEGIN, statement, file, 0, transaction.offset(), bodyLength);
  }

  /** The claimed bytes are a rows event of that version of a table. */
  public void rows(int file, int tableVersion, long eventOffset, int bodyLength) {
    append(FrameKind.ROWS, false, file, tableVersion, eventOffset, bodyLength);
  }

  /** Rows of the open transaction that the destination's filter drops here. */
  public void skipRows(int rows) {
    skippedRows += rows;
  }

  /** Rows told by {@link #skipRows} since the last frame were told before. */
  public void forgetSkippedRows() {
    skippedRows = 0;
  }

  /** The claimed bytes are a QUERY event. */
  public void query(int file, long eventOffset, int bodyLength) {
    append(FrameKind.QUERY, false, file, 0, eventOffset, bodyLength);
  }

  /**
   * Ends the transaction and publishes it. The claimed bytes are its XID or COMMIT event; for a
   * statement {@code bodyLength} is 0 and {@code eventOffset} where the statement ends.
   */
  public void end(boolean statement, int file, long eventOffset, int bodyLength) {
    if (number == 0) {
      active.endsWithoutGtid = true;
    } else {
      active.ended.add(sid, tag, number);
    }
    endFile = log.files().get(file);
    endOffset =
        bodyLength == 0 ? eventOffset : eventOffset + Frame.eventLength(array, bodyOffset());
    append(FrameKind.END, statement, file, 0, eventOffset, bodyLength);
    inTransaction = false;
    inside = Optional.empty();
    publishedOpen = false;
    log.publish(active.end());
  }

  /** The source went on to {@code offset} in another file, between two transactions. */
  public void move(int file, long offset) throws InterruptedException {
    claim(0);
    endFile = log.files().get(file);
    endOffset = offset;
    append(FrameKind.MOVE, false, file, 0, offset, 0);
    log.publish(active.end());
  }

  /**
   * Tells readers that wait of what was published. Called before the receiver waits for its source,
   * and not for each of many transactions that it has in memory: to wake a reader costs as much as
   * a small transaction.
   */
  public void tellReaders() {
    log.tell();
  }

  /** Takes the open transaction back to its BEGIN; no reader has seen it. */
  public void rollback() {
    if (publishedOpen) {
      throw new IllegalStateException("the open transaction is published");
    }
    if (inTransaction) {
      active = beginSegment;
      array = active.array().bytes;
      active.limit = beginOffset;
      log.truncate(active);
      inTransaction = false;
      inside = Optional.empty();
    }
  }

  public boolean inTransaction() {
    return inTransaction;
  }

  /** Shows readers all that is in the log of an open transaction that they have begun to read. */
  public void publishOpen() {
    log.publish(active.end());
    skippedRows = 0;
  }

  /** Whether readers have seen rows of the open transaction. */
  public boolean isPublishedOpen() {
    return publishedOpen;
  }

  private void append(
      FrameKind kind, boolean statement, int file, int table, long eventOffset, int bodyLength) {
    Frame.encodeHeader(
        array, active.limit, kind, statement, file, table, eventOffset, skippedRows, bodyLength);
    skippedRows = 0;
    active.limit += Frame.lengthOf(bodyLength);
  }
}
