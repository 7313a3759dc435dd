package io.canal.server.subscription;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.SourcePosition;
import io.canal.server.position.PositionStore;
import io.canal.server.position.StoredConsumer;
import io.canal.server.position.StoredPositions;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.ConcurrentSkipListMap;

/** Keeps positions in memory; a test may let it fail. */
public final class MemoryPositions implements PositionStore {
  public final SortedMap<String, StoredConsumer> consumers = new ConcurrentSkipListMap<>();
  public volatile boolean failing;

  @Override
  public StoredPositions load() {
    return new StoredPositions(Optional.empty(), consumers);
  }

  @Override
  public void saveStart(SourcePosition start) {}

  @Override
  public void saveConsumers(SortedMap<String, StoredConsumer> moved) {
    check();
    consumers.putAll(moved);
  }

  @Override
  public void deleteConsumer(String name) {
    check();
    consumers.remove(name);
  }

  private void check() {
    if (failing) {
      throw new CanalException(ErrorCode.RETRY, "the disk is full");
    }
  }

  @Override
  public void close() {}
}
