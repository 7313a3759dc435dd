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
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;

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
  private static final int MAX_PARTS = 64;

  /** Workers that encode for one subscription at once, besides the one that runs its task. */
  private static final int HELPERS = Math.max(1, Runtime.getRuntime().availableProcessors() - 1);

  private final Consumer consumer;
  private final EncodedBytes budget;
  private final Executor workers;
  private final Runnable encoded;

  // owned by the subscription's tasks
  private FrameFilter filter;
  private SharedEncodings.Member member;
  private final Deque<Part> ahead = new ArrayDeque<>();
  private int chunkBytes = CHUNK_BYTES;
  private long end = Long.MAX_VALUE;

  // given back by any thread
  private final AtomicLong deliveredBytes = new AtomicLong();

  // shared with the workers that help
  private final Queue<Encoding> toEncode = new ConcurrentLinkedQueue<>();
  private final AtomicInteger helpers = new AtomicInteger();

  /** A chunk, and what the filter hid in front of it. */
  private record Part(Optional<Mark> hidden, Encoding encoding) {
    Chunk chunk() {
      return encoding.chunk();
    }

    Mark mark() {
      Mark own = encoding.result().mark().orElseThrow();
      return hidden.map(before -> before.and(own)).orElse(own);
    }
  }

  /** The chunks of a batch, each with a reference for it, and where they end. */
  record Taken(List<Encoding> parts, Mark end) {}

  /**
   * @param encoded is run when a chunk that {@link #take} found missing is encoded
   */
  Prefetch(
      Consumer consumer,
      FrameFilter filter,
      SharedEncodings.Member member,
      EncodedBytes budget,
      Executor workers,
      Runnable encoded) {
    this.consumer = requireNonNull(consumer, "consumer is null");
    this.filter = requireNonNull(filter, "filter is null");
    this.member = requireNonNull(member, "member is null");
    this.budget = requireNonNull(budget, "budget is null");
    this.workers = requireNonNull(workers, "workers is null");
    this.encoded = requireNonNull(encoded, "encoded is null");
  }

  /** Whether there is no chunk ahead. */
  boolean isEmpty() {
    return ahead.isEmpty();
  }

  /**
   * Goes on in the log for a fetch, and encodes what is there; a consumer that has nothing to read
   * asks all the same, as it may be detached.
   */
  void fill(BatchLimit limit) {
    fill(limit, WORTHWHILE_BYTES, 0, () -> false);
  }

  /**
   * Goes on in the log for the next fetch, as long as there are whole chunks.
   *
   * @param urged tells when something else is to be done
   */
  void fillAhead(BatchLimit limit, BooleanSupplier urged) {
    fill(limit, AHEAD_BYTES, chunkBytes, urged);
  }

  /**
   * Keeps as many chunks to be encoded as threads may do it at once: they are in the cache still.
   */
  private void fill(BatchLimit limit, long maxBytes, long unread, BooleanSupplier urged) {
    try {
      boolean more = true;
      while (more && !urged.getAsBoolean()) {
        while (more && toEncode.size() <= HELPERS) {
          more = hasRoom(limit, maxBytes) && consumer.unreadBytes() >= unread && add(limit);
        }
        callHelper();
        encodeOne();
      }
    } finally {
      while (encodeOne()) {
        // so that nobody waits for one that is forgotten
      }
    }
  }

  private void callHelper() {
    if (toEncode.size() > 1 && helpers.get() < HELPERS) {
      helpers.incrementAndGet();
      workers.execute(
          () -> {
            try {
              while (encodeOne()) {
                // the subscription's task goes on meanwhile
              }
            } finally {
              helpers.decrementAndGet();
            }
          });
    }
  }

  private boolean encodeOne() {
    Encoding next = toEncode.poll();
    if (next != null) {
      next.run();
    }
    return next != null;
  }

  private boolean hasRoom(BatchLimit limit, long maxBytes) {
    if (ahead.isEmpty()) {
      return true;
    }
    long units = 0;
    long bytes = 0;
    for (Part part : ahead) {
      units += limit.units(part.chunk());
      bytes += part.encoding().bytes();
    }
    return ahead.size() < MAX_PARTS
        && units < limit.size()
        && bytes < maxBytes
        && budget.allows(bytes + deliveredBytes.get());
  }

  /** Adds a chunk, if there is one. */
  private boolean add(BatchLimit limit) {
    Optional<Encoding> next = member.next(consumer, limit.ofChunk(chunkBytes, end), filter);
    if (next.isEmpty() && consumer.position() >= end) {
      end = Long.MAX_VALUE;
      next = member.next(consumer, limit.ofChunk(chunkBytes, end), filter);
    }
    if (next.isEmpty()) {
      return false;
    }
    ahead.add(new Part(consumer.hidden(), next.get()));
    toEncode.add(next.get()); // one that another began is encoded by whoever comes first
    return true;
  }

  /** Whether the first chunk was made for a larger fetch, and is too large for this one. */
  boolean exceeds(BatchLimit limit) {
    return !ahead.isEmpty() && !ahead.getFirst().chunk().fits(limit.ofChunk(0, Long.MAX_VALUE));
  }

  /** How far the first chunk was encoded, if it was stopped before its end. */
  Optional<Encoded> stopped() {
    Part first = ahead.peek();
    if (first == null || !first.encoding().isDone() || first.encoding().isWhole()) {
      return Optional.empty();
    }
    member.spoiled(first.encoding());
    return Optional.of(first.encoding().result());
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
   * it. Empty where nothing is ahead, or where it is not encoded yet, which is told.
   */
  Optional<Taken> take(BatchLimit limit) {
    int count = ready(limit);
    if (count == 0) {
      Optional<Encoding> missing =
          ahead.stream().map(Part::encoding).filter(encoding -> !encoding.isDone()).findFirst();
      missing.ifPresent(encoding -> encoding.whenDone(encoded));
      if (missing.isEmpty()) {
        count = ready(limit); // the last one has just been encoded
      }
    }
    if (count == 0) {
      return Optional.empty();
    }
    List<Encoding> parts = new ArrayList<>(count);
    Mark mark = null;
    long bytes = 0;
    for (int i = 0; i < count; i++) {
      Part part = ahead.remove();
      mark = mark == null ? part.mark() : mark.and(part.mark());
      bytes += part.encoding().bytes();
      parts.add(part.encoding());
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
    for (Part part : ahead) {
      Encoding next = part.encoding();
      units += limit.units(part.chunk());
      if (count > 0 && units > limit.size()) {
        return count;
      }
      if (!next.isDone()) {
        return bytes >= WORTHWHILE_BYTES ? count : 0;
      }
      bytes += next.bytes();
      if (!next.isWhole() || (count > 0 && bytes > MAX_BATCH_BYTES)) {
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
  void filter(String expression, FrameFilter newFilter) {
    filter = newFilter;
    member = member.leaveFor(expression);
  }

  /** It ends; nothing is ahead any more. */
  void close() {
    drop();
    member.leave();
  }

  /** Forgets what is ahead; the consumer is to go back. */
  void drop() {
    ahead.forEach(part -> part.encoding().release());
    ahead.clear();
    end = Long.MAX_VALUE;
    member.rests();
  }
}
