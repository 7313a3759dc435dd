package io.canal.parser.source;

import static java.util.Objects.requireNonNull;

import java.time.Instant;

/**
 * What a receiver does, and why. Immutable.
 *
 * @param reason of a state that is not STREAMING: the error, in one sentence; else empty
 * @param since when it came into that state
 * @param file where the last transaction in the log ended, at {@code offset}
 */
public record ReceiverStatus(
    State state,
    String reason,
    Instant since,
    String file,
    long offset,
    long events,
    long transactions,
    long lastTimestampSeconds,
    long bytesReceived) {
  /** What a receiver may be doing. */
  public enum State {
    /** No dump yet, or connecting for the first time. */
    CONNECTING,
    /** Receiving, or waiting for the source to change something. */
    STREAMING,
    /** The connection failed; it is tried again with back-off. */
    RECONNECTING,
    /** It met what it must not pass over; the destination stands before it until it is mended. */
    STOPPED,
    CLOSED
  }

  public ReceiverStatus {
    requireNonNull(state, "state is null");
    requireNonNull(reason, "reason is null");
    requireNonNull(since, "since is null");
    requireNonNull(file, "file is null");
  }
}
