package io.canal.server.position;

import static java.util.Objects.requireNonNull;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.SourcePosition;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Saves the positions of one destination's consumers, at most once per interval, and owns their
 * {@link PositionStore}. {@link #moved} may be called from any thread and only keeps the newest
 * position; all else waits for the store and may throw what {@link PositionStore} throws. An idle
 * destination costs nothing: a save is scheduled by the first move after the last one.
 *
 * <p>A save that failed is tried again each interval while its error is {@code RETRY}; after any
 * other error no save in the background is tried, and {@link #lastError} tells why.
 */
public final class PositionSaver implements AutoCloseable {
  private static final Logger logger = LoggerFactory.getLogger(PositionSaver.class);

  /** Runs a task once, after a delay, on a thread that may wait for the store. */
  @FunctionalInterface
  public interface Scheduler {
    void schedule(Runnable task, Duration delay);

    /** One executor can serve all destinations. A task is dropped after its shutdown. */
    static Scheduler of(ScheduledExecutorService executor) {
      return (task, delay) -> {
        try {
          Future<?> unused = executor.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
          logger.debug("no save in the background after a shutdown, close() makes the last");
        }
      };
    }
  }

  /** A consumer that the store knows. */
  private static final class Consumer {
    final String filter;
    volatile SourcePosition newest;
    // guarded by the saver
    SourcePosition saved;

    Consumer(StoredConsumer stored) {
      filter = stored.filter();
      newest = stored.position();
      saved = stored.position();
    }
  }

  private final String destination;
  private final PositionStore store;
  private final Scheduler scheduler;
  private final Duration interval;

  private final ConcurrentHashMap<String, Consumer> consumers = new ConcurrentHashMap<>();
  private final AtomicBoolean scheduled = new AtomicBoolean();
  private volatile Optional<CanalException> lastError = Optional.empty();
  private volatile Optional<SourcePosition> start = Optional.empty();
  // guarded by this, like every call of the store
  private boolean closed;

  /**
   * @param interval from a move to its save
   */
  public PositionSaver(
      String destination, PositionStore store, Scheduler scheduler, Duration interval) {
    this.destination = requireNonNull(destination, "destination is null");
    this.store = requireNonNull(store, "store is null");
    this.scheduler = requireNonNull(scheduler, "scheduler is null");
    this.interval = requireNonNull(interval, "interval is null");
  }

  /** Loads what is stored; called once, before all else. */
  public synchronized StoredPositions start() {
    StoredPositions stored = store.load();
    stored.consumers().forEach((name, consumer) -> consumers.put(name, new Consumer(consumer)));
    start = stored.start();
    return stored;
  }

  /** What {@link #start} has loaded and what came since, with moves not saved yet. Any thread. */
  public StoredPositions current() {
    SortedMap<String, StoredConsumer> newest = new TreeMap<>();
    consumers.forEach(
        (name, consumer) -> newest.put(name, new StoredConsumer(consumer.filter, consumer.newest)));
    return new StoredPositions(start, newest);
  }

  /** Stores where the destination begins. */
  public synchronized void saveStart(SourcePosition position) {
    store.saveStart(position);
    start = Optional.of(position);
  }

  /**
   * Stores a consumer that is new, or has a new filter or a position set by hand, and returns when
   * it is durable. Moves of it from before count no more.
   */
  public synchronized void save(String name, StoredConsumer consumer) {
    store.saveConsumers(new TreeMap<>(Map.of(name, consumer)));
    consumers.put(name, new Consumer(consumer));
  }

  /** Forgets a consumer; moves of it from now on do nothing. */
  public synchronized void delete(String name) {
    Consumer consumer = consumers.remove(name);
    try {
      store.deleteConsumer(name);
    } catch (RuntimeException e) {
      if (consumer != null) {
        consumers.put(name, consumer);
      }
      throw e;
    }
  }

  /**
   * Takes note that a consumer has acknowledged up to {@code position}. Never waits for the store.
   * Calls for one consumer come in order.
   */
  public void moved(String name, SourcePosition position) {
    Consumer consumer = consumers.get(name);
    if (consumer == null) {
      return; // an acknowledgement that crossed its unsubscription
    }
    consumer.newest = position;
    if (scheduled.compareAndSet(false, true)) {
      scheduler.schedule(this::saveInBackground, interval);
    }
  }

  /** Saves what has moved, and returns when it is durable. */
  public synchronized void flush() {
    SortedMap<String, StoredConsumer> moved = new TreeMap<>();
    consumers.forEach(
        (name, consumer) -> {
          SourcePosition newest = consumer.newest;
          if (!newest.equals(consumer.saved)) {
            moved.put(name, new StoredConsumer(consumer.filter, newest));
          }
        });
    if (moved.isEmpty()) {
      return;
    }
    try {
      store.saveConsumers(moved);
    } catch (RuntimeException e) {
      failed(e);
      throw e;
    }
    moved.forEach((name, consumer) -> consumers.get(name).saved = consumer.position());
    if (lastError.isPresent()) {
      lastError = Optional.empty();
      logger.info("{}: positions are saved again", destination);
    }
  }

  /** Why the last save failed; empty when it succeeded. Any thread. */
  public Optional<CanalException> lastError() {
    return lastError;
  }

  /** Saves what has moved, and closes the store whatever comes of it. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    try (store) {
      flush();
    }
  }

  private synchronized void saveInBackground() {
    scheduled.set(false); // a move from here on schedules the next
    if (closed || stopped()) {
      return;
    }
    try {
      flush();
    } catch (RuntimeException e) {
      if (!stopped() && scheduled.compareAndSet(false, true)) {
        scheduler.schedule(this::saveInBackground, interval);
      }
    }
  }

  private boolean stopped() {
    return lastError.filter(e -> e.code() != ErrorCode.RETRY).isPresent();
  }

  private void failed(RuntimeException e) {
    CanalException error =
        e instanceof CanalException known
            ? known
            : new CanalException(ErrorCode.STOP_INSTANCE, "positions cannot be saved: " + e, e);
    Optional<ErrorCode> before = lastError.map(CanalException::code);
    lastError = Optional.of(error);
    if (before.isEmpty() || before.get() != error.code()) {
      logger.error(
          "{}: positions are not saved ({}): {}", destination, error.code(), error.getMessage());
    }
  }
}
