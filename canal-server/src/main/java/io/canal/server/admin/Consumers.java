package io.canal.server.admin;

import io.canal.protocol.CanalException;
import io.canal.protocol.SourcePosition;
import io.canal.server.status.ConsumerStatus;
import java.util.List;

/**
 * The consumers of one destination, where their positions are at the moment: at the server that
 * runs it, or in the store. Any thread; calls may wait for the store.
 */
public interface Consumers {
  /** What the destination does, in a word, and why if it does not run. */
  String state();

  /** All of them, by name. */
  List<ConsumerStatus> list();

  /**
   * Does nothing where positions can be changed here.
   *
   * @throws CanalException that says where else, or what has to be done first
   */
  void requireOwned();

  /**
   * Takes a consumer, which is created where there is none, to a position; on return it is stored
   * and counts.
   */
  void moveTo(String clientId, SourcePosition position);

  /** Deletes a consumer's position and filter; its session ends. */
  void forget(String clientId);
}
