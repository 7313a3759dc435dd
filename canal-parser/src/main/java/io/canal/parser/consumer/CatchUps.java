package io.canal.parser.consumer;

import static java.util.Objects.requireNonNull;

import io.canal.parser.log.ChangeLog;
import io.canal.parser.log.ChangeReader;
import io.canal.parser.log.LogFile;
import io.canal.parser.source.ReceiverStatus;
import io.canal.protocol.SourcePosition;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The few connections on which the detached consumers of a destination read the binary log again.
 * One begins when a consumer asks for changes, is shared by all whose positions are near, who go in
 * step, and ends with the last of them. Those that find no place stand in a line, in which whoever
 * stops asking loses its turn. Any thread; nothing here waits.
 *
 * <p>A place is lent. Who has changes to read and does not is put out, soon if others wait for it.
 * While somebody stands in the line, a connection ends after {@link #TURN}; who holds up those that
 * share it has as long. Who has not caught up until then asks again.
 */
public final class CatchUps implements AutoCloseable {
  /** Connections at a time. */
  static final int MAX_CONNECTIONS = 2;

  /** How long a consumer may leave changes unread, or not ask, while others wait. */
  static final Duration PATIENCE = Duration.ofSeconds(10);

  /** How long it may leave them unread while nobody waits. */
  static final Duration LONG_PATIENCE = Duration.ofSeconds(60);

  /** How long a connection lasts while others wait. */
  static final Duration TURN = Duration.ofSeconds(60);

  /** A position so many bytes ahead of a connection waits for it rather than take another. */
  private static final long NEAR_BYTES = 64L * 1024 * 1024;

  private static final Logger LOG = LoggerFactory.getLogger(CatchUps.class);

  /** Makes the streams. */
  @FunctionalInterface
  public interface Streams {
    /**
     * Gives one that is not started yet.
     *
     * @param connection which of the connections it uses, from 0; no two streams use one at a time
     * @param start between transactions
     */
    Stream open(int connection, SourcePosition start);
  }

  /** A stretch of the binary log that is received into a small log of its own. */
  public interface Stream extends AutoCloseable {
    ChangeLog log();

    ReceiverStatus status();

    void start();

    /** Ends the connection; may wait for that. */
    @Override
    void close();
  }

  /** A connection and who reads from it. */
  private static final class CatchUp {
    final int connection;
    final Stream stream;
    final SourcePosition start;
    final long startedNanos;
    final List<Seat> seats = new ArrayList<>();
    // consumers that the others waited for too long
    final Set<String> tooSlow = new HashSet<>();
    boolean ending;

    CatchUp(int connection, Stream stream, SourcePosition start, long nowNanos) {
      this.connection = connection;
      this.stream = stream;
      this.start = start;
      this.startedNanos = nowNanos;
    }

    ChangeLog log() {
      return stream.log();
    }

    boolean hasStopped() {
      return stream.status().state() == ReceiverStatus.State.STOPPED;
    }

    /** Whether it may bring what follows {@code from}, now or soon. */
    boolean isNear(SourcePosition from) {
      if (ending || hasStopped()) {
        return false;
      }
      ReceiverStatus head = stream.status();
      int order = LogFile.compareNames(from.file(), head.file());
      return order < 0 || (order == 0 && from.offset() <= head.offset() + NEAR_BYTES);
    }
  }

  /** What one detached consumer has of this: a place in the line, then a reader. */
  static final class Seat {
    private final String consumer;
    private final SourcePosition from;

    // guarded by the catch-ups
    private CatchUp catchUp;
    private ChangeReader reader;
    private Runnable callback;
    private long askedNanos;
    private long takenNanos;

    // written by the consumer's thread
    private volatile long polledNanos;
    private volatile long readTo;

    private volatile boolean withdrawn;

    private Seat(String consumer, SourcePosition from) {
      this.consumer = consumer;
      this.from = from;
    }

    /** Whether its time is over: it must be left. */
    boolean isWithdrawn() {
      return withdrawn;
    }
  }

  private final String destination;
  private final Streams streams;
  private final Executor closer;
  private final LongSupplier nanoClock;

  // guarded by this
  private final List<CatchUp> running = new ArrayList<>();
  private final List<Seat> line = new ArrayList<>();
  private boolean closed;

  /**
   * @param closer may wait for a stream to close
   * @param nanoClock as {@link System#nanoTime}
   */
  public CatchUps(String destination, Streams streams, Executor closer, LongSupplier nanoClock) {
    this.destination = requireNonNull(destination, "destination is null");
    this.streams = requireNonNull(streams, "streams is null");
    this.closer = requireNonNull(closer, "closer is null");
    this.nanoClock = requireNonNull(nanoClock, "nanoClock is null");
  }

  long nanoTime() {
    return nanoClock.getAsLong();
  }

  /** Connections that exist now. */
  public synchronized int connections() {
    return running.size();
  }

  Seat seat(String consumer, SourcePosition from) {
    return new Seat(consumer, from);
  }

  /** A reader at the seat's position, as soon as there is one for it. */
  synchronized Optional<ChangeReader> ask(Seat seat) {
    long now = nanoClock.getAsLong();
    seat.askedNanos = now;
    if (closed) {
      return Optional.empty();
    }
    for (CatchUp catchUp : running) {
      if (seat.reader == null
          && catchUp.isNear(seat.from)
          && !catchUp.tooSlow.contains(seat.consumer)) {
        catchUp
            .log()
            .open(seat.consumer, seat.from)
            .ifPresent(reader -> take(seat, catchUp, reader, now));
      }
    }
    if (seat.reader == null && !line.contains(seat)) {
      line.add(seat);
    }
    if (seat.reader == null && line.indexOf(seat) < MAX_CONNECTIONS - running.size()) {
      begin(seat, now);
    }
    return Optional.ofNullable(seat.reader);
  }

  private void begin(Seat seat, long now) {
    SourcePosition start = withoutOpen(seat.from);
    int connection = running.stream().anyMatch(each -> each.connection == 0) ? 1 : 0;
    CatchUp catchUp = new CatchUp(connection, streams.open(connection, start), start, now);
    ChangeReader reader =
        catchUp
            .log()
            .open(seat.consumer, seat.from)
            .orElseThrow(() -> new IllegalStateException("a log does not hold its own start"));
    running.add(catchUp);
    take(seat, catchUp, reader, now);
    catchUp.stream.start();
    LOG.info("{}: catches up from {} for {}", destination, start, seat.consumer);
  }

  private void take(Seat seat, CatchUp catchUp, ChangeReader reader, long now) {
    line.remove(seat);
    seat.catchUp = catchUp;
    seat.reader = reader;
    seat.takenNanos = now;
    seat.polledNanos = now;
    seat.readTo = reader.position();
    catchUp.seats.add(seat);
  }

  /** The consumer has read its reader up to that place. */
  void polled(Seat seat, long readTo) {
    seat.polledNanos = nanoClock.getAsLong();
    seat.readTo = readTo;
  }

  /**
   * Why the connection behind the seat will bring no more; empty while it may. An error is the
   * seat's own where the connection began at its position: for others it proves nothing, they ask
   * with another seat.
   *
   * @return the reason, or an empty text where the seat has to be left and the consumer to ask anew
   */
  synchronized Optional<String> end(Seat seat) {
    if (!seat.catchUp.hasStopped()) {
      return Optional.empty();
    }
    boolean own = withoutOpen(seat.from).equals(seat.catchUp.start);
    return Optional.of(own ? seat.catchUp.stream.status().reason() : "");
  }

  private static SourcePosition withoutOpen(SourcePosition position) {
    return new SourcePosition(
        position.gtids(),
        position.serverUuid(),
        position.file(),
        position.offset(),
        Optional.empty());
  }

  /**
   * Runs the callback once, when it is worth while to ask again. For a seat without a reader, or
   * one whose connection may end.
   */
  synchronized void whenCalled(Seat seat, Runnable callback) {
    seat.callback = callback;
  }

  /** The consumer needs the seat no more, and has closed its reader. */
  void leave(Seat seat) {
    synchronized (this) {
      line.remove(seat);
      seat.callback = null;
      if (seat.catchUp != null && seat.catchUp.seats.remove(seat)) {
        endIfEmpty(seat.catchUp);
      }
    }
  }

  /** Takes places back and gives them on; called about once a second. */
  public void tick() {
    List<Runnable> calls = new ArrayList<>();
    synchronized (this) {
      long now = nanoClock.getAsLong();
      line.removeIf(seat -> seat.callback == null && now - seat.askedNanos > PATIENCE.toNanos());
      for (CatchUp catchUp : running) {
        withdraw(catchUp, now, calls);
        endIfEmpty(catchUp);
      }
      line.forEach(seat -> call(seat, now, calls));
    }
    calls.forEach(Runnable::run);
  }

  private void withdraw(CatchUp catchUp, long now, List<Runnable> calls) {
    long published = catchUp.log().published();
    boolean starved = catchUp.seats.stream().anyMatch(seat -> seat.readTo >= published);
    boolean turnIsOver = !line.isEmpty() && now - catchUp.startedNanos > TURN.toNanos();
    for (Seat seat : List.copyOf(catchUp.seats)) {
      boolean behind = seat.readTo < published;
      Duration patience = !line.isEmpty() || (starved && behind) ? PATIENCE : LONG_PATIENCE;
      boolean idle =
          (behind || catchUp.hasStopped()) && now - seat.polledNanos > patience.toNanos();
      boolean slow =
          starved
              && published - seat.readTo > catchUp.log().status().memoryBudgetBytes() / 2
              && now - seat.takenNanos > TURN.toNanos();
      if (slow) {
        catchUp.tooSlow.add(seat.consumer);
      }
      if (turnIsOver || idle || slow) {
        seat.withdrawn = true;
        catchUp.seats.remove(seat);
      }
      if (seat.withdrawn || catchUp.hasStopped()) {
        call(seat, now, calls);
      }
    }
  }

  private static void call(Seat seat, long now, List<Runnable> calls) {
    if (seat.callback != null) {
      calls.add(seat.callback);
      seat.callback = null;
      seat.askedNanos = now;
    }
  }

  private void endIfEmpty(CatchUp catchUp) {
    if (!catchUp.seats.isEmpty() || catchUp.ending) {
      return;
    }
    catchUp.ending = true;
    try {
      closer.execute(() -> end(catchUp));
    } catch (RejectedExecutionException e) {
      LOG.debug("{}: the server ends, and a catch-up with it", destination);
    }
  }

  private void end(CatchUp catchUp) {
    catchUp.stream.close();
    List<Runnable> calls = new ArrayList<>();
    synchronized (this) {
      running.remove(catchUp);
      long now = nanoClock.getAsLong();
      line.stream().limit(MAX_CONNECTIONS - running.size()).forEach(seat -> call(seat, now, calls));
    }
    calls.forEach(Runnable::run);
  }

  /** Ends all connections; waits for that. */
  @Override
  public void close() {
    List<CatchUp> last;
    synchronized (this) {
      closed = true;
      last = List.copyOf(running);
      running.clear();
      line.clear();
    }
    last.forEach(catchUp -> catchUp.stream.close());
  }
}
