package io.canal.server.subscription;

import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * One batch of encoded entries, each with the tag and length that it has as a field of {@code
 * Messages}. Owned by the subscriber from its delivery to {@link #release}.
 */
public final class Batch {
  private final long id;
  private final int entries;
  private final long rows;
  private final long length;
  private final List<Encoding> parts;
  private final LongConsumer released;

  /**
   * @param parts with a reference for the batch
   * @param released is told the batch's length when it is
   */
  Batch(long id, List<Encoding> parts, LongConsumer released) {
    this.id = id;
    this.parts = List.copyOf(parts);
    this.entries = parts.stream().mapToInt(part -> part.result().entries()).sum();
    this.rows = parts.stream().mapToLong(part -> part.result().rows()).sum();
    this.length = parts.stream().mapToLong(Encoding::bytes).sum();
    this.released = released;
  }

  public long id() {
    return id;
  }

  public int entries() {
    return entries;
  }

  /** Rows in them. */
  long rows() {
    return rows;
  }

  /** Bytes of all entries. */
  public int length() {
    return Math.toIntExact(length);
  }

  /** The entries' bytes in order, shared with other batches; valid until {@link #release}. */
  public List<ByteBuf> parts() {
    return parts.stream().map(part -> part.result().bytes()).toList();
  }

  /** The bytes are no longer needed; called once, by any thread. */
  public void release() {
    parts.forEach(Encoding::release);
    released.accept(length);
  }
}
