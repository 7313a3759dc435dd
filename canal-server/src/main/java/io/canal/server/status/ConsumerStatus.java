package io.canal.server.status;

import static java.util.Objects.requireNonNull;

import io.canal.protocol.SourcePosition;
import java.util.Optional;

/**
 * One consumer of a destination.
 *
 * @param clientId its name, {@code 1001} for the original's client
 * @param filter its own filter; empty for all that the destination receives
 * @param state ATTACHED while it reads the destination's log; else DETACHED, WAITING, CATCHING_UP
 *     or FAILED
 * @param reason why it failed, else empty
 * @param position up to where it has acknowledged
 * @param lagMs now minus the time of the oldest change that it has not acknowledged; 0 if there is
 *     none, so that the lag of an idle source stays 0; at least that while it is not ATTACHED
 * @param outstandingBatches batches sent and not acknowledged
 * @param address the client's address while it is connected
 * @param rows rows delivered since the server started, redelivered ones again
 */
public record ConsumerStatus(
    String clientId,
    String filter,
    String state,
    String reason,
    Optional<SourcePosition> position,
    long lagMs,
    int outstandingBatches,
    Optional<String> address,
    long rows) {
  public ConsumerStatus {
    requireNonNull(clientId, "clientId is null");
    requireNonNull(filter, "filter is null");
    requireNonNull(state, "state is null");
    requireNonNull(reason, "reason is null");
    requireNonNull(position, "position is null");
    requireNonNull(address, "address is null");
    if (lagMs < 0 || outstandingBatches < 0) {
      throw new IllegalArgumentException(
          "lagMs is " + lagMs + ", outstandingBatches is " + outstandingBatches);
    }
  }
}
