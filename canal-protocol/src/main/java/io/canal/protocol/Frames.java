package io.canal.protocol;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.MessageLite;
import io.canal.protocol.CanalPacket.PacketType;
import java.io.IOException;

/**
 * Writes frames (wire-protocol section 1): four bytes of length, big-endian, and a {@code Packet}.
 * Pure functions, safe from any thread.
 */
public final class Frames {
  /** Bytes in front of each packet. */
  public static final int LENGTH_BYTES = 4;

  private static final int VERSION = 1;
  private static final int VERSION_TAG = 2 << 3;
  private static final int TYPE_TAG = 3 << 3;
  private static final int BODY_TAG = 5 << 3 | 2;

  private Frames() {}

  /** Appends one frame; several may stand in a buffer that is then sent in one piece. */
  public static void append(WriteBuffer out, PacketType type, MessageLite body) {
    int bodyBytes = body.getSerializedSize();
    int packetBytes = 4 + 1 + WriteBuffer.varintLength(bodyBytes) + bodyBytes;
    out.reserve(LENGTH_BYTES + packetBytes);
    for (int shift = 24; shift >= 0; shift -= 8) {
      out.writeByte(packetBytes >>> shift);
    }
    out.writeByte(VERSION_TAG);
    out.writeByte(VERSION);
    out.writeByte(TYPE_TAG);
    out.writeByte(type.getNumber());
    out.writeByte(BODY_TAG);
    out.writeVarint32(bodyBytes);
    int at = out.position();
    try {
      body.writeTo(CodedOutputStream.newInstance(out.array(), at, bodyBytes));
    } catch (IOException e) {
      throw new IllegalStateException("a message outgrew its own size", e);
    }
    out.position(at + bodyBytes);
  }
}
