package io.canal.protocol;

/** What happens after a {@link CanalException}: who stops, and whether trying again can help. */
public enum ErrorCode {
  /** Passing: the connection or the peer failed; the same call may succeed later. */
  RETRY,
  /** A caller's mistake: that request or session ends, everything else goes on. */
  BAD_REQUEST,
  /** The sink that met it stops until an operator acts; other consumers go on. */
  STOP_SINK,
  /** The destination stops before the place named; other destinations go on. */
  STOP_INSTANCE,
  /** The server does not start, or ends. */
  STOP_SERVER
}
