package io.canal.server.position;

import io.canal.protocol.SourcePosition;
import java.util.SortedMap;

/**
 * Keeps where one destination and its consumers are. A save is durable on return, or throws and
 * leaves each consumer as it was or as it should be, never between. Called by one thread at a time;
 * {@link #load} comes first and takes the store for this process.
 *
 * <p>Errors are {@link io.canal.protocol.CanalException}s: {@code RETRY} when the disk or the
 * connection failed and the same call may succeed later; {@code STOP_INSTANCE} when what is stored
 * cannot be read or another server has changed it, after which saves are refused until the next
 * {@link #load}; {@code BAD_REQUEST} for a name that {@link StoredNames} refuses.
 */
public interface PositionStore extends AutoCloseable {
  /** All that is stored; empty for a destination that never ran. */
  StoredPositions load();

  /** Stores where the destination begins. */
  void saveStart(SourcePosition start);

  /**
   * Stores consumers that are new or have moved; others stay. All of them cost one wait for the
   * disk, or few round trips.
   */
  void saveConsumers(SortedMap<String, StoredConsumer> consumers);

  /** Forgets a consumer; does nothing if there is none of that name. */
  void deleteConsumer(String name);

  /** Gives the store back, without a save. */
  @Override
  void close();
}
