package io.canal.server.subscription;

import static java.util.Objects.requireNonNull;

import io.canal.parser.consumer.Consumer;
import io.canal.parser.consumer.ConsumerState;
import io.canal.parser.log.FrameFilter;
import io.canal.parser.log.Mark;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.SourcePosition;
import io.canal.server.config.BatchMode;
import io.canal.server.position.PositionSaver;
import io.canal.server.position.StoredConsumer;
import io.canal.server.subscription.Subscriber.EndReason;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BiFunction;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One consumer of a destination: its cursor in the change log, its filter, and the batches that it
 * has and did not acknowledge. It outlives the connections of its client; one session at a time
 * holds it (wire-protocol sections 4.3 to 4.7).
 *
 * <p>Any thread may call it and never waits: what is asked runs as a task on the workers, one at a
 * time and in order, and the {@link Subscriber} is told. A fetch that waits for changes holds no
 * thread.
 */
public final class Subscription {
  /** A client id is taken over at most once in this time while its holder is connected. */
  static final Duration TAKEOVER_PAUSE = Duration.ofSeconds(10);

  private static final Logger LOGGER = LoggerFactory.getLogger(Subscription.class);

  /** What the subscriptions of one destination share. */
  record Shared(
      String destination,
      BiFunction<String, SourcePosition, Consumer> consumers,
      PositionSaver positions,
      BatchMode batchMode,
      SharedEncodings encodings,
      EncodedBytes budget,
      Executor workers,
      LongSupplier batchIds,
      LongSupplier nanoClock) {}

  /** A batch that was delivered. */
  private record Outstanding(long id, Mark end, long bytes) {}

  /**
   * @param told whether the subscriber was told that it waits, once
   */
  private record Fetch(Subscriber subscriber, BatchLimit limit, boolean mayWait, boolean told) {
    Fetch(Subscriber subscriber, BatchLimit limit, boolean mayWait) {
      this(subscriber, limit, mayWait, false);
    }

    Fetch waits() {
      if (!told) {
        subscriber.waiting();
      }
      return new Fetch(subscriber, limit, mayWait, true);
    }

    Fetch expired() {
      return new Fetch(subscriber, limit, false, told);
    }
  }

  private final String clientId;
  private final Shared shared;
  private final SerialExecutor tasks;
  private final LongAdder rowsDelivered = new LongAdder();
  private final LongAdder entriesDelivered = new LongAdder();
  private final LongAdder bytesDelivered = new LongAdder();

  // owned by the tasks
  private FrameFilter entries;
  private Prefetch ahead;
  private final Deque<Outstanding> outstanding = new ArrayDeque<>();
  private Fetch waiting;
  private boolean listening;
  private boolean movedUnsaid;
  private boolean takenBefore;
  private long lastTakeoverNanos;
  private long lastFailureNanos;
  private boolean failedBefore;
  private boolean closed;
  private boolean moving;
  // what the holder got before a move, and may still acknowledge
  private final Set<Long> movedFrom = new HashSet<>();

  // guarded by storing
  private final Object storing = new Object();
  private String storedFilter;
  private boolean forgotten;

  // written by the tasks, read by all
  private volatile Consumer consumer;
  private volatile Subscriber holder;
  private volatile String filter;
  private volatile Optional<CanalException> filterProblem;
  private volatile SourcePosition acknowledged;
  private volatile int outstandingBatches;
  private volatile long outstandingBytes;

  /**
   * @param filterProblem why it cannot be served until it has another filter
   */
  Subscription(
      String clientId,
      String filter,
      FrameFilter entries,
      Optional<CanalException> filterProblem,
      Consumer consumer,
      Shared shared) {
    this.clientId = requireNonNull(clientId, "clientId is null");
    this.filter = requireNonNull(filter, "filter is null");
    this.storedFilter = filter;
    this.entries = requireNonNull(entries, "entries is null");
    this.filterProblem = requireNonNull(filterProblem, "filterProblem is null");
    this.consumer = requireNonNull(consumer, "consumer is null");
    this.shared = requireNonNull(shared, "shared is null");
    this.tasks = new SerialExecutor(shared.workers());
    this.ahead = prefetch();
    this.acknowledged = consumer.acknowledged();
  }

