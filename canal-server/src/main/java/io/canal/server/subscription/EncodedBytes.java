package io.canal.server.subscription;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The memory of all encoded entries of a server: those that are being made, wait for their clients
 * or are on their way to them. Any thread.
 *
 * <p>Nobody waits for it. A consumer that has nothing of its own takes one chunk whatever is used;
 * for more it may hold as much as is left, so that those who do not give back leave room for
 * others.
 */
public final class EncodedBytes {
  private static final int PAGE_BYTES = 8 * 1024;

  /** Binary logarithm of the pages that are taken from the system at once: 16 MiB. */
  private static final int PAGES_ORDER = 11;

  /** One pool for the process, which stays: what it takes from the system it keeps in part. */
  private static final PooledByteBufAllocator MEMORY =
      new PooledByteBufAllocator(true, 0, 1, PAGE_BYTES, PAGES_ORDER, 0, 0, false);

  static {
    // the pool gives a stretch back to the system as soon as all of it is free, and to take the
    // next one costs as much as to encode what it is for: so one is never all free
    MEMORY.directBuffer(1);
  }

  private final long maxBytes;
  private final AtomicLong used = new AtomicLong();

  public EncodedBytes(long maxBytes) {
    this.maxBytes = maxBytes;
  }

  /** The bytes, out of the heap, where the network takes them without a copy for each consumer. */
  ByteBuf copy(byte[] array, int length) {
    return MEMORY.directBuffer(length, length).writeBytes(array, 0, length);
  }

  /** Whether a consumer that holds so many bytes may take more. */
  boolean allows(long held) {
    return held < maxBytes - used.get();
  }

  /** Bytes are used from here on, or fewer where negative. */
  void add(long bytes) {
    used.addAndGet(bytes);
  }

  public long used() {
    return used.get();
  }
}
