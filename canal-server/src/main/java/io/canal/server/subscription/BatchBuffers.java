package io.canal.server.subscription;

import io.canal.protocol.WriteBuffer;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Keeps the buffers of sent batches for the next ones, up to a number of bytes in all. Any thread.
 */
public final class BatchBuffers {
  private static final int INITIAL_BYTES = 64 * 1024;

  private final long maxBytes;
  private final Queue<WriteBuffer> idle = new ConcurrentLinkedQueue<>();
  private final AtomicLong idleBytes = new AtomicLong();

  /**
   * @param maxBytes how much may lie idle
   */
  public BatchBuffers(long maxBytes) {
    this.maxBytes = maxBytes;
  }

  WriteBuffer take() {
    WriteBuffer buffer = idle.poll();
    if (buffer == null) {
      return new WriteBuffer(INITIAL_BYTES);
    }
    idleBytes.addAndGet(-buffer.array().length);
    buffer.clear();
    return buffer;
  }

  void giveBack(WriteBuffer buffer) {
    int length = buffer.array().length;
    if (idleBytes.addAndGet(length) <= maxBytes) {
      idle.add(buffer);
    } else {
      idleBytes.addAndGet(-length);
    }
  }
}
