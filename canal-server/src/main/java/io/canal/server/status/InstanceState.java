package io.canal.server.status;

/** What the receiver of a destination does. */
public enum InstanceState {
  /** It has not been connected to its source yet, and tries. */
  STARTING,
  /** It receives, or is connected and nothing comes. */
  RUNNING,
  /** It is connected and does not read: the log is full, or no consumer exists to empty it. */
  WAITING,
  /** It has lost its source and tries to get it back. */
  RECONNECTING,
  /** It has met an error that an operator has to mend. */
  STOPPED;

  /** Whether consumers of the destination can be served. */
  public boolean isServing() {
    return switch (this) {
      case RUNNING, WAITING, RECONNECTING -> true;
      case STARTING, STOPPED -> false;
    };
  }
}
