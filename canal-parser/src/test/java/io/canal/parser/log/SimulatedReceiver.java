package io.canal.parser.log;

import io.canal.protocol.SourcePosition;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.random.RandomGenerator;

/**
 * Writes a source's transactions into a log, an event at a time, with connections that break. Where
 * the log might make it wait it writes on a thread of its own; {@link #step} returns when the event
 * is in, or when the log waits.
 */
final class SimulatedReceiver {
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);

  private final SourceModel source;
  private final ChangeLog log;
  private final RandomGenerator random;
  private final ExecutorService executor;
  private final LogScript script;

  // the next step: an event of a transaction, -1 for its BEGIN
  private int transaction;
  private int event = -1;
  private String file;
  private Future<?> unfinished;

  private interface Step {
    void run() throws InterruptedException;
  }

  SimulatedReceiver(
      SourceModel source,
      ChangeLog log,
      SourcePosition start,
      RandomGenerator random,
      ExecutorService executor) {
    this.source = source;
    this.log = log;
    this.random = random;
    this.executor = executor;
    this.transaction = source.next(start);
    this.file = start.file();
    this.script = new LogScript(log, file, start.offset());
  }

  boolean isAtEnd() {
    return transaction == source.size() && unfinished == null;
  }

  /** Writes the next event; false while the log waits. */
  boolean step() {
    if (unfinished == null) {
      if (isAtEnd()) {
        return true;
      }
      int length = event < 0 ? 128 : eventLength();
      if (length <= log.writer().array().length - log.writer().bodyOffset()) {
        inline(this::write);
        return true;
      }
      unfinished =
          executor.submit(
              () -> {
                write();
                return null;
              });
    }
    settle();
    return unfinished == null;
  }

  private int eventLength() {
    var events = source.get(transaction).events();
    return event < events.size() ? events.get(event).length() : 128;
  }

  private static void inline(Step step) {
    try {
      step.run();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /**
   * Returns when the thread has written, or waits for a reader; it may have been woken just now.
   */
  void settle() {
    long deadline = System.nanoTime() + PATIENCE_NANOS;
    while (unfinished != null && !(log.isFull() && log.readThrough() < log.oldestInMemoryEnd())) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("the receiver neither writes nor has a reason to wait");
      }
      try {
        unfinished.get(100, TimeUnit.MICROSECONDS);
        unfinished = null;
      } catch (TimeoutException e) {
        Thread.onSpinWait();
      } catch (InterruptedException | ExecutionException e) {
        throw new AssertionError("the receiver failed", e);
      }
    }
  }

  private void write() throws InterruptedException {
    SourceModel.SourceTransaction at = source.get(transaction);
    if (event < 0) {
      if (!at.file().equals(file)) {
        script.move(at.file());
        file = at.file();
      }
      script.begin(source.hasGtids() ? transaction + 1 : 0);
      event = 0;
    } else if (event == at.events().size()) {
      script.end();
      transaction++;
      event = -1;
    } else if (random.nextInt(60) == 0 && breakOff(at)) {
      event = -1;
    } else {
      SourceModel.Event next = at.events().get(event);
      script.skipRows(next.dropped());
      if (next.rows() == 0) {
        script.query("-".repeat(next.padding()));
      } else {
        script.rows(next.first(), next.rows(), next.padding());
      }
      event++;
    }
  }

  /** The connection breaks; whether the transaction comes again from its BEGIN. */
  private boolean breakOff(SourceModel.SourceTransaction at) {
    if (log.writer().isPublishedOpen()) {
      log.writer().publishOpen();
      log.writer().tellReaders();
      return false;
    }
    script.rollback(at.offset());
    return true;
  }

  /** Ends the thread's waiting, where it waits. */
  void stop() {
    if (unfinished != null) {
      unfinished.cancel(true);
    }
  }
}
