package io.canal.server.subscription;

import io.canal.protocol.WriteBuffer;

/**
 * One batch of encoded entries, each with the tag and length that it has as a field of {@code
 * Messages}. Owned by the subscriber from its delivery to {@link #release}.
 */
public final class Batch {
  /** Bytes in front of the entries that the subscriber may write a header into. */
  public static final int HEADROOM = 32;

  private final long id;
  private final int entries;
  private final WriteBuffer buffer;
  private final BatchBuffers buffers;

  Batch(long id, int entries, WriteBuffer buffer, BatchBuffers buffers) {
    this.id = id;
    this.entries = entries;
    this.buffer = buffer;
    this.buffers = buffers;
  }

  public long id() {
    return id;
  }

  public int entries() {
    return entries;
  }

  /** Holds the entries from {@link #HEADROOM} to {@link #end}. */
  public byte[] array() {
    return buffer.array();
  }

  public int end() {
    return buffer.position();
  }

  /** Bytes of all entries. */
  public int length() {
    return buffer.position() - HEADROOM;
  }

  /** The bytes are no longer needed; called once, by any thread. */
  public void release() {
    buffers.giveBack(buffer);
  }
}
