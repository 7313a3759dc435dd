package io.canal.server.subscription;

import io.canal.protocol.CanalException;

/**
 * A session as its subscription sees it. Each fetch is answered by exactly one of {@link #deliver},
 * {@link #nothing} and {@link #refuse}, or not at all after {@link #end}. Called on worker threads,
 * which must not be kept.
 */
public interface Subscriber {
  /** Where the client is, {@code host:port}. */
  String address();

  /** Whether its client can still be reached, as far as is known. Any thread. */
  boolean isOpen();

  /** Answers a fetch; the subscriber gives the batch back with {@link Batch#release}. */
  void deliver(Batch batch);

  /** Answers a fetch: there is nothing for now. */
  void nothing();

  /** The fetch waits for changes; {@link Subscription#expire} ends that. */
  void waiting();

  /** What was asked for cannot be done; the session goes on. */
  void refuse(CanalException reason);

  /**
   * The request itself is wrong, such as a filter that is no regular expression or a start that the
   * source does not have: it will be refused again, which a client must be able to tell from {@link
   * #refuse}. The session goes on.
   */
  void refuseRequest(CanalException reason);

  /** The session is over: it tells its client why and closes. */
  void end(EndReason reason, String message);

  /** Why a session ends. */
  enum EndReason {
    /** The subscription or its destination is gone. */
    GONE,
    /** A batch id that is not the one expected. */
    BAD_BATCH_ID,
    /** Another session holds the client id. */
    TAKEN_OVER
  }
}
