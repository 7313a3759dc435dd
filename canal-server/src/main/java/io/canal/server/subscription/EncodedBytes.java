package io.canal.server.subscription;

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
  private final long maxBytes;
  private final AtomicLong used = new AtomicLong();

  public EncodedBytes(long maxBytes) {
    this.maxBytes = maxBytes;
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
