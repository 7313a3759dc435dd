package io.canal.server.subscription;

import static java.util.Objects.requireNonNull;

import io.canal.parser.log.Chunk;
import java.util.ArrayList;
import java.util.List;

/**
 * A chunk on its way to encoded entries, run once by any thread. Whoever wants the entries holds a
 * reference; with the last one they go, and with them what the chunk pins.
 */
final class Encoding implements Runnable {
  private enum State {
    NEW,
    RUNNING,
    DONE,
    DROPPED
  }

  private final Chunk chunk;
  private final ChunkEncoder encoder;
  private final EncodedBytes budget;

  // guarded by this
  private State state = State.NEW;
  private int references = 1;
  private List<Runnable> waiting = new ArrayList<>(1);

  private volatile long bytes;
  private volatile Encoded result;

  /** With one reference, its maker's. */
  Encoding(Chunk chunk, ChunkEncoder encoder, EncodedBytes budget) {
    this.chunk = requireNonNull(chunk, "chunk is null");
    this.encoder = requireNonNull(encoder, "encoder is null");
    this.budget = requireNonNull(budget, "budget is null");
    this.bytes = 2L * chunk.logBytes();
    budget.add(bytes);
  }

  Chunk chunk() {
    return chunk;
  }

  /** Bytes of the entries, a guess until they are encoded. */
  long bytes() {
    return bytes;
  }

  boolean isDone() {
    return result != null;
  }

  /** Whether it was encoded to its end, once it {@link #isDone}. */
  boolean isWhole() {
    return result().mark().isPresent();
  }

  /** The entries, once it {@link #isDone}. */
  Encoded result() {
    return requireNonNull(result, "not encoded yet");
  }

  /** Runs {@code callback} once it is done, by the thread that encodes, or at once. */
  void whenDone(Runnable callback) {
    synchronized (this) {
      if (result == null) {
        waiting.add(callback);
        return;
      }
    }
    callback.run();
  }

  @Override
  public void run() {
    synchronized (this) {
      if (state != State.NEW) {
        return;
      }
      state = State.RUNNING;
    }
    Encoded encoded = encoder.encode(chunk);
    chunk.close();
    List<Runnable> told;
    synchronized (this) {
      state = State.DONE;
      budget.add(encoded.bytes().readableBytes() - bytes);
      bytes = encoded.bytes().readableBytes();
      result = encoded;
      told = waiting;
      waiting = List.of();
      if (references == 0) {
        forget();
      }
    }
    told.forEach(Runnable::run);
  }

  /** Takes a reference; false where there is none left. */
  synchronized boolean retain() {
    if (references == 0) {
      return false;
    }
    references++;
    return true;
  }

  synchronized void release() {
    references--;
    if (references > 0) {
      return;
    }
    if (state == State.NEW) {
      state = State.DROPPED;
      chunk.close();
      budget.add(-bytes);
    } else if (state == State.DONE) {
      forget();
    }
  }

  private void forget() {
    result.bytes().release();
    budget.add(-bytes);
  }
}
