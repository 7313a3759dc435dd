package io.canal.server.instance;

import static java.util.Objects.requireNonNull;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.SourcePosition;
import io.canal.server.admin.Consumers;
import io.canal.server.admin.PositionDesk;
import io.canal.server.config.InstanceSettings;
import io.canal.server.position.PositionStore;
import io.canal.server.position.StoredConsumer;
import io.canal.server.position.StoredPositions;
import io.canal.server.status.ConsumerStatus;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * The consumers of a destination that this process does not run, in its store. For one thread. A
 * store is opened for each change and refuses it where a server has the destination.
 */
public final class StoredConsumers implements Consumers {
  private final Supplier<StoredPositions> read;
  private final Supplier<PositionStore> store;
  private final Supplier<Optional<String>> owner;

  /**
   * @param read what is stored, without taking the store
   * @param store opens it for a change
   * @param owner the server that runs the destination, as far as is known
   */
  public StoredConsumers(
      Supplier<StoredPositions> read,
      Supplier<PositionStore> store,
      Supplier<Optional<String>> owner) {
    this.read = requireNonNull(read, "read is null");
    this.store = requireNonNull(store, "store is null");
    this.owner = requireNonNull(owner, "owner is null");
  }

  /** Where an operator works on them. */
  public PositionDesk desk(InstanceSettings settings) {
    return new PositionDesk(settings.destination(), SourceConfigs.of(settings), this);
  }

  static List<ConsumerStatus> statuses(StoredPositions positions) {
    return positions.consumers().entrySet().stream()
        .map(
            entry ->
                ConsumerStatus.stored(
                    entry.getKey(), entry.getValue().filter(), entry.getValue().position()))
        .toList();
  }

  @Override
  public String state() {
    return owner.get().map(server -> "run by " + server).orElse("not running");
  }

  @Override
  public List<ConsumerStatus> list() {
    return statuses(read.get());
  }

  @Override
  public void requireOwned() {
    owner
        .get()
        .ifPresent(
            server -> {
              throw new CanalException(
                  ErrorCode.BAD_REQUEST,
                  "the destination is run by %s: run this command there".formatted(server));
            });
    try (PositionStore opened = store.get()) {
      opened.load();
    }
  }

  @Override
  public void moveTo(String clientId, SourcePosition position) {
    try (PositionStore opened = store.get()) {
      StoredPositions stored = opened.load();
      String filter =
          Optional.ofNullable(stored.consumers().get(clientId))
              .map(StoredConsumer::filter)
              .orElse("");
      SortedMap<String, StoredConsumer> one = new TreeMap<>();
      one.put(clientId, new StoredConsumer(filter, position));
      opened.saveConsumers(one);
    }
  }

  @Override
  public void forget(String clientId) {
    try (PositionStore opened = store.get()) {
      opened.load();
      opened.deleteConsumer(clientId);
    }
  }
}