  private Prefetch prefetch() {
    return new Prefetch(
        consumer,
        entries,
        shared.encodings().join(filter),
        shared.budget(),
        shared.workers(),
        this::encoded);
  }

  public String clientId() {
    return clientId;
  }

  public String filter() {
    return filter;
  }

  /** Up to where its client has acknowledged, at most a second behind. */
  public SourcePosition acknowledged() {
    return acknowledged;
  }

  /**
   * Makes the newcomer the one session that fetches and acknowledges, and rolls back what the one
   * before has not acknowledged. A session that holds it is ended, unless that happened less than
   * {@link #TAKEOVER_PAUSE} ago: then the newcomer is.
   */
  public void attach(Subscriber newcomer, Runnable attached) {
    tasks.execute(
        () -> {
          if (closed) {
            newcomer.refuse(gone());
          } else if (holder == newcomer || mayHold(newcomer)) {
            attached.run();
          }
        });
  }

  private boolean mayHold(Subscriber newcomer) {
    if (holder != null && holder.isOpen()) {
      long now = shared.nanoClock().getAsLong();
      if (takenBefore && now - lastTakeoverNanos < TAKEOVER_PAUSE.toNanos()) {
        newcomer.end(
            EndReason.TAKEN_OVER,
            "%s is in use by %s, which took it over less than %d s ago"
                .formatted(name(), holder.address(), TAKEOVER_PAUSE.toSeconds()));
        return false;
      }
      takenBefore = true;
      lastTakeoverNanos = now;
      LOGGER.info("{}: {} takes over from {}", name(), newcomer.address(), holder.address());
      holder.end(EndReason.TAKEN_OVER, name() + " was taken over by " + newcomer.address());
    }
    leave();
    holder = newcomer;
    return true;
  }

  /** The session is over; what it has not acknowledged comes again. */
  public void detach(Subscriber subscriber) {
    tasks.execute(
        () -> {
          if (holder == subscriber) {
            leave();
          }
        });
  }

  private void leave() {
    holder = null;
    waiting = null;
    movedFrom.clear();
    if (!closed) {
      rewindTo(0);
    }
  }

  /**
   * Asks for a batch: as full as {@code fetchSize} allows, or what the log has. The session holds
   * the subscription and asks again only after the answer.
   *
   * @param wait whether to wait while there is nothing, until {@link #expire}
   */
  public void fetch(Subscriber subscriber, int fetchSize, boolean wait) {
    BatchLimit limit = BatchLimit.of(shared.batchMode(), fetchSize);
    tasks.execute(
        () -> {
          if (closed) {
            subscriber.refuse(gone());
          } else if (holder == subscriber && moving) {
            park(new Fetch(subscriber, limit, wait));
          } else if (holder == subscriber) {
            answer(new Fetch(subscriber, limit, wait));
          }
        });
  }

  /** A fetch amid a move is answered from where that leads. */
  private void park(Fetch fetch) {
    waiting = fetch.mayWait() ? fetch.waits() : fetch;
  }

  /** Answers a fetch that still waits: there is nothing. */
  public void expire(Subscriber subscriber) {
    tasks.execute(
        () -> {
          if (waiting == null || waiting.subscriber() != subscriber) {
            return;
          }
          if (ahead.isEmpty()) {
            waiting = null;
            subscriber.nothing();
          } else {
            waiting = waiting.expired(); // what is being encoded answers it at once
          }
        });
  }

  private void answer(Fetch fetch) {
    waiting = null;
    if (filterProblem.isPresent()) {
      fetch.subscriber().refuse(filterProblem.get());
      return;
    }
    try {
      Optional<Batch> batch = fill(fetch.limit());
      if (batch.isPresent()) {
        fetch.subscriber().deliver(batch.get());
        fillAhead(fetch.limit());
      } else if (!ahead.isEmpty()) {
        waiting = fetch; // until it is encoded
      } else if (consumer.state().kind() == ConsumerState.Kind.FAILED) {
        fetch.subscriber().refuse(cannotGoOn());
      } else if (!fetch.mayWait()) {
        fetch.subscriber().nothing();
      } else {
        waiting = fetch.waits();
        listen();
      }
    } catch (RuntimeException | OutOfMemoryError e) {
      rewindTo(outstanding.size());
      fetch.subscriber().refuse(unreadable(e));
    }
  }

