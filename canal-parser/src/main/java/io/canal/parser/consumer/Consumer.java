package io.canal.parser.consumer;

import static java.util.Objects.requireNonNull;

import io.canal.parser.consumer.ConsumerState.Kind;
import io.canal.parser.log.ChangeLog;
import io.canal.parser.log.ChangeReader;
import io.canal.parser.log.Chunk;
import io.canal.parser.log.ChunkLimit;
import io.canal.parser.log.FrameFilter;
import io.canal.parser.log.Mark;
import io.canal.parser.log.Place;
import io.canal.protocol.SourcePosition;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One consumer of a destination, wherever it reads: what it has acknowledged and the marks that it
 * was given since, which outlive the readers. It reads the destination's log while that holds the
 * next change, else a catch-up, until the position it has reached is in the log again, without a
 * gap or a double.
 *
 * <p>Used by one thread at a time, except for {@link #state} and {@link #oldestSeconds}.
 *
 * <pre>{@code
 * Optional<Chunk> chunk = consumer.poll(limit, filter);
 * Mark end = consumer.delivered(encoded(chunk.get()));
 * // when the consumer has it safely:
 * consumer.acknowledge(end);
 * }</pre>
 */
public final class Consumer implements AutoCloseable {
  /** How long a failed one does not ask the source again. */
  static final Duration FAILURE_PAUSE = Duration.ofSeconds(30);

  /** So many bytes are read from a catch-up between two looks at the log. */
  private static final int LOOK_BYTES = 256 * 1024;

  private static final Logger LOG = LoggerFactory.getLogger(Consumer.class);

  /** A mark that is not acknowledged, and the reader that made it. */
  private record Delivered(Mark mark, ChangeReader reader) {}

  private final String name;
  private final ChangeLog log;
  private final CatchUps catchUps;

  // owned by the consumer's thread: the reader is null while it is detached and has no seat's
  private ChangeReader reader;
  private CatchUps.Seat seat;
  private final Place acknowledged;
  private Place reached;
  private final Deque<Delivered> delivered = new ArrayDeque<>();
  // whose own acknowledged place is the consumer's; null where that lies in none
  private ChangeReader acknowledgedIn;
  // what readers before this one passed since the last mark
  private Optional<Mark> passed = Optional.empty();
  // log positions of the reader: behind the last chunk, the last one delivered, and what is noted
  private long polledTo;
  private long markedTo;
  private long passedTo;
  private long lookAt;
  // whether no chunk is given until all are delivered, as the reader is to be left then
  private boolean leaving;
  private long failedNanos;
  private Runnable listener = () -> {};
  private boolean closed;

  // written by the consumer's thread, read by all
  private volatile ConsumerState state = ConsumerState.of(Kind.DETACHED);
  private volatile ChangeReader attached;

  /** A consumer that goes on after {@code acknowledged}, detached where the log does not. */
  public Consumer(String name, SourcePosition acknowledged, ChangeLog log, CatchUps catchUps) {
    this.name = requireNonNull(name, "name is null");
    this.log = requireNonNull(log, "log is null");
    this.catchUps = requireNonNull(catchUps, "catchUps is null");
    this.acknowledged = Place.of(acknowledged);
    this.reached = this.acknowledged.copy();
    log.open(name, acknowledged).ifPresent(this::attach);
  }

  /** A new consumer, which begins with the oldest transaction whose BEGIN the log holds. */
  public static Consumer atOldest(String name, ChangeLog log, CatchUps catchUps) {
    return new Consumer(name, log.openAtOldest(name), log, catchUps);
  }

  private Consumer(String name, ChangeReader oldest, ChangeLog log, CatchUps catchUps) {
    this.name = requireNonNull(name, "name is null");
    this.log = requireNonNull(log, "log is null");
    this.catchUps = requireNonNull(catchUps, "catchUps is null");
    this.acknowledged = Place.of(oldest.acknowledged());
    this.reached = this.acknowledged.copy();
    attach(oldest);
  }

  public String name() {
    return name;
  }

  // ---- reading

  /**
   * Gives the next stretch that holds something for this consumer, as {@link ChangeReader#poll};
   * empty where none can be had now, see {@link #state} and {@link #whenReadable}. To call it is to
   * ask for changes: a detached consumer then takes a place in a catch-up.
   *
   * <p>Between two readers it gives nothing until all chunks of the first are {@link #delivered}.
   */
  public Optional<Chunk> poll(ChunkLimit limit, FrameFilter filter) {
    while (!closed) {
      if (reader == null && !findReader()) {
        return Optional.empty();
      }
      if (seat != null && reader.position() >= lookAt) {
        look();
      }
      if (leaving) {
        if (!isDrained()) {
          return Optional.empty();
        }
        if (leave()) {
          continue;
        }
      }
      Optional<Chunk> chunk = reader.poll(limit, filter);
      if (chunk.isPresent()) {
        polledTo = chunk.get().end();
        return chunk;
      }
      if (!isDrained() || reader.position() >= limit.end()) {
        return Optional.empty();
      }
      if (reader.isDetached()) {
        pass();
        leaveReader();
      } else if (seat == null || !goesOn()) {
        return Optional.empty();
      }
    }
    return Optional.empty();
  }

  /** As {@link ChangeReader#follow}, in the destination's log alone. */
  public boolean follow(Chunk chunk) {
    if (attached == null || leaving || !reader.follow(chunk)) {
      return false;
    }
    polledTo = chunk.end();
    return true;
  }

  /** As {@link ChangeReader#hidden}. */
  public Optional<Mark> hidden() {
    return reader == null ? Optional.empty() : reader.hidden();
  }

  /** Whether what it polls is of the destination's log. */
  public boolean isAttached() {
    return attached != null;
  }

  /** Goes over what the filter hides, in the destination's log alone; nothing is on its way. */
  public void passHidden(FrameFilter filter) {
    if (attached != null) {
      reader.passHidden(filter);
    }
  }

  /** Whether every chunk of the reader is delivered. */
  private boolean isDrained() {
    return polledTo <= markedTo;
  }

  /** Looks now and then whether to leave a catch-up. */
  private void look() {
    lookAt = reader.position() + LOOK_BYTES;
    catchUps.polled(seat, reader.position());
    leaving = leaving || seat.isWithdrawn() || log.holds(reached.position());
  }

  /** Leaves a catch-up, if it can be left here. */
  private boolean leave() {
    pass();
    if (joined()) {
      return true;
    }
    if (seat.isWithdrawn()) {
      leaveReader();
      return true;
    }
    // inside a transaction, or the log has dropped what it held
    leaving = reached.isInside();
    return false;
  }

  /** At the end of what a catch-up has now: whether to go on all the same. */
  private boolean goesOn() {
    catchUps.polled(seat, reader.position());
    pass();
    if (joined()) {
      return true;
    }
    Optional<String> end = catchUps.end(seat);
    if (end.isEmpty()) {
      return false;
    }
    if (!reader.isAtEnd()) {
      return true;
    }
    leaveReader();
    if (end.get().isEmpty()) {
      return true;
    }
    failedNanos = catchUps.nanoTime();
    become(new ConsumerState(Kind.FAILED, end.get()));
    return false;
  }

  private boolean findReader() {
    SourcePosition from = reached.position();
    Optional<ChangeReader> found = log.open(name, from);
    if (found.isPresent()) {
      attach(found.get());
      return true;
    }
    if (state.kind() == Kind.FAILED
        && catchUps.nanoTime() - failedNanos < FAILURE_PAUSE.toNanos()) {
      return false;
    }
    if (seat == null) {
      seat = catchUps.seat(name, from);
    }
    found = catchUps.ask(seat);
    if (found.isEmpty()) {
      become(ConsumerState.of(Kind.WAITING));
      return false;
    }
    enter(found.get());
    become(ConsumerState.of(Kind.CATCHING_UP));
    return true;
  }

  /** Goes over to the destination's log, if that holds what follows. */
  private boolean joined() {
    if (reached.isInside()) {
      return false;
    }
    Optional<ChangeReader> found = log.open(name, reached.position());
    found.ifPresent(this::attach);
    return found.isPresent();
  }

  private void attach(ChangeReader found) {
    leaveReader();
    enter(found);
    attached = found;
    become(ConsumerState.of(Kind.ATTACHED));
  }

  /** Reads on with a reader that was opened at the place reached. */
  private void enter(ChangeReader found) {
    reader = found;
    reached.leaveTransaction();
    polledTo = found.position();
    markedTo = polledTo;
    passedTo = polledTo;
    lookAt = 0;
    leaving = false;
    acknowledgedIn = delivered.isEmpty() && passed.isEmpty() ? found : null;
  }

  private void leaveReader() {
    if (reader != null) {
      reader.close();
    }
    if (seat != null) {
      catchUps.leave(seat);
    }
    if (acknowledgedIn == reader) {
      acknowledgedIn = null;
    }
    reader = null;
    seat = null;
    attached = null;
    // it waits at what has just been left
    Runnable told = listener;
    listener = () -> {};
    told.run();
  }

  /** Takes note of what the reader has gone over since the last chunk; nothing is on its way. */
  private void pass() {
    if (reader.position() != passedTo) {
      Mark here = reader.mark();
      passedTo = reader.position();
      markedTo = passedTo;
      passed = Optional.of(passed.map(before -> before.and(here)).orElse(here));
      reached.moveTo(here);
    }
  }

  /** Bytes of the log that can be read now. */
  public long unreadBytes() {
    return reader == null || leaving ? 0 : reader.unreadBytes();
  }

  /** Where it stands in the log that it reads at present. */
  public long position() {
    return reader == null ? 0 : reader.position();
  }

  /**
   * Runs {@code callback} once, as soon as it is worth while to ask for changes again; perhaps at
   * once, on this thread, else on one that must not be kept.
   */
  public void whenReadable(Runnable callback) {
    AtomicBoolean called = new AtomicBoolean();
    Runnable once =
        () -> {
          if (called.compareAndSet(false, true)) {
            callback.run();
          }
        };
    listener = once;
    if (seat != null) {
      catchUps.whenCalled(seat, once);
    }
    if (reader != null) {
      reader.whenReadable(once);
    } else if (seat == null) {
      once.run();
    }
  }

  // ---- places

  /** Whether it has gone on since the last mark; nothing is on its way. */
  public boolean hasRead() {
    return passed.isPresent() || (reader != null && reader.position() != passedTo);
  }

  /**
   * The consumer was given chunks, the oldest that were polled.
   *
   * @param end the mark behind them, of all of them together
   * @return the place reached, for {@link #acknowledge}
   */
  public Mark delivered(Mark end) {
    markedTo = end.position();
    passedTo = markedTo;
    reached.moveTo(end);
    Mark mark = passed.map(before -> before.and(end)).orElse(end);
    passed = Optional.empty();
    delivered.add(new Delivered(mark, reader));
    return mark;
  }

  /** The place reached, behind what was hidden; nothing is on its way. */
  public Mark mark() {
    if (reader != null) {
      pass();
    }
    Mark mark = passed.orElseThrow(() -> new IllegalStateException(name + " has read nothing"));
    passed = Optional.empty();
    delivered.add(new Delivered(mark, reader));
    return mark;
  }

  /** The consumer has everything up to {@code mark}; marks come in their order. */
  public void acknowledge(Mark mark) {
    Delivered oldest = delivered.peek();
    if (oldest == null || oldest.mark() != mark) {
      throw new IllegalArgumentException("not the oldest mark that is not acknowledged");
    }
    delivered.remove();
    acknowledged.moveTo(mark);
    acknowledgedIn = null;
    if (oldest.reader() != null && oldest.reader() == reader) {
      reader.acknowledge(mark);
      acknowledgedIn = reader;
    }
  }

  /**
   * Goes back to the last of the first {@code kept} marks that are not acknowledged, or, without
   * any, to the last acknowledged place. Later marks are void.
   */
  public void rewind(int kept) {
    while (delivered.size() > kept) {
      delivered.removeLast();
    }
    passed = Optional.empty();
    reached = acknowledged.copy();
    delivered.forEach(each -> reached.moveTo(each.mark()));
    ChangeReader target = delivered.isEmpty() ? acknowledgedIn : delivered.getLast().reader();
    if (reader == null || target != reader) {
      leaveReader();
      if (state.kind() != Kind.FAILED) {
        become(ConsumerState.of(Kind.DETACHED));
      }
      return;
    }
    List<Mark> marks = new ArrayList<>();
    for (Delivered each : delivered) {
      if (each.reader() == reader) {
        marks.add(each.mark());
      }
    }
    reader.rewind(marks);
    if (reader.isDetached()) {
      leaveReader();
      become(ConsumerState.of(Kind.DETACHED));
      return;
    }
    polledTo = reader.position();
    markedTo = polledTo;
    passedTo = polledTo;
    lookAt = 0;
  }

  /** The source position of the last acknowledged place, to be stored. */
  public SourcePosition acknowledged() {
    return acknowledged.position();
  }

  // ---- what is seen of it

  /** Any thread. */
  public ConsumerState state() {
    return state;
  }

  /**
   * Seconds since the epoch of the oldest change that is not acknowledged, at most, while it is
   * detached; empty where there is none. Any thread.
   */
  public Optional<Long> oldestSeconds() {
    ChangeReader now = attached;
    return log.timestampSecondsAt(now == null ? 0 : now.acknowledgedPosition());
  }

  /**
   * Goes over to the destination's log where that holds what follows, which asks for nothing; while
   * nothing is on its way.
   */
  public void settle() {
    if (attached != null || closed || (reader != null && !isDrained())) {
      return;
    }
    if (reader == null) {
      log.open(name, reached.position()).ifPresent(this::attach);
      return;
    }
    pass();
    joined();
  }

  /** Whether its reader is of no more use, or its place in a catch-up is over. */
  public boolean mustLetGo() {
    return reader != null && (seat == null ? reader.isDetached() : seat.isWithdrawn());
  }

  /** Leaves that reader; nothing is on its way. Looked after about once a second. */
  public void letGo() {
    if (mustLetGo()) {
      pass();
      leaveReader();
      become(ConsumerState.of(Kind.DETACHED));
    }
  }

  private void become(ConsumerState next) {
    ConsumerState before = state;
    state = next;
    if (before.kind() != next.kind()) {
      LOG.info(
          "{}: {} -> {} at {}{}",
          name,
          before.kind(),
          next.kind(),
          reached.position(),
          next.reason().isEmpty() ? "" : ": " + next.reason());
    }
  }

  /** The consumer leaves; it holds nothing up any longer. */
  @Override
  public void close() {
    closed = true;
    leaveReader();
  }
}
