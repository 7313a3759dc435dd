package io.canal.server;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/** Waits for what another thread or process brings about, never longer than said. */
public final class Await {
  private static final long POLL_NANOS = 10_000_000;

  private Await() {}

  /** A question that may fail for now, such as one to a server that is being started. */
  @FunctionalInterface
  public interface Condition {
    boolean isMet() throws Exception;
  }

  /**
   * Returns when the condition is met.
   *
   * @param situation what the failure shows when time is up
   */
  public static void until(
      String what, Duration patience, Supplier<String> situation, Condition condition) {
    long deadline = System.nanoTime() + patience.toNanos();
    Exception last = null;
    do {
      try {
        if (condition.isMet()) {
          return;
        }
        last = null;
      } catch (Exception e) {
        last = e;
      }
      LockSupport.parkNanos(POLL_NANOS);
    } while (System.nanoTime() < deadline);
    throw new AssertionError(
        "not within %ds: %s%n%s".formatted(patience.toSeconds(), what, situation.get()), last);
  }
}