  private void fillAhead(BatchLimit limit) {
    try {
      ahead.fillAhead(limit, tasks::hasWaiting);
    } catch (RuntimeException | OutOfMemoryError e) {
      LOGGER.debug("{}: the next fetch tells", name(), e);
      rewindTo(outstanding.size());
    }
  }

  private void listen() {
    if (!listening) {
      listening = true;
      consumer.whenReadable(
          () -> {
            try {
              tasks.execute(this::changed);
            } catch (RejectedExecutionException e) {
              LOGGER.debug("{}: the workers have ended", name());
            }
          });
    }
  }

  private void changed() {
    listening = false;
    goOn();
  }

  private void goOn() {
    if (waiting != null && !moving) {
      answer(waiting);
    }
  }

  /** Called by workers. */
  private void encoded() {
    tasks.execute(this::goOn);
  }

  /**
   * Takes what comes next. Empty where it is not encoded yet, or where the log has nothing that the
   * filter lets through; then the position has moved past it, if nothing is outstanding.
   */
  private Optional<Batch> fill(BatchLimit limit) {
    if (ahead.exceeds(limit)) {
      rewindTo(outstanding.size());
    }
    while (true) {
      ahead.fill(limit);
      if (ahead.isEmpty() && outstanding.isEmpty()) {
        passed();
      }
      Optional<Prefetch.Taken> taken = ahead.take(limit);
      Optional<Encoded> stopped = taken.isPresent() ? Optional.empty() : ahead.stopped();
      if (stopped.isEmpty()) {
        return taken.map(this::batch);
      }
      endBefore(stopped.get());
    }
  }

  /** The next batch ends before a frame that cannot be encoded, or not with those before it. */
  private void endBefore(Encoded stopped) {
    LOGGER.debug("{}: a batch ends before {}", name(), stopped.stoppedAt());
    rewindTo(outstanding.size());
    if (stopped.entries() == 0) {
      throw stopped.failure().orElseThrow();
    }
    ahead.stopBefore(stopped);
  }

  private Batch batch(Prefetch.Taken taken) {
    Batch batch = new Batch(shared.batchIds().getAsLong(), taken.parts(), ahead::released);
    Mark end = consumer.delivered(taken.end());
    outstanding.add(new Outstanding(batch.id(), end, batch.length()));
    counted();
    rowsDelivered.add(batch.rows());
    entriesDelivered.add(batch.entries());
    bytesDelivered.add(batch.length());
    return batch;
  }

  /** The client has the batch, the oldest that it did not acknowledge. */
  public void acknowledge(Subscriber subscriber, long batchId) {
    tasks.execute(
        () -> {
          if (closed || holder != subscriber || movedFrom.contains(batchId)) {
            return;
          }
          Outstanding oldest = outstanding.peek();
          if (oldest == null || oldest.id() != batchId) {
            endHolder(wrongBatch("ack", batchId, oldest));
            return;
          }
          outstanding.remove();
          consumer.acknowledge(oldest.end());
          counted();
          moved();
        });
  }

  /**
   * The client wants the batch, and all after it, again; 0 stands for all that is outstanding. Does
   * nothing where nothing is.
   */
  public void rollback(Subscriber subscriber, long batchId) {
    tasks.execute(
        () -> {
          if (closed
              || holder != subscriber
              || outstanding.isEmpty()
              || movedFrom.contains(batchId)) {
            return;
          }
          int kept = 0;
          if (batchId != 0) {
            for (Outstanding batch : outstanding) {
              if (batch.id() == batchId) {
                rewindTo(kept);
                return;
              }
              kept++;
            }
            endHolder(wrongBatch("rollback", batchId, outstanding.peek()));
            return;
          }
          rewindTo(0);
        });
  }

