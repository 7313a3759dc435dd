package io.canal.parser.log;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * A view of one frame in the log's memory, moved from frame to frame by the reader that owns it,
 * and valid until that reader moves on. The bytes are shared and never written.
 *
 * <p>A frame is a fixed header and a body: for ROWS, QUERY and END the raw event (19-byte event
 * header and body, no checksum), for BEGIN a {@link Transaction}.
 */
public final class Frame {
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  static final int HEADER_LENGTH = 32;
  private static final int KIND = 4;
  private static final int STATEMENT = 5;
  private static final int FILE = 8;
  private static final int TABLE = 12;
  private static final int EVENT_OFFSET = 16;
  private static final int SKIPPED_ROWS = 24;
  private static final int BODY_LENGTH = 28;

  // Fields of a raw event's header.
  private static final int EVENT_SERVER_ID = 5;
  private static final int EVENT_SIZE = 9;

  private final LogFiles files;
  private byte[] array;
  private int offset;
  private int rowsToSkip;

  Frame(LogFiles files) {
    this.files = files;
  }

  /** Bytes of a frame with that body, in whole words. */
  static int lengthOf(int bodyLength) {
    return (HEADER_LENGTH + bodyLength + 7) & ~7;
  }

  static void encodeHeader(
      byte[] array,
      int at,
      FrameKind kind,
      boolean statement,
      int file,
      int table,
      long eventOffset,
      int skippedRows,
      int bodyLength) {
    INT.set(array, at, lengthOf(bodyLength));
    array[at + KIND] = kind.code;
    array[at + STATEMENT] = (byte) (statement ? 1 : 0);
    INT.set(array, at + FILE, file);
    INT.set(array, at + TABLE, table);
    LONG.set(array, at + EVENT_OFFSET, eventOffset);
    INT.set(array, at + SKIPPED_ROWS, skippedRows);
    INT.set(array, at + BODY_LENGTH, bodyLength);
  }

  void wrap(byte[] newArray, int newOffset) {
    array = newArray;
    offset = newOffset;
    rowsToSkip = 0;
  }

  /** It shows nothing, and keeps nothing. */
  void clear() {
    array = null;
  }

  void rowsToSkip(int rows) {
    rowsToSkip = rows;
  }

  int length() {
    return (int) INT.get(array, offset);
  }

  public FrameKind kind() {
    return FrameKind.of(array[offset + KIND]);
  }

  /**
   * Whether its transaction is one statement: BEGIN and END frames are then not shown to anyone.
   */
  public boolean isStatement() {
    return array[offset + STATEMENT] != 0;
  }

  public LogFile file() {
    return files.get((int) INT.get(array, offset + FILE));
  }

  /** Id of the table's version, for ROWS. */
  public int tableVersion() {
    return (int) INT.get(array, offset + TABLE);
  }

  /** Where the event starts in its file, in bytes. */
  public long eventOffset() {
    return (long) LONG.get(array, offset + EVENT_OFFSET);
  }

  /** Where the event ends in its file, in bytes. */
  public long eventEnd() {
    return bodyLength() == 0 ? eventOffset() : eventOffset() + eventLength();
  }

  /** Rows of the transaction that the destination's filter dropped since the frame before. */
  int skippedRows() {
    return (int) INT.get(array, offset + SKIPPED_ROWS);
  }

  /** Rows at the start of this event that its reader has had before; 0 but for a resumed one. */
  public int rowsToSkip() {
    return rowsToSkip;
  }

  public byte[] array() {
    return array;
  }

  /** Where the raw event begins in {@link #array}. */
  public int bodyOffset() {
    return offset + HEADER_LENGTH;
  }

  /** Bytes of the raw event, without checksum; 0 where there is none. */
  public int bodyLength() {
    return (int) INT.get(array, offset + BODY_LENGTH);
  }

  /** Seconds since the epoch, as the event's or the BEGIN's header has it. */
  public long timestampSeconds() {
    return bodyLength() == 0 ? 0 : Integer.toUnsignedLong((int) INT.get(array, bodyOffset()));
  }

  /** Bytes of the raw event at {@code bodyOffset} in the binary log. */
  static long eventLength(byte[] array, int bodyOffset) {
    return Integer.toUnsignedLong((int) INT.get(array, bodyOffset + EVENT_SIZE));
  }

  /** The event's server_id; for ROWS, QUERY and an END with a body. */
  public long serverId() {
    return Integer.toUnsignedLong((int) INT.get(array, bodyOffset() + EVENT_SERVER_ID));
  }

  /** Bytes of the event in the binary log, header and checksum included; as serverId. */
  public long eventLength() {
    return eventLength(array, bodyOffset());
  }
}
