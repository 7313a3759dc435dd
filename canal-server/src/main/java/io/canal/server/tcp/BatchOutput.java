package io.canal.server.tcp;

import io.canal.parser.entry.BatchFrame;
import io.canal.server.subscription.Batch;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import java.util.Iterator;

/**
 * Writes one batch at a time, as the client reads. What is in the network's memory already is
 * handed over as it is; what is not goes slice by slice, so that little is copied there at once.
 * Owned by the channel's event loop.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what cannot be written closes the channel
final class BatchOutput {
  private static final int SLICE_BYTES = 128 * 1024;

  private Batch batch;
  private Iterator<ByteBuf> parts;
  private ByteBuf part;
  private boolean writing;

  /** Takes a batch over, and releases it once it is written. */
  void begin(Batch next) {
    batch = next;
    parts = next.parts().iterator();
    part = Unpooled.wrappedBuffer(BatchFrame.start(next.id(), next.length()));
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
      whole = writeSome(ctx);
      ctx.flush();
    } while (!whole && ctx.channel().isWritable());
    writing = false;
    return whole;
  }

  private boolean writeSome(ChannelHandlerContext ctx) {
    ChannelFuture written;
    do {
      int length =
          part.isDirect() ? part.readableBytes() : Math.min(SLICE_BYTES, part.readableBytes());
      written = ctx.write(part.readRetainedSlice(length));
      while (!part.isReadable() && parts.hasNext()) {
        part = parts.next().duplicate();
      }
    } while (part.isReadable() && ctx.channel().isWritable());
    if (part.isReadable()) {
      return false;
    }
    Batch whole = batch;
    batch = null;
    written.addListener(done -> whole.release());
    return true;
  }

  /** The channel is closed: lets go of what was not written. */
  void close() {
    if (batch != null) {
      batch.release();
      batch = null;
    }
  }
}
