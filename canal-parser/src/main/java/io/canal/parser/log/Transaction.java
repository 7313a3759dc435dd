package io.canal.parser.log;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.canal.protocol.Gtid;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.UUID;

/**
 * What a BEGIN frame says of its transaction. Mutable and reused: a reader fills the one it owns at
 * each BEGIN, and {@link #copy} gives one to keep.
 */
public final class Transaction {
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  // Body of a BEGIN frame; the timestamp stands where a raw event has it.
  private static final int TIMESTAMP = 0;
  private static final int SERVER_ID = 4;
  private static final int EVENT_LENGTH = 8;
  private static final int THREAD_ID = 12;
  private static final int LAST_COMMITTED = 16;
  private static final int SEQUENCE_NUMBER = 24;
  private static final int SID_HIGH = 32;
  private static final int SID_LOW = 40;
  private static final int NUMBER = 48;
  private static final int TAG_LENGTH = 56;
  private static final int TAG = 57;

  /** The most bytes that the body of a BEGIN frame takes. */
  static final int MAX_BODY_LENGTH = TAG + 32;

  private LogFile file;
  private long offset;
  private long timestampSeconds;
  private long serverId;
  private long eventLength;
  private long threadId;
  private long lastCommitted;
  private long sequenceNumber;
  private UUID sid;
  private String tag = "";
  private long number;
  private boolean statement;

  /**
   * Describes a transaction for {@link ChangeLogWriter#begin}.
   *
   * @param file where it begins, with the {@code offset} of its BEGIN
   * @param eventLength bytes of the BEGIN event
   * @param statement whether it is one statement that is its own transaction, such as DDL
   */
  public void set(
      LogFile file,
      long offset,
      long timestampSeconds,
      long serverId,
      long eventLength,
      long threadId,
      boolean statement) {
    this.file = file;
    this.offset = offset;
    this.timestampSeconds = timestampSeconds;
    this.serverId = serverId;
    this.eventLength = eventLength;
    this.threadId = threadId;
    this.statement = statement;
  }

  /** Names its GTID and its place in the source's commit order; {@code null} where it has none. */
  public void gtid(Gtid gtid, long lastCommitted, long sequenceNumber) {
    if (gtid == null) {
      gtid(null, "", 0, lastCommitted, sequenceNumber);
    } else {
      gtid(gtid.sid(), gtid.tag(), gtid.number(), lastCommitted, sequenceNumber);
    }
  }

  /** The same from the GTID's parts, the number 0 where there is none. */
  public void gtid(
      UUID gtidSid, String gtidTag, long gtidNumber, long lastCommitted, long sequenceNumber) {
    this.sid = gtidNumber == 0 ? null : gtidSid;
    this.tag = gtidNumber == 0 ? "" : gtidTag;
    this.number = gtidNumber;
    this.lastCommitted = lastCommitted;
    this.sequenceNumber = sequenceNumber;
  }

  /** Makes it one that readers do not show. */
  public void statement(boolean isStatement) {
    statement = isStatement;
  }

  int encode(byte[] array, int at) {
    INT.set(array, at + TIMESTAMP, (int) timestampSeconds);
    INT.set(array, at + SERVER_ID, (int) serverId);
    INT.set(array, at + EVENT_LENGTH, (int) eventLength);
    INT.set(array, at + THREAD_ID, (int) threadId);
    LONG.set(array, at + LAST_COMMITTED, lastCommitted);
    LONG.set(array, at + SEQUENCE_NUMBER, sequenceNumber);
    LONG.set(array, at + SID_HIGH, sid == null ? 0 : sid.getMostSignificantBits());
    LONG.set(array, at + SID_LOW, sid == null ? 0 : sid.getLeastSignificantBits());
    LONG.set(array, at + NUMBER, number);
    array[at + TAG_LENGTH] = (byte) tag.length();
    if (!tag.isEmpty()) {
      System.arraycopy(tag.getBytes(US_ASCII), 0, array, at + TAG, tag.length());
    }
    return TAG + tag.length();
  }

  void decode(Frame frame) {
    byte[] array = frame.array();
    int at = frame.bodyOffset();
    file = frame.file();
    offset = frame.eventOffset();
    statement = frame.isStatement();
    timestampSeconds = Integer.toUnsignedLong((int) INT.get(array, at + TIMESTAMP));
    serverId = Integer.toUnsignedLong((int) INT.get(array, at + SERVER_ID));
    eventLength = Integer.toUnsignedLong((int) INT.get(array, at + EVENT_LENGTH));
    threadId = Integer.toUnsignedLong((int) INT.get(array, at + THREAD_ID));
    lastCommitted = (long) LONG.get(array, at + LAST_COMMITTED);
    sequenceNumber = (long) LONG.get(array, at + SEQUENCE_NUMBER);
    number = (long) LONG.get(array, at + NUMBER);
    long high = (long) LONG.get(array, at + SID_HIGH);
    long low = (long) LONG.get(array, at + SID_LOW);
    if (number == 0) {
      sid = null;
    } else if (sid == null
        || sid.getMostSignificantBits() != high
        || sid.getLeastSignificantBits() != low) {
      sid = new UUID(high, low);
    }
    int tagLength = array[at + TAG_LENGTH];
    tag = tagLength == 0 ? "" : new String(array, at + TAG, tagLength, US_ASCII);
  }

  public Transaction copy() {
    Transaction copy = new Transaction();
    copy.set(file, offset, timestampSeconds, serverId, eventLength, threadId, statement);
    copy.sid = sid;
    copy.tag = tag;
    copy.number = number;
    copy.lastCommitted = lastCommitted;
    copy.sequenceNumber = sequenceNumber;
    return copy;
  }

  /** Its GTID, or {@code file:offset} of its BEGIN on a source without GTIDs. */
  public String id() {
    return gtid().map(Gtid::toString).orElseGet(() -> file.name() + ":" + offset);
  }

  public Optional<Gtid> gtid() {
    return hasGtid() ? Optional.of(new Gtid(sid, tag, number)) : Optional.empty();
  }

  public boolean hasGtid() {
    return number != 0;
  }

  /** The GTID's parts, for callers that must not allocate; valid where {@link #hasGtid}. */
  public UUID sid() {
    return sid;
  }

  public String tag() {
    return tag;
  }

  public long number() {
    return number;
  }

  public LogFile file() {
    return file;
  }

  /** Offset of its BEGIN in the file. */
  public long offset() {
    return offset;
  }

  public long timestampSeconds() {
    return timestampSeconds;
  }

  public long serverId() {
    return serverId;
  }

  public long eventLength() {
    return eventLength;
  }

  public long threadId() {
    return threadId;
  }

  public long lastCommitted() {
    return lastCommitted;
  }

  public long sequenceNumber() {
    return sequenceNumber;
  }

  /** Whether it is one statement that is its own transaction: readers show no begin and end. */
  public boolean isStatement() {
    return statement;
  }
}
