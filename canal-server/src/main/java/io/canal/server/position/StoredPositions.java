package io.canal.server.position;

import static java.util.Objects.requireNonNull;

import io.canal.protocol.SourcePosition;
import java.util.Collections;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a {@link PositionStore} holds of one destination.
 *
 * @param start where the destination began, stored before it reads
 * @param consumers by consumer name; the name of a TCP client is its client id in decimal
 */
public record StoredPositions(
    Optional<SourcePosition> start, SortedMap<String, StoredConsumer> consumers) {

  /** A destination that never ran. */
  public static final StoredPositions NONE =
      new StoredPositions(Optional.empty(), Collections.emptySortedMap());

  public StoredPositions {
    requireNonNull(start, "start is null");
    consumers = Collections.unmodifiableSortedMap(new TreeMap<>(consumers));
  }
}
