package io.canal.server.admin;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Optional;

/**
 * What became of a consumer's position, or would.
 *
 * @param dryRun whether nothing was changed
 * @param before empty where there was no such consumer
 * @param after empty where it was forgotten
 * @param notes what an operator should know of it
 */
public record PositionChange(
    String destination,
    String clientId,
    boolean dryRun,
    Optional<Place> before,
    Optional<Place> after,
    List<String> notes) {
  public PositionChange {
    requireNonNull(destination, "destination is null");
    requireNonNull(clientId, "clientId is null");
    requireNonNull(before, "before is null");
    requireNonNull(after, "after is null");
    notes = List.copyOf(notes);
  }
}
