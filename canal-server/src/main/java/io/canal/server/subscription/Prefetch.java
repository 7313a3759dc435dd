package io.canal.server.subscription;

import static java.util.Objects.requireNonNull;

import io.canal.parser.consumer.Consumer;
import io.canal.parser.log.Chunk;
import io.canal.parser.log.FrameFilter;
import io.canal.parser.log.Mark;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The chunks between what a client was given and where its consumer stands, in order: encoded or on
 * their way. Owned by the tasks of one subscription; the chunks are encoded by any worker.
 */
final class Prefetch {
  /** A batch that is as long as this does not wait for what else is on its way. */
  static final int WORTHWHILE_BYTES = 1024 * 1024;

  /** Encoded bytes after which a batch is cut, unless a single chunk has more. */
  static final int MAX_BATCH_BYTES = 8 * 1024 * 1024;

  private static final int AHEAD_BYTES = 2 * WORTHWHILE_BYTES;
  private static final int CHUNK_BYTES = 64 * 1024;

  private final Consumer consumer;
  private final ChunkEncoder encoder;
  private final EncodedBytes budget;
  private final Executor workers;
  private final Runnable encoded;

  // owned by the subscription's tasks
  private FrameFilter filter;
  private final Deque<Encoding> ahead = new ArrayDeque<>();
  private long largestLimit;
  private int chunkBytes = CHUNK_BYTES;
  private long end = Long.MAX_VALUE;

  // given back by any thread
  private final AtomicLong deliveredBytes = new AtomicLong();
  // written by the tasks, read by the workers
  private volatile boolean wanted;

  /** The chunks of a batch, each with a reference for it, and where they end. */
  record Taken(List<Encoding> parts, Mark end) {}

  /**
   * @param encoded is run when a chunk that {@link #take} waits for may be encoded
   */
  Prefetch(
      Consumer consumer,
      FrameFilter filter,
      ChunkEncoder encoder,
      EncodedBytes budget,
      Executor workers,
      Runnable encoded) {
    this.consumer = requireNonNull(consumer, "consumer is null");
    this.filter = requireNonNull(filter, "filter is null");
    this.encoder = requireNonNull(encoder, "encoder is null");
    this.budget = requireNonNull(budget, "budget is null");
    this.workers = requireNonNull(workers, "workers is null");
    this.encoded = requireNonNull(encoded, "encoded is null");
  }

  /** Whether there is no chunk ahead. */
  boolean isEmpty() {
    return ahead.isEmpty();
  }

  /** Goes on in the log for a fetch; where nothing was ahead, encodes the first chunk itself. */
  void fill(BatchLimit limit) {
    boolean here = ahead.isEmpty();
    List<Encoding> added = new ArrayList<>();
    while (hasRoom(limit) && add(limit)) {
      added.add(ahead.getLast());
    }
    start(here && !added.isEmpty() ? added.subList(1, added.size()) : added);
    if (here && !added.isEmpty()) {
      added.get(0).run();
    }
  }

  /** Goes on in the log for the next fetch, as long as there are whole chunks. */
  void fillAhead(BatchLimit limit) {
    List<Encoding> added = new ArrayList<>();
    while (hasRoom(limit) && consumer.unreadBytes() >= chunkBytes && add(limit)) {
      added.add(ahead.getLast());
    }
    start(added);
  }

  private boolean hasRoom(BatchLimit limit) {
    if (ahead.isEmpty()) {
      return true;
    }
    long units = 0;
    long bytes = 0;
    for (Encoding encoding : ahead) {
      units += limit.units(encoding.chunk());
      bytes += encoding.bytes();
    }
    return units < limit.size()
        && bytes < AHEAD_BYTES
        && budget.allows(bytes + deliveredBytes.get());
  }