  private void endHolder(String message) {
    Subscriber ended = holder;
    leave();
    ended.end(EndReason.BAD_BATCH_ID, message);
  }

  private String wrongBatch(String what, long batchId, Outstanding oldest) {
    return "%s: %s of batch %d, expected %s"
        .formatted(
            name(),
            what,
            batchId,
            oldest == null ? "none, as no batch is outstanding" : String.valueOf(oldest.id()));
  }

  /** Goes back to the end of the first {@code kept} batches that are outstanding. */
  private void rewindTo(int kept) {
    boolean nothingRead = outstanding.isEmpty() && ahead.isEmpty() && !consumer.hasRead();
    ahead.drop();
    while (outstanding.size() > kept) {
      outstanding.removeLast();
    }
    counted();
    if (nothingRead) {
      return;
    }
    consumer.rewind(kept);
  }

  /**
   * Moves the position past what the filter drops, where nothing is outstanding, so that a consumer
   * that nothing comes for holds nothing up; called now and then, with or without a session.
   */
  public void passFiltered() {
    tasks.execute(
        () -> {
          if (!closed && !moving) {
            letGo();
          }
          if (!closed && !moving && ahead.isEmpty()) {
            consumer.settle();
          }
          if (!closed
              && !moving
              && outstanding.isEmpty()
              && ahead.isEmpty()
              && filterProblem.isEmpty()) {
            try {
              consumer.passHidden(entries);
              passed();
            } catch (RuntimeException e) {
              rewindTo(0);
              logFailure(e);
            }
          }
          if (movedUnsaid && !closed && !moving) {
            moved();
          }
        });
  }

  private void letGo() {
    if (consumer.mustLetGo()) {
      if (ahead.isEmpty()) {
        ahead.drop();
      } else {
        rewindTo(outstanding.size());
      }
      consumer.letGo();
      goOn();
    }
  }

  private void passed() {
    if (consumer.hasRead()) {
      consumer.acknowledge(consumer.mark());
      movedUnsaid = true;
    }
  }

  private void moved() {
    movedUnsaid = false;
    acknowledged = consumer.acknowledged();
    shared.positions().moved(clientId, acknowledged);
  }

  private void counted() {
    outstandingBatches = outstanding.size();
    outstandingBytes = outstanding.stream().mapToLong(Outstanding::bytes).sum();
  }

  /** Another filter is stored, on a thread that may wait, and counts from the next fetch on. */
  void replaceFilter(String newFilter, FrameFilter newEntries, Runnable replaced) {
    synchronized (storing) {
      requireKept();
      shared.positions().save(clientId, new StoredConsumer(newFilter, acknowledged));
      storedFilter = newFilter;
    }
    tasks.execute(
        () -> {
          filter = newFilter;
          entries = newEntries;
          filterProblem = Optional.empty();
          if (!ahead.isEmpty()) {
            rewindTo(outstanding.size());
          }
          ahead.filter(newFilter, newEntries);
          if (!closed && !moving) {
            moved();
            goOn(); // what a fetch waited for is no longer ahead
          }
          replaced.run();
        });
  }

