package io.canal.parser.consumer;

import static java.util.Objects.requireNonNull;

/**
 * Where a consumer reads, and why it does not.
 *
 * @param reason the error of a FAILED one, in one sentence; else empty
 */
public record ConsumerState(Kind kind, String reason) {
  /** What a consumer does when it is asked for changes. */
  public enum Kind {
    /** It reads the destination's log. */
    ATTACHED,
    /** It needs what the log no longer holds, and has not asked for changes since. */
    DETACHED,
    /** It has asked, and waits for one of the few catch-up connections. */
    WAITING,
    /** It reads the binary log again, until it meets the log. */
    CATCHING_UP,
    /** The source cannot give what it needs; the others go on. */
    FAILED
  }

  public ConsumerState {
    requireNonNull(kind, "kind is null");
    requireNonNull(reason, "reason is null");
  }

  public static ConsumerState failed(Exception why) {
    return new ConsumerState(Kind.FAILED, why.getMessage());
  }

  static ConsumerState of(Kind kind) {
    return new ConsumerState(kind, "");
  }
}