  /** Adds a chunk, if there is one. */
  private boolean add(BatchLimit limit) {
    Optional<Chunk> chunk = consumer.poll(limit.ofChunk(chunkBytes, end), filter);
    if (chunk.isEmpty() && consumer.position() >= end) {
      end = Long.MAX_VALUE;
      chunk = consumer.poll(limit.ofChunk(chunkBytes, end), filter);
    }
    if (chunk.isEmpty()) {
      return false;
    }
    largestLimit = ahead.isEmpty() ? limit.size() : Math.max(largestLimit, limit.size());
    ahead.add(new Encoding(chunk.get(), encoder, budget));
    return true;
  }

  private void start(List<Encoding> encodings) {
    for (Encoding encoding : encodings) {
      encoding.whenDone(this::tell);
      workers.execute(encoding);
    }
  }

  private void tell() {
    if (wanted) {
      encoded.run();
    }
  }

  /** Whether the first chunk was made for a larger fetch, and is too large for this one. */
  boolean exceeds(BatchLimit limit) {
    return !ahead.isEmpty()
        && limit.size() < largestLimit
        && limit.units(ahead.getFirst().chunk()) > limit.size();
  }

  /** How far the first chunk was encoded, if it was stopped before its end. */
  Optional<Encoded> stopped() {
    return Optional.ofNullable(ahead.peek())
        .filter(Encoding::isDone)
        .map(Encoding::result)
        .filter(result -> result.mark().isEmpty());
  }

  /** The next chunks are to end before a frame that cannot be encoded with those before it. */
  void stopBefore(Encoded stopped) {
    end = stopped.stoppedAt();
    if (stopped.failure().isEmpty()) {
      chunkBytes = Math.max(1, chunkBytes / 4);
    }
  }

  /**
   * Takes what a batch is to hold, all that is ahead and within the limit or a worthwhile part of
   * it. Empty where nothing is ahead, or it is not encoded yet.
   */
  Optional<Taken> take(BatchLimit limit) {
    wanted = false;
    int count = ready(limit);
    if (count == 0 && !ahead.isEmpty()) {
      wanted = true;
      count = ready(limit); // for what was encoded just before
    }
    if (count == 0) {
      return Optional.empty();
    }
    wanted = false;
    List<Encoding> parts = new ArrayList<>(count);
    Mark mark = null;
    long bytes = 0;
    for (int i = 0; i < count; i++) {
      Encoding part = ahead.remove();
      Mark next = part.result().mark().orElseThrow();
      mark = mark == null ? next : mark.and(next);
      bytes += part.bytes();
      parts.add(part);
    }
    deliveredBytes.addAndGet(bytes);
    adapt(parts.get(0));
    return Optional.of(new Taken(parts, mark));
  }

  /** How many chunks make the batch; 0 while it is better to wait. */
  private int ready(BatchLimit limit) {
    int count = 0;
    long units = 0;
    long bytes = 0;
    for (Encoding next : ahead) {
      units += limit.units(next.chunk());
      if (count > 0 && units > limit.size()) {
        return count;
      }
      if (!next.isDone()) {
        return bytes >= WORTHWHILE_BYTES ? count : 0;
      }
      bytes += next.bytes();
      if (next.result().mark().isEmpty() || (count > 0 && bytes > MAX_BATCH_BYTES)) {
        return count;
      }
      count++;
    }
    return count;
  }

  /** Chunks grow again once their entries are small. */
  private void adapt(Encoding taken) {
    if (chunkBytes < CHUNK_BYTES && taken.bytes() < MAX_BATCH_BYTES / 16) {
      chunkBytes = Math.min(CHUNK_BYTES, chunkBytes * 2);
    }
  }

  /** The subscriber has let go of bytes that were taken. */
  void released(long bytes) {
    deliveredBytes.addAndGet(-bytes);
  }

  /** Another filter counts, once what is ahead is dropped. */
  void filter(FrameFilter newFilter) {
    filter = newFilter;
  }

  /** Forgets what is ahead; the consumer is to go back. */
  void drop() {
    ahead.forEach(Encoding::release);
    ahead.clear();
    end = Long.MAX_VALUE;
    wanted = false;
  }
}
