package io.canal.server.tcp;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.util.List;

/**
 * Cuts what a client sends into frames (wire-protocol section 1) and hands on their bodies. A
 * length is checked before anything waits for that many bytes.
 */
final class FrameDecoder extends ByteToMessageDecoder {
  private static final int LENGTH_BYTES = 4;

  private int maxBytes;
  private boolean discarding;

  FrameDecoder(int maxBytes) {
    this.maxBytes = maxBytes;
  }

  void maxBytes(int newMaxBytes) {
    maxBytes = newMaxBytes;
  }

  /** From here on what comes is thrown away. */
  void discard() {
    discarding = true;
  }

  @Override
  protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
    if (discarding) {
      in.skipBytes(in.readableBytes());
      return;
    }
    if (in.readableBytes() < LENGTH_BYTES) {
      return;
    }
    int length = in.getInt(in.readerIndex());
    if (length < 0 || length > maxBytes) {
      discard();
      throw new CanalException(
          ErrorCode.BAD_REQUEST,
          "a frame of %s bytes, expected at most %d; is this a Canal client?"
              .formatted(Integer.toUnsignedString(length), maxBytes));
    }
    if (in.readableBytes() - LENGTH_BYTES >= length) {
      in.skipBytes(LENGTH_BYTES);
      out.add(in.readRetainedSlice(length));
    }
  }
}
