package io.canal.server.tcp;

import io.canal.parser.entry.BatchFrame;
import io.canal.protocol.CanalPacket.Ack;
import io.canal.protocol.CanalPacket.Packet;
import io.canal.protocol.CanalPacket.PacketType;
import io.canal.protocol.SourcePosition;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/** The frames that the server sends (wire-protocol sections 1, 2 and 4). Pure functions. */
final class Packets {
  static final int VERSION = 1;
  static final int SEED_BYTES = 8;

  private static final int VERSION_TAG = 2 << 3;
  private static final int TYPE_TAG = 3 << 3;
  private static final int BODY_TAG = 5 << 3 | 2;
  private static final int HANDSHAKE_SEEDS_TAG = 2 << 3 | 2;
  private static final int MAX_ERROR_CHARS = 2000;

  private Packets() {}

  static ByteBuf handshake(byte[] seed) {
    byte[] head = {
      0,
      0,
      0,
      16,
      VERSION_TAG,
      VERSION,
      TYPE_TAG,
      (byte) PacketType.HANDSHAKE_VALUE,
      BODY_TAG,
      10,
      HANDSHAKE_SEEDS_TAG,
      SEED_BYTES
    };
    return Unpooled.wrappedBuffer(head, seed);
  }

  /** The answer to what succeeded and has no other: an Ack without content. */
  static ByteBuf ack() {
    return Unpooled.wrappedBuffer(
        new byte[] {0, 0, 0, 4, VERSION_TAG, VERSION, TYPE_TAG, (byte) PacketType.ACK_VALUE});
  }

  static ByteBuf error(int code, String message) {
    String text =
        message.length() <= MAX_ERROR_CHARS ? message : message.substring(0, MAX_ERROR_CHARS);
    return ack(Ack.newBuilder().setErrorCode(code).setErrorMessage(text).build());
  }

  /** The answer to a subscription with a start: where that is. */
  static ByteBuf started(SourcePosition at) {
    return ack(Ack.newBuilder().setStart(at.toString()).build());
  }

  private static ByteBuf ack(Ack body) {
    byte[] packet =
        Packet.newBuilder()
            .setVersion(VERSION)
            .setType(PacketType.ACK)
            .setBody(body.toByteString())
            .build()
            .toByteArray();
    return Unpooled.buffer(4 + packet.length).writeInt(packet.length).writeBytes(packet);
  }

  /** A Messages with batch id -1 and no entries: nothing came in time. */
  static ByteBuf noMessages() {
    return Unpooled.wrappedBuffer(BatchFrame.start(-1, 0));
  }
}
