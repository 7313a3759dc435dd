package io.canal.parser.consumer;

import static java.util.Objects.requireNonNull;

import io.canal.parser.consumer.ConsumerState.Kind;
import io.canal.parser.log.ChangeLog;
import io.canal.parser.log.ChangeReader;
import io.canal.parser.log.Frame;
import io.canal.parser.log.FrameKind;
import io.canal.parser.log.Mark;
import io.canal.parser.log.Transaction;
import io.canal.protocol.GtidSet;
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
 * next change, else a catch-up, until the position it has reached is in the log again: without a
 * gap or a double, inside a batch or between two.
 *
 * <p>Used by one thread at a time, except for {@link #state} and {@link #oldestSeconds}.
 *
 * <pre>{@code
 * while (batch.hasRoom() && consumer.next()) {
 *   encoder.encode(consumer.frame(), consumer.transaction());
 * }
 * Mark end = consumer.mark();
 * // deliver the batch; when the consumer has it safely:
 * consumer.acknowledge(end);
 * }</pre>
 */
public final class Consumer implements AutoCloseable {
  /** How long a failed one does not ask the source again. */
  static final Duration FAILURE_PAUSE = Duration.ofSeconds(30);

  /** So many bytes are read from a catch-up between two looks at the log, within one batch. */
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
  // where the reader was at the last mark
  private long markedAt;
  private long lookAt;
  // a transaction whose BEGIN the consumer has and the reader brings again
  private String begunBefore;
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
   * Goes to the next frame for this consumer; false where none can be had now, see {@link #state}
   * and {@link #whenReadable}. To call it is to ask for changes: a detached consumer then takes a
   * place in a catch-up.
   */
  public boolean next() {
    do {
      boolean due = seat != null && reader != null && reader.position() >= lookAt;
      if (reader == null || due || !reader.next()) {
        if (!nextElsewhere()) {
          return false;
        }
      }
    } while (begunBefore != null && isBegunBefore());
    return true;
  }

  /** As {@link #next}, but asks for nothing that the destination's log does not hold. */
  public boolean nextInLog() {
    return attached != null && reader.next();
  }

  private boolean nextElsewhere() {
    while (!closed) {
      if (reader == null && !findReader()) {
        return false;
      }
      if (seat != null && reader.position() >= lookAt) {
        lookAt = reader.position() + LOOK_BYTES;
        catchUps.polled(seat, reader.position());
        if (joined()) {
          continue;
        }
        if (seat.isWithdrawn()) {
          leaveReader();
          continue;
        }
      }
      if (reader.next()) {
        return true;
      }
      if (reader.isDetached()) {
        pass();
        leaveReader();
      } else if (seat == null || !goesOn()) {
        return false;
      }
    }
    return false;
  }

  /** At the end of what a catch-up has now: whether to go on all the same. */
  private boolean goesOn() {
    catchUps.polled(seat, reader.position());
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
    if (pass().isInside()) {
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
    markedAt = found.position();
    lookAt = 0;
    begunBefore = reached.open().map(SourcePosition.OpenTransaction::id).orElse(null);
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

  private boolean isBegunBefore() {
    boolean again =
        reader.frame().kind() == FrameKind.BEGIN && reader.transaction().id().equals(begunBefore);
    if (again) {
      begunBefore = null;
    }
    return again;
  }

  /** Takes note of the place reached; gives a mark of it. */
  private Mark pass() {
    Mark here = reader.mark();
    Mark mark = passed.map(here::following).orElse(here);
    if (reader.position() != markedAt) {
      markedAt = reader.position();
      passed = Optional.of(mark);
      reached.moveTo(here);
    }
    return mark;
  }

  /** Takes the last {@link #next} back: as {@link ChangeReader#stepBack}. */
  public void stepBack() {
    reader.stepBack();
  }

  /** The frame that the last {@link #next} went to. */
  public Frame frame() {
    return reader.frame();
  }

  /** The transaction of {@link #frame}; its content changes with the next one. */
  public Transaction transaction() {
    return reader.transaction();
  }

  /**
   * The executed set with all transactions up to the last end; empty without GTIDs. Asked anew
   * after each {@link #next}.
   */
  public Optional<GtidSet> executed() {
    return reader == null ? Optional.empty() : reader.executed();
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

  /** Whether it has gone on since the last mark. */
  public boolean hasRead() {
    return passed.isPresent() || (reader != null && reader.position() != markedAt);
  }

  /** The place reached, for {@link #acknowledge}. */
  public Mark mark() {
    Mark mark = reader == null ? passed.orElseThrow() : pass();
    passed = Optional.empty();
    lookAt = 0;
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
    if (delivered.size() <= kept && !hasRead()) {
      return;
    }
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
    begunBefore = null;
    markedAt = reader.position();
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

  /** Lets go of what it may not keep; called about once a second by the consumer's thread. */
  public void tick() {
    if (reader != null && (seat == null ? reader.isDetached() : seat.isWithdrawn())) {
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
