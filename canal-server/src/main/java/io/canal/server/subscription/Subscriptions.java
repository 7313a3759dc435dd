package io.canal.server.subscription;

import static java.util.Objects.requireNonNull;

import io.canal.parser.consumer.CatchUps;
import io.canal.parser.consumer.Consumer;
import io.canal.parser.log.ChangeLog;
import io.canal.parser.log.FrameFilter;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.SourcePosition;
import io.canal.protocol.Start;
import io.canal.server.config.BatchMode;
import io.canal.server.position.PositionSaver;
import io.canal.server.position.StoredConsumer;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The subscriptions of one running destination, by client id, and the catch-ups that they share.
 * Any thread may call it; what needs the position store runs on an executor that may wait for it.
 */
public final class Subscriptions implements AutoCloseable {
  private static final Logger LOGGER = LoggerFactory.getLogger(Subscriptions.class);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

  /** Batch ids of one second since the epoch; their rise outlives this process. */
  private static final int BATCH_ID_BITS = 20;

  private final String destination;
  private final ChangeLog log;
  private final CatchUps catchUps;
  private final PositionSaver positions;
  private final Function<String, FrameFilter> filters;
  private final Starts starts;
  private final Executor storeExecutor;
  private final Executor sourceExecutor;
  private final Clock clock;
  private final Subscription.Shared shared;
  private final Map<String, Subscription> byClientId = new ConcurrentSkipListMap<>();

  // guarded by this
  private boolean closed;

  /** Finds the place of a start at the source. */
  @FunctionalInterface
  public interface Starts {
    /**
     * Called on a thread that may wait.
     *
     * @throws CanalException RETRY where the source cannot be asked, else where it has no such
     *     place
     */
    SourcePosition resolve(Start start);
  }

  /** What a client asks for when it subscribes. */
  public record Request(String filter, Optional<Start> start, boolean onlyIfNew) {
    /**
     * @param filter replaces the one that it has, unless it is empty
     * @param start replaces its position
     * @param onlyIfNew whether {@code start} counts only where the client id has no position
     */
    public Request {
      requireNonNull(filter, "filter is null");
      requireNonNull(start, "start is null");
    }
  }

  /**
   * @param catchUps of the destination, closed with this
   * @param filters gives a filter for an expression, perhaps empty; throws a {@link CanalException}
   *     that shows what is wrong with it
   * @param writers gives another writer of entries, for one more thread
   * @param workers encode batches
   * @param storeExecutor may wait for the position store
   * @param sourceExecutor may wait for the source too, which can take as long as it reads a file
   * @param nanoClock as {@link System#nanoTime}
   */
  public Subscriptions(
      String destination,
      ChangeLog log,
      CatchUps catchUps,
      PositionSaver positions,
      Function<String, FrameFilter> filters,
      Supplier<EntryWriter> writers,
      BatchMode batchMode,
      BatchBuffers buffers,
      EncodedBytes budget,
      Executor workers,
      Starts starts,
      Executor storeExecutor,
      Executor sourceExecutor,
      Clock clock,
      LongSupplier nanoClock) {
    this.destination = requireNonNull(destination, "destination is null");
    this.log = requireNonNull(log, "log is null");
    this.catchUps = requireNonNull(catchUps, "catchUps is null");
    this.positions = requireNonNull(positions, "positions is null");
    this.filters = requireNonNull(filters, "filters is null");
    this.starts = requireNonNull(starts, "starts is null");
    this.storeExecutor = requireNonNull(storeExecutor, "storeExecutor is null");
    this.sourceExecutor = requireNonNull(sourceExecutor, "sourceExecutor is null");
    this.clock = requireNonNull(clock, "clock is null");
    AtomicLong lastBatchId = new AtomicLong(clock.instant().getEpochSecond() << BATCH_ID_BITS);
    this.shared =
        new Subscription.Shared(
            destination,
            (clientId, position) -> new Consumer(clientId, position, log, catchUps),
            positions,
            requireNonNull(batchMode, "batchMode is null"),
            new SharedEncodings(new ChunkEncoder(writers, buffers, budget), budget),
            requireNonNull(budget, "budget is null"),
            requireNonNull(workers, "workers is null"),
            lastBatchId::incrementAndGet,
            requireNonNull(nanoClock, "nanoClock is null"));
  }

