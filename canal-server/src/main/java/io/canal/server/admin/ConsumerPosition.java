package io.canal.server.admin;

import static java.util.Objects.requireNonNull;

import io.canal.server.status.ConsumerStatus;
import java.util.Optional;

/**
 * A consumer and where it is.
 *
 * @param place empty where it has no position yet
 */
public record ConsumerPosition(ConsumerStatus consumer, Optional<Place> place) {
  public ConsumerPosition {
    requireNonNull(consumer, "consumer is null");
    requireNonNull(place, "place is null");
  }
}
