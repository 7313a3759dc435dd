package io.canal.parser.binlog;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;

/**
 * A FORMAT_DESCRIPTION event: who wrote the file, and how its events are laid out.
 *
 * @param serverVersion the writer's version as text, for example {@code 9.7.0}
 * @param createdSeconds when the source started, if this is the first file since; else 0
 * @param checksum whether each event of the file ends in a CRC32
 * @param postHeaderLengths by type code: the bytes of an event's fixed part, one entry per type
 *     that the writer knows, type 0 left out
 */
@SuppressWarnings("ArrayRecordComponent") // one per file
public record FormatDescription(
    String serverVersion, long createdSeconds, boolean checksum, byte[] postHeaderLengths) {
  private static final String NAME = "FORMAT_DESCRIPTION";
  private static final int SUPPORTED_VERSION = 4;
  private static final int VERSION_BYTES = 50;

  public FormatDescription {
    requireNonNull(serverVersion, "serverVersion is null");
    requireNonNull(postHeaderLengths, "postHeaderLengths is null");
  }

  /** Decodes a raw event, which ends in the checksum algorithm. */
  public static FormatDescription decode(byte[] array, int offset, int length) {
    EventCursor cursor = new EventCursor(NAME, array, offset, length);
    int version = cursor.u2();
    if (version != SUPPORTED_VERSION) {
      throw cursor.failure("binary log version " + version + ", expected " + SUPPORTED_VERSION);
    }
    String padded = cursor.text(VERSION_BYTES, UTF_8);
    int zero = padded.indexOf(0);
    long created = cursor.u4();
    int headerLength = cursor.u1();
    if (headerLength != EventHeader.LENGTH) {
      throw cursor.failure("event headers of " + headerLength + " bytes, expected 19");
    }
    byte[] lengths = cursor.bytes((long) cursor.remaining() - 1);
    int algorithm = cursor.u1();
    if (algorithm > 1) {
      throw new CanalException(
          ErrorCode.STOP_INSTANCE,
          NAME + " event: checksum algorithm " + algorithm + ", expected 0 (none) or 1 (CRC32)");
    }
    return new FormatDescription(
        zero < 0 ? padded : padded.substring(0, zero), created, algorithm == 1, lengths);
  }

  /** Bytes of the fixed part of events of {@code type}, or -1 where the writer does not know it. */
  public int postHeaderLength(int type) {
    return type >= 1 && type <= postHeaderLengths.length ? postHeaderLengths[type - 1] & 0xFF : -1;
  }
}