  public String destination() {
    return destination;
  }

  /**
   * Opens a consumer that the store knows, at its position, detached where the log does not hold
   * that. One whose filter is broken fails alone. Called before the receiver starts.
   */
  public void restore(String clientId, StoredConsumer stored) {
    Optional<CanalException> problem = Optional.empty();
    FrameFilter filter;
    try {
      filter = filters.apply(stored.filter());
    } catch (CanalException e) {
      LOGGER.error("client id {} of {} cannot go on: {}", clientId, destination, e.getMessage());
      problem = Optional.of(e);
      filter = filters.apply("");
    }
    Consumer consumer = shared.consumers().apply(clientId, stored.position());
    byClientId.put(
        clientId, new Subscription(clientId, stored.filter(), filter, problem, consumer, shared));
  }

  /**
   * Makes the subscriber the holder of a client id, which is created where there is none, and takes
   * it to the start that it names: its position is stored before anything is delivered. Tells
   * {@code subscribed}, or the subscriber.
   */
  public void subscribe(
      short clientId,
      Request request,
      Subscriber subscriber,
      java.util.function.Consumer<Subscription> subscribed) {
    storeExecutor.execute(
        () ->
            refusing(
                subscriber,
                () -> {
                  String name = Short.toString(clientId);
                  FrameFilter entries;
                  try {
                    entries = filters.apply(request.filter());
                  } catch (CanalException e) {
                    subscriber.refuseRequest(e);
                    return;
                  }
                  boolean goesOn = request.onlyIfNew() && byClientId.containsKey(name);
                  if (request.start().isEmpty() || goesOn) {
                    Subscription subscription =
                        findOrCreate(name, request.filter(), entries, Optional.empty());
                    attach(subscription, request.filter(), entries, subscriber, subscribed);
                  } else {
                    sourceExecutor.execute(
                        () -> startThenAttach(name, request, entries, subscriber, subscribed));
                  }
                }));
  }

  private void startThenAttach(
      String clientId,
      Request request,
      FrameFilter entries,
      Subscriber subscriber,
      java.util.function.Consumer<Subscription> subscribed) {
    refusing(
        subscriber,
        () -> {
          SourcePosition start;
          try {
            start = starts.resolve(request.start().orElseThrow());
          } catch (CanalException e) {
            if (e.code() == ErrorCode.RETRY) {
              throw e;
            }
            subscriber.refuseRequest(e);
            return;
          }
          Subscription known = byClientId.get(clientId);
          if (known == null) {
            attach(
                findOrCreate(clientId, request.filter(), entries, Optional.of(start)),
                request.filter(),
                entries,
                subscriber,
                subscribed);
            return;
          }
          // first the holder's session ends or the newcomer's does, then the position moves
          known.attach(
              subscriber,
              () -> {
                var unused =
                    known
                        .moveTo(start, storeExecutor)
                        .whenComplete(
                            (done, failure) ->
                                refusing(
                                    subscriber,
                                    () -> {
                                      if (failure != null) {
                                        throw asCanalException(failure);
                                      }
                                      attached(
                                          known, request.filter(), entries, subscriber, subscribed);
                                    }));
              });
        });
  }

  private void attach(
      Subscription subscription,
      String filter,
      FrameFilter entries,
      Subscriber subscriber,
      java.util.function.Consumer<Subscription> subscribed) {
    subscription.attach(
        subscriber, () -> attached(subscription, filter, entries, subscriber, subscribed));
  }

  private void attached(
      Subscription subscription,
      String filter,
      FrameFilter entries,
      Subscriber subscriber,
      java.util.function.Consumer<Subscription> subscribed) {
    if (filter.isEmpty() || filter.equals(subscription.filter())) {
      subscribed.accept(subscription);
      return;
    }
    storeExecutor.execute(
        () ->
            refusing(
                subscriber,
                () ->
                    subscription.replaceFilter(
                        filter, entries, () -> subscribed.accept(subscription))));
  }

