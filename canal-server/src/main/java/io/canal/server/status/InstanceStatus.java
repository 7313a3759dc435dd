package io.canal.server.status;

import static java.util.Objects.requireNonNull;

import io.canal.parser.log.LogStatus;
import io.canal.protocol.SourcePosition;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * One destination.
 *
 * @param reason why it is in that state, with what mends it; empty where there is nothing to say
 * @param since when it came into that state
 * @param source the source's address
 * @param position the last end of a transaction that the log has taken in
 * @param lagMs now minus the time of the oldest change received and not yet in the log, or the
 *     source's own delay if it is larger; 0 while there is no such change
 * @param log its change log; empty and without budgets while there is none
 * @param events events received since the server started
 * @param transactions transactions received since then
 * @param bytes bytes of binlog received since then
 */
public record InstanceStatus(
    String destination,
    InstanceState state,
    String reason,
    Instant since,
    String source,
    Optional<SourcePosition> position,
    long lagMs,
    LogStatus log,
    long events,
    long transactions,
    long bytes,
    List<ConsumerStatus> consumers) {
  public InstanceStatus {
    requireNonNull(destination, "destination is null");
    requireNonNull(state, "state is null");
    requireNonNull(reason, "reason is null");
    requireNonNull(since, "since is null");
    requireNonNull(source, "source is null");
    requireNonNull(position, "position is null");
    requireNonNull(log, "log is null");
    consumers = List.copyOf(consumers);
    if (lagMs < 0) {
      throw new IllegalArgumentException("lagMs is " + lagMs);
    }
  }

  /** A destination that could not be started, for example because its settings are wrong. */
  public static InstanceStatus stopped(String destination, String reason, Instant since) {
    return notRunning(destination, InstanceState.STOPPED, reason, since, "");
  }

  /** A destination without a log, before its source has answered or after it was stopped. */
  public static InstanceStatus notRunning(
      String destination, InstanceState state, String reason, Instant since, String source) {
    return new InstanceStatus(
        destination,
        state,
        reason,
        since,
        source,
        Optional.empty(),
        0,
        LogStatus.NONE,
        0,
        0,
        0,
        List.of());
  }

  /** {@code example is STARTING: connection refused}. */
  public String describe() {
    return destination + " is " + state + (reason.isEmpty() ? "" : ": " + reason);
  }
}
