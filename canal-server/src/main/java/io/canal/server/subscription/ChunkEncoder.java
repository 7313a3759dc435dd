package io.canal.server.subscription;

import static java.util.Objects.requireNonNull;

import io.canal.parser.log.Chunk;
import io.canal.parser.log.FrameKind;
import io.canal.protocol.WriteBuffer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;

/**
 * Encodes the chunks of one destination. Any thread; what a writer prepares for a table serves all
 * consumers, and there are as many writers as threads have encoded at once.
 */
final class ChunkEncoder {
  /** Encoded bytes after which a chunk is stopped, whatever its limit; one entry may be larger. */
  static final int MAX_BYTES = 8 * 1024 * 1024;

  /** What is larger stays in the array that it was written to, as a copy would cost more. */
  private static final int MAX_COPIED_BYTES = 1024 * 1024;

  private final Supplier<EntryWriter> writers;
  private final BatchBuffers buffers;
  private final EncodedBytes budget;
  private final Queue<EntryWriter> idle = new ConcurrentLinkedQueue<>();

  ChunkEncoder(Supplier<EntryWriter> writers, BatchBuffers buffers, EncodedBytes budget) {
    this.writers = requireNonNull(writers, "writers is null");
    this.buffers = requireNonNull(buffers, "buffers is null");
    this.budget = requireNonNull(budget, "budget is null");
  }

  /** Encodes the chunk as far as it can be read. */
  Encoded encode(Chunk chunk) {
    Progress progress = new Progress();
    Optional<RuntimeException> failure = Optional.empty();
    boolean whole = false;
    ByteBuf bytes = Unpooled.EMPTY_BUFFER;
    try {
      EntryWriter writer = idle.poll();
      if (writer == null) {
        writer = writers.get();
      }
      WriteBuffer out = buffers.take();
      try {
        whole = write(chunk, writer, out, progress);
      } catch (RuntimeException | OutOfMemoryError e) {
        failure = Optional.of(unchecked(e));
      }
      idle.add(writer);
      bytes = keep(out, progress.bytes);
      if (whole) {
        return new Encoded(
            bytes, progress.entries, progress.rows, Optional.of(chunk.mark()), 0, failure);
      }
    } catch (RuntimeException | OutOfMemoryError e) {
      progress = new Progress();
      failure = Optional.of(unchecked(e));
    }
    return new Encoded(
        bytes, progress.entries, progress.rows, Optional.empty(), chunk.position(), failure);
  }

  private static RuntimeException unchecked(Throwable e) {
    return e instanceof RuntimeException known
        ? known
        : new IllegalStateException("no memory for the entries: " + e.getMessage(), e);
  }

  /** What is written and stays. */
  private static final class Progress {
    int bytes;
    int entries;
    long rows;
  }

  /** Whether it came to the end. */
  private static boolean write(
      Chunk chunk, EntryWriter writer, WriteBuffer out, Progress progress) {
    int begins = 0;
    while (chunk.next()) {
      if (chunk.kind() == FrameKind.BEGIN) {
        writer.writeBegin(chunk.transaction(), chunk.executed(), out);
        begins = 1;
        continue;
      }
      int rows = writer.write(chunk.frame(), chunk.transaction(), chunk.executed(), out);
      if (out.position() > MAX_BYTES && progress.entries > 0) {
        return false;
      }
      chunk.counted(rows);
      progress.bytes = out.position();
      progress.entries += begins + 1;
      progress.rows += rows;
      begins = 0;
    }
    return true;
  }

  /** Moves the bytes out of the heap, so that the network need not copy them for each consumer. */
  private ByteBuf keep(WriteBuffer out, int length) {
    if (length > MAX_COPIED_BYTES) {
      return Unpooled.wrappedBuffer(out.array(), 0, length);
    }
    ByteBuf bytes = budget.copy(out.array(), length);
    buffers.giveBack(out);
    return bytes;
  }
}
