package io.canal.parser.binlog;

import static java.util.Objects.requireNonNull;

import java.util.HexFormat;

/**
 * An XA_PREPARE event: the end of the rows of an XA transaction, whose outcome is still open unless
 * {@code onePhase}.
 *
 * @param onePhase XA COMMIT ... ONE PHASE: prepared and committed at once
 * @param formatId the xid's third part; unsigned
 * @param xid the three parts as XA statements and {@link QueryEvent} texts name them: {@code
 *     X'6774',X'',1}
 */
public record XaPrepareEvent(boolean onePhase, long formatId, String xid) {
  private static final int MAX_PART_BYTES = 64;

  public XaPrepareEvent {
    requireNonNull(xid, "xid is null");
  }

  public static XaPrepareEvent decode(byte[] array, int offset, int length) {
    EventCursor cursor = new EventCursor("XA_PREPARE", array, offset, length);
    boolean onePhase = cursor.u1() != 0;
    long formatId = cursor.u4();
    long globalLength = cursor.u4();
    long branchLength = cursor.u4();
    if (globalLength > MAX_PART_BYTES || branchLength > MAX_PART_BYTES) {
      throw cursor.failure(
          "xid parts of " + globalLength + " and " + branchLength + " bytes, expected at most 64");
    }
    HexFormat hex = HexFormat.of();
    String global = hex.formatHex(cursor.bytes(globalLength));
    String branch = hex.formatHex(cursor.bytes(branchLength));
    return new XaPrepareEvent(
        onePhase, formatId, "X'" + global + "',X'" + branch + "'," + formatId);
  }
}