  /**
   * Goes on from another position of the source. What the session has and did not acknowledge is
   * void: it goes on with what comes from there, and its acks of what it had do nothing.
   *
   * @param storeExecutor may wait for the position store, which has the position before anything is
   *     delivered from it
   * @return done once it counts; fails, with everything as before, where it cannot be stored
   */
  CompletableFuture<Void> moveTo(SourcePosition position, Executor storeExecutor) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    tasks.execute(
        () -> {
          if (closed) {
            done.completeExceptionally(gone());
          } else if (moving) {
            done.completeExceptionally(
                new CanalException(ErrorCode.RETRY, name() + " is being moved already"));
          } else {
            moving = true;
            outstanding.forEach(batch -> movedFrom.add(batch.id()));
            rewindTo(0);
            storeExecutor.execute(() -> store(position, done));
          }
        });
    return done;
  }

  private void store(SourcePosition position, CompletableFuture<Void> done) {
    Consumer next = null;
    CanalException failure = null;
    SourcePosition before = acknowledged;
    try {
      next = shared.consumers().apply(clientId, position);
      synchronized (storing) {
        requireKept();
        acknowledged = position;
        shared.positions().save(clientId, new StoredConsumer(storedFilter, position));
      }
    } catch (RuntimeException e) {
      acknowledged = before;
      failure =
          e instanceof CanalException known
              ? known
              : new CanalException(ErrorCode.RETRY, name() + " cannot be moved: " + e, e);
      if (next != null) {
        next.close();
        next = null;
      }
    }
    Optional<Consumer> from = Optional.ofNullable(next);
    Optional<CanalException> reason = Optional.ofNullable(failure);
    tasks.execute(() -> arrive(from, reason, done));
  }

  private void requireKept() {
    if (forgotten) {
      throw gone();
    }
  }

  /** Deletes what is stored of it; nothing is stored after that. Then it is closed. */
  void forget() {
    synchronized (storing) {
      shared.positions().delete(clientId);
      forgotten = true;
    }
  }

  private void arrive(
      Optional<Consumer> from, Optional<CanalException> failure, CompletableFuture<Void> done) {
    moving = false;
    if (closed) {
      from.ifPresent(Consumer::close);
    } else if (from.isPresent()) {
      LOGGER.info("{}: moved from {} to {}", name(), consumer.acknowledged(), acknowledged);
      ahead.close();
      consumer.close();
      consumer = from.get();
      ahead = prefetch();
      listening = false;
      movedUnsaid = false;
    }
    if (!closed) {
      goOn();
    }
    failure.ifPresentOrElse(done::completeExceptionally, () -> done.complete(null));
  }

  /**
   * Ends it for good, and the session that holds it unless that is {@code except}; positions that
   * moved are told to the saver before {@code done}.
   */
  void close(String reason, Subscriber except, CountDownLatch done) {
    tasks.execute(
        () -> {
          try {
            if (!closed) {
              if (movedUnsaid) {
                moved();
              }
              closed = true;
              Subscriber last = holder;
              leave();
              ahead.close();
              outstanding.clear();
              counted();
              consumer.close();
              if (last != null && last != except) {
                last.end(EndReason.GONE, reason);
              }
            }
          } finally {
            done.countDown();
          }
        });
  }

  /**
   * What operators see. Any thread.
   *
   * @param nowSeconds since the epoch
   */
  public SubscriptionStatus status(long nowSeconds) {
    long lag =
        consumer.oldestSeconds().map(seconds -> Math.max(0, nowSeconds - seconds)).orElse(0L);
    return new SubscriptionStatus(
        clientId,
        filter,
        acknowledged,
        filterProblem.map(ConsumerState::failed).orElseGet(consumer::state),
        lag,
        outstandingBatches,
        outstandingBytes,
        Optional.ofNullable(holder).map(Subscriber::address),
        rowsDelivered.sum(),
        entriesDelivered.sum(),
        bytesDelivered.sum());
  }

  private String name() {
    return "client id " + clientId + " of " + shared.destination();
  }

  private CanalException gone() {
    return new CanalException(
        ErrorCode.BAD_REQUEST, name() + ": the subscription has ended, subscribe again");
  }

  private CanalException cannotGoOn() {
    return new CanalException(
        ErrorCode.BAD_REQUEST,
        "%s cannot go on after %s: %s; to give it another place: bin/canal position set %s %s ..."
            .formatted(
                name(),
                consumer.acknowledged(),
                consumer.state().reason(),
                shared.destination(),
                clientId));
  }

  private CanalException unreadable(Throwable e) {
    logFailure(e);
    return e instanceof CanalException known
        ? known
        : new CanalException(
            ErrorCode.BAD_REQUEST,
            name() + ": changes after " + acknowledged + " cannot be delivered: " + e,
            e);
  }

  private void logFailure(Throwable e) {
    long now = shared.nanoClock().getAsLong();
    if (!failedBefore || now - lastFailureNanos >= Duration.ofSeconds(1).toNanos()) {
      failedBefore = true;
      lastFailureNanos = now;
      LOGGER.error("{}: changes after {} cannot be delivered", name(), acknowledged, e);
    }
  }
}
