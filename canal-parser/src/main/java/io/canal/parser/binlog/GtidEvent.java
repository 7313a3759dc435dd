package io.canal.parser.binlog;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.Objects.checkFromIndexSize;
import static java.util.Objects.requireNonNull;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.Gtid;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.UUID;

/**
 * MySQL's beginning of a transaction: GTID, ANONYMOUS_GTID, or GTID_TAGGED (8.3 and later). One
 * object reads event after event, so that a transaction costs no object. Not thread-safe.
 */
public final class GtidEvent {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final String NAME = "GTID";
  private static final int LOGICAL_CLOCK = 2;
  private static final int MAX_TAG_LENGTH = 32;
  private static final int SID_AT = EventHeader.LENGTH + 1;
  private static final int NUMBER_AT = SID_AT + 16;
  private static final int CLOCK_AT = NUMBER_AT + Long.BYTES;

  private UUID sid;
  private String tag = "";
  private long number;
  private long lastCommitted;
  private long sequenceNumber;

  /** Takes what a raw event says; gives itself. */
  public GtidEvent read(byte[] array, int offset, int length) {
    requireNonNull(array, "array is null");
    checkFromIndexSize(offset, length, array.length);
    if (length < EventHeader.LENGTH) {
      throw failure(length + " bytes, expected a header of 19");
    }
    switch (EventHeader.type(array, offset)) {
      case EventType.GTID -> {
        readPlain(array, offset, length);
        number = checked((long) LONG.get(array, offset + NUMBER_AT));
      }
      case EventType.ANONYMOUS_GTID -> {
        readPlain(array, offset, length);
        number = 0;
      }
      case EventType.GTID_TAGGED -> readTagged(new EventCursor(NAME, array, offset, length));
      default ->
          throw failure("type " + EventHeader.type(array, offset) + ", expected 33, 34 or 42");
    }
    return this;
  }

  /** Forgets the event: no GTID, no place in the logical clock. */
  public void clear() {
    number = 0;
    lastCommitted = 0;
    sequenceNumber = 0;
  }

  /** False on an anonymous transaction. */
  public boolean hasGtid() {
    return number != 0;
  }

  public Optional<Gtid> gtid() {
    return hasGtid() ? Optional.of(new Gtid(sid, tag, number)) : Optional.empty();
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

  /** The logical clock's parent, 0 where there is none. */
  public long lastCommitted() {
    return lastCommitted;
  }

  /** The logical clock's number, 0 where there is none. */
  public long sequenceNumber() {
    return sequenceNumber;
  }

  private void readPlain(byte[] array, int offset, int length) {
    if (length < CLOCK_AT) {
      throw failure("%d bytes, expected %d or more".formatted(length, CLOCK_AT));
    }
    long high = Long.reverseBytes((long) LONG.get(array, offset + SID_AT));
    sidOf(high, Long.reverseBytes((long) LONG.get(array, offset + SID_AT + Long.BYTES)));
    tag = "";
    // 5.7 and later; what follows (commit times, lengths, versions) nobody needs
    boolean clock =
        length >= CLOCK_AT + 1 + 2 * Long.BYTES && array[offset + CLOCK_AT] == LOGICAL_CLOCK;
    lastCommitted = clock ? (long) LONG.get(array, offset + CLOCK_AT + 1) : 0;
    sequenceNumber = clock ? (long) LONG.get(array, offset + CLOCK_AT + 1 + Long.BYTES) : 0;
  }

  private void sidOf(long high, long low) {
    if (sid == null
        || sid.getMostSignificantBits() != high
        || sid.getLeastSignificantBits() != low) {
      sid = new UUID(high, low);
    }
  }

  // A message of MySQL's serialization library: version, size, last field that may not be ignored,
  // then pairs of field id and value in rising order.
  private void readTagged(EventCursor cursor) {
    long version = cursor.variableLength();
    if (version != 1) {
      throw cursor.failure("serialization version " + version + ", expected 1");
    }
    cursor.variableLength(); // size of the message
    cursor.variableLength(); // last field that may not be ignored
    expectField(cursor, 0);
    cursor.variableLength(); // flags
    expectField(cursor, 1);
    long high = uuidHalf(cursor);
    sidOf(high, uuidHalf(cursor));
    expectField(cursor, 2);
    long found = cursor.signedVariableLength();
    expectField(cursor, 3);
    long tagLength = cursor.variableLength();
    if (tagLength < 0 || tagLength > MAX_TAG_LENGTH) {
      throw cursor.failure("tag of " + tagLength + " characters, expected at most 32");
    }
    tag = cursor.text(tagLength, US_ASCII);
    expectField(cursor, 4);
    lastCommitted = cursor.signedVariableLength();
    expectField(cursor, 5);
    sequenceNumber = cursor.signedVariableLength();
    number = checked(found);
  }

  private static void expectField(EventCursor cursor, int id) {
    long found = cursor.variableLength();
    if (found != id) {
      throw cursor.failure("field " + found + ", expected field " + id);
    }
  }

  // each byte is a number of its own, of one byte or two
  private static long uuidHalf(EventCursor cursor) {
    long half = 0;
    for (int i = 0; i < 8; i++) {
      long value = cursor.variableLength();
      if (value < 0 || value > 0xFF) {
        throw cursor.failure("byte of a UUID " + value);
      }
      half = (half << 8) | value;
    }
    return half;
  }

  private static long checked(long number) {
    if (number < 1) {
      throw failure("GTID number " + number + ", expected 1 or more");
    }
    return number;
  }

  private static CanalException failure(String found) {
    return new CanalException(ErrorCode.STOP_INSTANCE, NAME + " event: " + found);
  }
}
