package io.canal.parser.binlog;

import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;

/**
 * The bytes of one zstd stream after the other, decompressed as they are asked for. It holds two
 * buffers and the window of the decompressor, whatever the length of a stream. Owned by one thread,
 * which closes it.
 */
final class ZstdStream extends InputStream {
  private static final int SOURCE_BYTES = 64 * 1024;
  private static final int TARGET_BYTES = 128 * 1024;

  private final ZstdDecompressCtx context = new ZstdDecompressCtx();
  private final byte[] chunk = new byte[SOURCE_BYTES];
  private final ByteBuffer source = ByteBuffer.allocateDirect(SOURCE_BYTES);
  private final ByteBuffer target = ByteBuffer.allocateDirect(TARGET_BYTES);
  private final byte[] single = new byte[1];

  private InputStream compressed;
  private boolean sourceEnded;
  private boolean frameEnded;

  /** Begins a stream; what was left of the one before is forgotten. */
  void open(InputStream newCompressed) {
    context.reset();
    compressed = newCompressed;
    source.limit(0);
    target.limit(0);
    sourceEnded = false;
    frameEnded = false;
  }

  @Override
  public int read() throws IOException {
    return read(single, 0, 1) < 0 ? -1 : single[0] & 0xFF;
  }

  /** Reads what is there; -1 at the end of the stream, which must be the end of a frame. */
  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    if (!target.hasRemaining() && !decompress()) {
      return -1;
    }
    int count = Math.min(length, target.remaining());
    target.get(bytes, offset, count);
    return count;
  }

  private boolean decompress() throws IOException {
    while (true) {
      refill();
      if (!source.hasRemaining() && frameEnded) {
        return false;
      }
      target.clear();
      try {
        frameEnded = context.decompressDirectByteBufferStream(target, source);
      } catch (ZstdException e) {
        throw broken(e.getMessage());
      } finally {
        target.flip();
      }
      if (target.hasRemaining()) {
        return true;
      }
      if (sourceEnded && !source.hasRemaining() && !frameEnded) {
        throw broken("it ends inside a frame");
      }
    }
  }

  private void refill() throws IOException {
    if (source.hasRemaining() || sourceEnded) {
      return;
    }
    int count = compressed.read(chunk, 0, chunk.length);
    sourceEnded = count < 0;
    source.clear();
    source.put(chunk, 0, Math.max(count, 0));
    source.flip();
  }

  private static CanalException broken(String found) {
    return new CanalException(ErrorCode.STOP_INSTANCE, "zstd stream: " + found);
  }

  @Override
  public void close() {
    context.close();
  }
}
