package io.canal.parser.entry;

import io.canal.protocol.CanalException;
import io.canal.protocol.CanalPacket;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.WriteBuffer;
import java.util.Arrays;

/**
 * The first bytes of a batch on the wire, up to its first entry: the frame's length, {@code
 * Packet{version = 1, type = MESSAGES, body}} and the batch id of {@code Messages}. Behind them go
 * entries as {@link EntryEncoder} writes them, each with its tag and length, so that no entry is
 * copied or measured again. Pure; wire-protocol sections 1 and 2.
 *
 * <pre>{@code
 * byte[] start = BatchFrame.start(batchId, entryBytes); // then exactly entryBytes of entries
 * }</pre>
 */
public final class BatchFrame {
  private static final int PACKET_VERSION = 2 << 3;
  private static final int PACKET_TYPE = 3 << 3;
  private static final int PACKET_BODY = (5 << 3) | 2;
  private static final int MESSAGES_BATCH_ID = 1 << 3;
  private static final int VERSION = 1;
  private static final int LENGTH_BYTES = 4;
  private static final int MAX_START_BYTES = 32;

  private BatchFrame() {}

  /**
   * The bytes in front of a batch's entries.
   *
   * @param batchId −1 for the answer that there is no data
   * @param entryBytes how many bytes of entries follow
   * @throws CanalException where the frame would be larger than its length can say
   */
  public static byte[] start(long batchId, int entryBytes) {
    WriteBuffer id = new WriteBuffer(MAX_START_BYTES);
    id.writeByte(MESSAGES_BATCH_ID);
    id.writeVarint64(batchId);
    long bodyBytes = (long) id.position() + entryBytes;
    WriteBuffer out = new WriteBuffer(MAX_START_BYTES);
    out.position(LENGTH_BYTES);
    out.writeByte(PACKET_VERSION);
    out.writeByte(VERSION);
    out.writeByte(PACKET_TYPE);
    out.writeByte(CanalPacket.PacketType.MESSAGES_VALUE);
    out.writeByte(PACKET_BODY);
    out.writeVarint64(bodyBytes);
    long length = out.position() - LENGTH_BYTES + bodyBytes;
    if (entryBytes < 0 || length > Integer.MAX_VALUE) {
      throw new CanalException(
          ErrorCode.STOP_INSTANCE,
          "a batch of " + length + " bytes, expected at most " + Integer.MAX_VALUE);
    }
    out.writeBytes(id.array(), 0, id.position());
    byte[] start = Arrays.copyOf(out.array(), out.position());
    for (int i = 0; i < LENGTH_BYTES; i++) {
      start[i] = (byte) (length >>> (8 * (LENGTH_BYTES - 1 - i)));
    }
    return start;
  }
}
