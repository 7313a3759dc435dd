package io.canal.server.position;

import static java.util.Objects.requireNonNull;

import io.canal.protocol.SourcePosition;
import java.util.Optional;

/**
 * One consumer as it is stored.
 *
 * @param filter its filter expression, empty for none
 * @param position up to where it has acknowledged
 * @param migratedFrom the Alibaba Canal cursor that {@code position} was made from, until the first
 *     save; tells which server its file and offset belong to, which {@code position} cannot
 */
public record StoredConsumer(
    String filter, SourcePosition position, Optional<AlibabaCursor> migratedFrom) {

  public StoredConsumer {
    requireNonNull(filter, "filter is null");
    requireNonNull(position, "position is null");
    requireNonNull(migratedFrom, "migratedFrom is null");
  }

  public StoredConsumer(String filter, SourcePosition position) {
    this(filter, position, Optional.empty());
  }
}