  private synchronized Subscription findOrCreate(
      String clientId, String filter, FrameFilter entries, Optional<SourcePosition> start) {
    Subscription known = byClientId.get(clientId);
    if (known != null) {
      return known;
    }
    if (closed) {
      throw new CanalException(
          ErrorCode.BAD_REQUEST, "destination " + destination + " is stopping");
    }
    Consumer consumer =
        start
            .map(position -> shared.consumers().apply(clientId, position))
            .orElseGet(() -> Consumer.atOldest(clientId, log, catchUps));
    try {
      positions.save(clientId, new StoredConsumer(filter, consumer.acknowledged()));
    } catch (RuntimeException e) {
      consumer.close();
      throw e;
    }
    Subscription created =
        new Subscription(clientId, filter, entries, Optional.empty(), consumer, shared);
    byClientId.put(clientId, created);
    LOGGER.info("client id {} of {} begins at {}", clientId, destination, consumer.acknowledged());
    return created;
  }

  /**
   * Takes a client id, which is created where there is none, to a position, and waits until that is
   * stored and counts. A session that holds it goes on from there.
   *
   * @throws CanalException where that cannot be; then all is as before
   */
  public void moveTo(String clientId, SourcePosition position) {
    Subscription known = byClientId.get(clientId);
    if (known == null) {
      findOrCreate(clientId, "", filters.apply(""), Optional.of(position));
      return;
    }
    try {
      known.moveTo(position, storeExecutor).join();
    } catch (CompletionException e) {
      throw asCanalException(e);
    }
  }

  private static CanalException asCanalException(Throwable failure) {
    Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
    return cause instanceof CanalException known
        ? known
        : new CanalException(ErrorCode.RETRY, String.valueOf(cause), cause);
  }

  /** Deletes a client id with its filter and position, if there is one; then runs {@code done}. */
  public void unsubscribe(short clientId, Subscriber subscriber, Runnable done) {
    storeExecutor.execute(
        () ->
            refusing(
                subscriber,
                () -> {
                  delete(Short.toString(clientId), subscriber);
                  done.run();
                }));
  }

  private void delete(String clientId, Subscriber subscriber) {
    delete(clientId, subscriber.address(), Optional.of(subscriber));
  }

  /** Deletes a client id with its filter and position; a session that holds it ends. */
  public void delete(String clientId) {
    delete(clientId, "an operator", Optional.empty());
  }

  private synchronized void delete(String clientId, String by, Optional<Subscriber> except) {
    Subscription subscription = byClientId.get(clientId);
    if (subscription == null) {
      positions.delete(clientId);
    } else {
      subscription.forget();
      byClientId.remove(clientId);
      String reason =
          "client id %s of %s was unsubscribed by %s".formatted(clientId, destination, by);
      subscription.close(reason, except.orElse(null), new CountDownLatch(1));
      LOGGER.info("{}", reason);
    }
  }

  private void refusing(Subscriber subscriber, Runnable action) {
    try {
      action.run();
    } catch (CanalException e) {
      subscriber.refuse(e);
    } catch (RuntimeException e) {
      LOGGER.error("{}: a request of {} failed", destination, subscriber.address(), e);
      subscriber.refuse(
          new CanalException(ErrorCode.BAD_REQUEST, "destination " + destination + ": " + e, e));
    }
  }

  public Optional<Subscription> find(short clientId) {
    return Optional.ofNullable(byClientId.get(Short.toString(clientId)));
  }

  /** All of them, by client id. */
  public List<SubscriptionStatus> list() {
    long now = clock.instant().getEpochSecond();
    return byClientId.values().stream().map(subscription -> subscription.status(now)).toList();
  }

  /** Lets positions pass what filters drop, and lends catch-ups; called about once a second. */
  public void tick() {
    catchUps.tick();
    byClientId.values().forEach(Subscription::passFiltered);
  }

  /** Ends all subscriptions of this process; their positions stay. Waits a few seconds at most. */
  @Override
  public void close() {
    List<Subscription> all;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      all = List.copyOf(byClientId.values());
      byClientId.clear();
    }
    CountDownLatch done = new CountDownLatch(all.size());
    all.forEach(
        subscription ->
            subscription.close("destination " + destination + " is stopping", null, done));
    try {
      if (!done.await(CLOSE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
        LOGGER.warn("{}: {} subscriptions have not ended in time", destination, done.getCount());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    catchUps.close();
  }
}
