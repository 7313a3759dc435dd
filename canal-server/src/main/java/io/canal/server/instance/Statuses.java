package io.canal.server.instance;

import io.canal.parser.log.LogStatus;
import io.canal.parser.source.ReceiverStatus;
import io.canal.protocol.CanalException;
import io.canal.protocol.SourcePosition;
import io.canal.server.status.ConsumerStatus;
import io.canal.server.status.InstanceState;
import io.canal.server.status.InstanceStatus;
import io.canal.server.subscription.SubscriptionStatus;
import java.time.Clock;
import java.util.List;
import java.util.Optional;

/** Puts together what operators see of a running destination. */
final class Statuses {
  private Statuses() {}

  static InstanceStatus of(
      String destination,
      String source,
      ReceiverStatus receiver,
      LogStatus log,
      List<SubscriptionStatus> subscriptions,
      Optional<CanalException> saveError,
      Clock clock) {
    InstanceState state = state(receiver.state(), log);
    String reason = reason(state, receiver, log);
    long lagSeconds =
        log.full()
            ? Math.max(0, clock.instant().getEpochSecond() - receiver.lastTimestampSeconds())
            : 0;
    return new InstanceStatus(
        destination,
        state,
        saveError
            .map(
                e ->
                    (reason.isEmpty() ? "" : reason + "; ")
                        + "positions are not saved: "
                        + e.getMessage())
            .orElse(reason),
        receiver.since(),
        source,
        Optional.of(
            new SourcePosition(
                Optional.empty(),
                Optional.empty(),
                receiver.file(),
                receiver.offset(),
                Optional.empty())),
        lagSeconds * 1000,
        log,
        receiver.events(),
        receiver.transactions(),
        receiver.bytesReceived(),
        subscriptions.stream().map(Statuses::of).toList());
  }

  private static InstanceState state(ReceiverStatus.State state, LogStatus log) {
    return switch (state) {
      case CONNECTING -> InstanceState.STARTING;
      case STREAMING -> log.full() ? InstanceState.WAITING : InstanceState.RUNNING;
      case RECONNECTING -> InstanceState.RECONNECTING;
      case STOPPED, CLOSED -> InstanceState.STOPPED;
    };
  }

  private static String reason(InstanceState state, ReceiverStatus receiver, LogStatus log) {
    if (state != InstanceState.WAITING) {
      return log.diskError()
          .map(error -> "the change log drops what slow consumers need: " + error)
          .filter(error -> receiver.reason().isEmpty())
          .orElse(receiver.reason());
    }
    return log.furthestAhead()
        .map(consumer -> "the change log is full until consumer " + consumer + " reads")
        .orElse("the change log is full and no consumer reads it");
  }

  private static ConsumerStatus of(SubscriptionStatus subscription) {
    return new ConsumerStatus(
        subscription.clientId(),
        subscription.filter(),
        subscription.state().kind().name(),
        subscription.state().reason(),
        Optional.of(subscription.acknowledged()),
        subscription.lagSeconds() * 1000,
        subscription.outstandingBatches(),
        subscription.address(),
        subscription.rows());
  }
}
