package io.canal.server.admin;

import static java.util.Objects.requireNonNull;

import io.canal.protocol.SourcePosition;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A position, and where it lies in what the source's binary log holds at the moment. What is not
 * known cheaply is empty.
 *
 * @param bytesBehind bytes of the log after it
 * @param transactionsBehind transactions after it
 * @param filesKept files before the one that it is in: so many can be purged without harm
 * @param bytesKept bytes of the log before it
 * @param missing what should follow it and was purged, in words
 * @param purgedFrom from when on the source may purge the file that it is in, by its age
 */
public record Place(
    SourcePosition position,
    OptionalLong bytesBehind,
    OptionalLong transactionsBehind,
    OptionalLong filesKept,
    OptionalLong bytesKept,
    Optional<String> missing,
    Optional<Instant> purgedFrom) {
  public Place {
    requireNonNull(position, "position is null");
    requireNonNull(bytesBehind, "bytesBehind is null");
    requireNonNull(transactionsBehind, "transactionsBehind is null");
    requireNonNull(filesKept, "filesKept is null");
    requireNonNull(bytesKept, "bytesKept is null");
    requireNonNull(missing, "missing is null");
    requireNonNull(purgedFrom, "purgedFrom is null");
  }

  /** One of which nothing is known, as the source does not answer. */
  static Place unknown(SourcePosition position) {
    return new Place(
        position,
        OptionalLong.empty(),
        OptionalLong.empty(),
        OptionalLong.empty(),
        OptionalLong.empty(),
        Optional.empty(),
        Optional.empty());
  }
}
