package io.canal.server.admin;

import static java.util.Objects.requireNonNull;

import io.canal.parser.source.BinlogExtent;
import java.util.List;
import java.util.Optional;

/**
 * The consumers of a destination beside what its source has.
 *
 * @param state what the destination does, see {@link Consumers#state}
 * @param source the source's address
 * @param log empty where the source does not answer; {@code problem} says why
 */
public record DestinationPositions(
    String destination,
    String state,
    String source,
    Optional<BinlogExtent> log,
    String problem,
    List<ConsumerPosition> consumers) {
  public DestinationPositions {
    requireNonNull(destination, "destination is null");
    requireNonNull(state, "state is null");
    requireNonNull(source, "source is null");
    requireNonNull(log, "log is null");
    requireNonNull(problem, "problem is null");
    consumers = List.copyOf(consumers);
  }
}
