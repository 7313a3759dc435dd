package io.canal.server.tcp;

import io.canal.server.subscription.Batch;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;

/**
 * Writes one batch at a time, slice by slice as the client reads, so that little of it is copied to
 * the network's buffers at once. Owned by the channel's event loop.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what cannot be written closes the channel
final class BatchOutput {
  private static final int SLICE_BYTES = 128 * 1024;

  private Batch batch;
  private int at;
  private boolean writing;

  /** Takes a batch over, and releases it once it is written. */
  void begin(Batch next) {
    batch = next;
    at = Packets.prependHead(next);
  }

  boolean isBusy() {
    return batch != null;
  }

  /**
   * Writes what the channel takes now; called again when it is writable again. Gives true once for
   * each batch, when all of it is handed over.
   */
  boolean write(ChannelHandlerContext ctx) {
    if (writing || batch == null) {
      return false; // the first: called by its own flush
    }
    writing = true;
    boolean whole;
    do {
      whole = writeSlice(ctx);
    } while (!whole && ctx.channel().isWritable());
    writing = false;
    return whole;
  }

  private boolean writeSlice(ChannelHandlerContext ctx) {
    int length = Math.min(SLICE_BYTES, batch.end() - at);
    ChannelFuture written = ctx.writeAndFlush(Unpooled.wrappedBuffer(batch.array(), at, length));
    at += length;
    if (at < batch.end()) {
      return false;
    }
    Batch whole = batch;
    batch = null;
    written.addListener(done -> whole.release());
    return true;
  }
}
