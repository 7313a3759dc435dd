package io.canal.parser.binlog;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.Objects.requireNonNull;

import io.canal.protocol.Gtid;
import java.util.Optional;
import java.util.UUID;

/**
 * MySQL's beginning of a transaction: GTID, ANONYMOUS_GTID, or GTID_TAGGED (8.3 and later).
 *
 * @param gtid absent on an anonymous transaction
 * @param flags bit 0: the transaction may hold statements beside rows
 * @param lastCommitted the logical clock's parent, 0 where there is none
 * @param sequenceNumber the logical clock's number, 0 where there is none
 */
public record GtidEvent(Optional<Gtid> gtid, int flags, long lastCommitted, long sequenceNumber) {
  private static final int LOGICAL_CLOCK = 2;
  private static final int MAX_TAG_LENGTH = 32;

  public GtidEvent {
    requireNonNull(gtid, "gtid is null");
  }

  public static GtidEvent decode(byte[] array, int offset, int length) {
    EventCursor cursor = new EventCursor("GTID", array, offset, length);
    int type = EventHeader.type(array, offset);
    return switch (type) {
      case EventType.GTID, EventType.ANONYMOUS_GTID ->
          decodePlain(cursor, type == EventType.ANONYMOUS_GTID);
      case EventType.GTID_TAGGED -> decodeTagged(cursor);
      default -> throw cursor.failure("type " + type + ", expected 33, 34 or 42");
    };
  }

  private static GtidEvent decodePlain(EventCursor cursor, boolean anonymous) {
    int flags = cursor.u1();
    UUID sid = cursor.uuid();
    long number = cursor.i8();
    // 5.7 and later; what follows (commit times, lengths, versions) nobody needs
    boolean clock = cursor.remaining() >= 17 && cursor.u1() == LOGICAL_CLOCK;
    long lastCommitted = clock ? cursor.i8() : 0;
    long sequenceNumber = clock ? cursor.i8() : 0;
    return new GtidEvent(
        anonymous ? Optional.empty() : Optional.of(gtid(cursor, sid, "", number)),
        flags,
        lastCommitted,
        sequenceNumber);
  }

  // A message of MySQL's serialization library: version, size, last field that may not be ignored,
  // then pairs of field id and value in rising order.
  private static GtidEvent decodeTagged(EventCursor cursor) {
    long version = cursor.variableLength();
    if (version != 1) {
      throw cursor.failure("serialization version " + version + ", expected 1");
    }
    cursor.variableLength(); // size of the message
    cursor.variableLength(); // last field that may not be ignored
    expectField(cursor, 0);
    int flags = (int) cursor.variableLength();
    expectField(cursor, 1);
    UUID sid = new UUID(uuidHalf(cursor), uuidHalf(cursor));
    expectField(cursor, 2);
    long number = cursor.signedVariableLength();
    expectField(cursor, 3);
    long tagLength = cursor.variableLength();
    if (tagLength < 0 || tagLength > MAX_TAG_LENGTH) {
      throw cursor.failure("tag of " + tagLength + " characters, expected at most 32");
    }
    String tag = cursor.text(tagLength, US_ASCII);
    expectField(cursor, 4);
    long lastCommitted = cursor.signedVariableLength();
    expectField(cursor, 5);
    long sequenceNumber = cursor.signedVariableLength();
    return new GtidEvent(
        Optional.of(gtid(cursor, sid, tag, number)), flags, lastCommitted, sequenceNumber);
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

  private static Gtid gtid(EventCursor cursor, UUID sid, String tag, long number) {
    if (number < 1) {
      throw cursor.failure("GTID number " + number + ", expected 1 or more");
    }
    return new Gtid(sid, tag, number);
  }
}
