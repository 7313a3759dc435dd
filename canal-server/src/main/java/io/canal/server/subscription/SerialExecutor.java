package io.canal.server.subscription;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs tasks one at a time, in their order, on threads that it shares with others. What its tasks
 * alone touch needs no lock. Any thread may hand it a task, and never waits.
 */
final class SerialExecutor implements Executor {
  private static final Logger LOGGER = LoggerFactory.getLogger(SerialExecutor.class);

  private final Executor workers;
  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final AtomicInteger unfinished = new AtomicInteger();

  SerialExecutor(Executor workers) {
    this.workers = workers;
  }

  @Override
  public void execute(Runnable task) {
    tasks.add(task);
    if (unfinished.getAndIncrement() == 0) {
      workers.execute(this::run);
    }
  }

  /** Whether another task waits for the one that runs. */
  boolean hasWaiting() {
    return unfinished.get() > 1;
  }

  private void run() {
    do {
      try {
        tasks.remove().run();
      } catch (RuntimeException | Error e) { // the next ones run all the same
        LOGGER.error("a task of a subscription failed", e);
      }
    } while (unfinished.decrementAndGet() > 0);
  }
}
