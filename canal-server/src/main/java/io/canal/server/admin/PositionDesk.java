package io.canal.server.admin;

import static java.util.Objects.requireNonNull;

import io.canal.parser.source.SourceConfig;
import io.canal.parser.source.StartPositions;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.SourcePosition;
import io.canal.protocol.Start;
import io.canal.server.status.ConsumerStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Shows and changes the positions of one destination's consumers. Any thread; waits for the source
 * and the store. Errors are {@link CanalException}s whose text is for the operator.
 */
public final class PositionDesk {
  private final String destination;
  private final SourceConfig source;
  private final Consumers consumers;

  public PositionDesk(String destination, SourceConfig source, Consumers consumers) {
    this.destination = requireNonNull(destination, "destination is null");
    this.source = requireNonNull(source, "source is null");
    this.consumers = requireNonNull(consumers, "consumers is null");
  }

  /**
   * Everything that is known, also where the source does not answer.
   *
   * @param clientId the one that is asked for, else all
   */
  public DestinationPositions show(Optional<String> clientId) {
    List<ConsumerStatus> all = consumers.list();
    clientId.ifPresent(name -> require(all, name));
    List<ConsumerStatus> shown =
        all.stream()
            .filter(consumer -> clientId.map(consumer.clientId()::equals).orElse(true))
            .toList();
    try (SourceLog log = SourceLog.open(source)) {
      return new DestinationPositions(
          destination,
          consumers.state(),
          source.address(),
          Optional.of(log.extent()),
          "",
          shown.stream()
              .map(consumer -> new ConsumerPosition(consumer, consumer.position().map(log::place)))
              .toList());
    } catch (CanalException e) {
      return new DestinationPositions(
          destination,
          consumers.state(),
          source.address(),
          Optional.empty(),
          e.getMessage(),
          shown.stream()
              .map(
                  consumer ->
                      new ConsumerPosition(consumer, consumer.position().map(Place::unknown)))
              .toList());
    }
  }

  private ConsumerStatus require(List<ConsumerStatus> all, String clientId) {
    return find(all, clientId)
        .orElseThrow(
            () ->
                new CanalException(
                    ErrorCode.BAD_REQUEST,
                    "destination %s has no consumer '%s', there are %s"
                        .formatted(
                            destination,
                            clientId,
                            all.isEmpty()
                                ? "none"
                                : all.stream().map(ConsumerStatus::clientId).toList())));
  }

  private static Optional<ConsumerStatus> find(List<ConsumerStatus> all, String clientId) {
    return all.stream().filter(consumer -> consumer.clientId().equals(clientId)).findFirst();
  }

  /**
   * Takes a consumer to a start. One that does not exist yet is created: its name is then the id of
   * a TCP client, which begins there when it comes.
   *
   * @param dryRun whether to say only what would be done
   */
  public PositionChange set(String clientId, Start start, boolean dryRun) {
    consumers.requireOwned();
    Optional<ConsumerStatus> known = find(consumers.list(), clientId);
    if (known.isEmpty()) {
      requireClientId(clientId);
    }
    StartPositions.Named named;
    Optional<Place> before;
    Place after;
    try (SourceLog log = SourceLog.open(source)) {
      named = log.resolve(start);
      before = known.flatMap(ConsumerStatus::position).map(log::place);
      after = log.place(named.position());
    }
    List<String> notes = new ArrayList<>(named.notes());
    if (known.isEmpty()) {
      notes.add("client id %s is new to destination %s".formatted(clientId, destination));
    }
    if (!dryRun) {
      consumers.moveTo(clientId, named.position());
    }
    return new PositionChange(destination, clientId, dryRun, before, Optional.of(after), notes);
  }

  private static void requireClientId(String clientId) {
    try {
      if (clientId.equals(Short.toString(Short.parseShort(clientId)))) {
        return;
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw new CanalException(
        ErrorCode.BAD_REQUEST,
        "client id '%s', expected one that exists or a number up to 32767".formatted(clientId));
  }

  /** Deletes a consumer: it begins anew if it comes again. */
  public PositionChange forget(String clientId, boolean dryRun) {
    consumers.requireOwned();
    ConsumerStatus known = require(consumers.list(), clientId);
    if (!dryRun) {
      consumers.forget(clientId);
    }
    Optional<SourcePosition> before = known.position();
    return new PositionChange(
        destination,
        clientId,
        dryRun,
        before.map(Place::unknown),
        Optional.empty(),
        known.address().isPresent() && !dryRun
            ? List.of("its session from %s has ended".formatted(known.address().get()))
            : List.of());
  }
}
