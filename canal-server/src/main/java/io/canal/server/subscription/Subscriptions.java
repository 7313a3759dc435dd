package io.canal.server.subscription;

import static java.util.Objects.requireNonNull;

import io.canal.parser.consumer.CatchUps;
import io.canal.parser.consumer.Consumer;
import io.canal.parser.log.ChangeLog;
import io.canal.parser.log.FrameFilter;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.server.config.BatchMode;
import io.canal.server.position.PositionSaver;
import io.canal.server.position.StoredConsumer;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
  private final Executor storeExecutor;
  private final Clock clock;
  private final Subscription.Shared shared;
  private final Map<String, Subscription> byClientId = new ConcurrentSkipListMap<>();

  // guarded by this
  private boolean closed;

  /**
   * @param catchUps of the destination, closed with this
   * @param filters gives a filter for an expression, perhaps empty; throws a {@link CanalException}
   *     that shows what is wrong with it
   * @param writers gives another writer of entries, for one more thread
   * @param workers encode batches
   * @param storeExecutor may wait for the position store
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
      Executor storeExecutor,
      Clock clock,
      LongSupplier nanoClock) {
    this.destination = requireNonNull(destination, "destination is null");
    this.log = requireNonNull(log, "log is null");
    this.catchUps = requireNonNull(catchUps, "catchUps is null");
    this.positions = requireNonNull(positions, "positions is null");
    this.filters = requireNonNull(filters, "filters is null");
    this.storeExecutor = requireNonNull(storeExecutor, "storeExecutor is null");
    this.clock = requireNonNull(clock, "clock is null");
    AtomicLong lastBatchId = new AtomicLong(clock.instant().getEpochSecond() << BATCH_ID_BITS);
    this.shared =
        new Subscription.Shared(
            destination,
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
    Consumer consumer = new Consumer(clientId, stored.position(), log, catchUps);
    byClientId.put(
        clientId, new Subscription(clientId, stored.filter(), filter, problem, consumer, shared));
  }

  /**
   * Makes the subscriber the holder of a client id, which is created where there is none: its first
   * position is stored before anything is delivered. Tells {@code subscribed}, or the subscriber.
   *
   * @param filter replaces the one that it has, unless it is empty
   */
  public void subscribe(
      short clientId,
      String filter,
      Subscriber subscriber,
      java.util.function.Consumer<Subscription> subscribed) {
    storeExecutor.execute(
        () ->
            refusing(
                subscriber,
                () -> {
                  FrameFilter entries;
                  try {
                    entries = filters.apply(filter);
                  } catch (CanalException e) {
                    subscriber.refuseFilter(e);
                    return;
                  }
                  Subscription subscription =
                      findOrCreate(Short.toString(clientId), filter, entries);
                  subscription.attach(
                      subscriber,
                      () -> attached(subscription, filter, entries, subscriber, subscribed));
                }));
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
                () -> {
                  positions.save(
                      subscription.clientId(),
                      new StoredConsumer(filter, subscription.acknowledged()));
                  subscription.replaceFilter(
                      filter, entries, () -> subscribed.accept(subscription));
                }));
  }

  private synchronized Subscription findOrCreate(
      String clientId, String filter, FrameFilter entries) {
    Subscription known = byClientId.get(clientId);
    if (known != null) {
      return known;
    }
    if (closed) {
      throw new CanalException(
          ErrorCode.BAD_REQUEST, "destination " + destination + " is stopping");
    }
    Consumer consumer = Consumer.atOldest(clientId, log, catchUps);
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

  private synchronized void delete(String clientId, Subscriber subscriber) {
    positions.delete(clientId);
    Subscription subscription = byClientId.remove(clientId);
    if (subscription != null) {
      String reason =
          "client id %s of %s was unsubscribed by %s"
              .formatted(clientId, destination, subscriber.address());
      subscription.close(reason, subscriber, new CountDownLatch(1));
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
