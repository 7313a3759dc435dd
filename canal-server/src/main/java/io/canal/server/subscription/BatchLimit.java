package io.canal.server.subscription;

import io.canal.server.config.BatchMode;

/**
 * Where a batch is cut (wire-protocol section 4.4): after the entry that reaches {@code size}.
 *
 * @param size bytes of binlog events, or entries
 */
record BatchLimit(BatchMode mode, long size) {
  /** What the original client asks for when its caller names no size. */
  private static final int DEFAULT_FETCH_SIZE = 1000;

  /**
   * @param fetchSize of the GET: KiB or entries; 0 and less stand for 1000
   */
  static BatchLimit of(BatchMode mode, int fetchSize) {
    long size = fetchSize <= 0 ? DEFAULT_FETCH_SIZE : fetchSize;
    return switch (mode) {
      case MEMSIZE -> new BatchLimit(mode, size * 1024);
      case ITEMSIZE -> new BatchLimit(mode, size);
    };
  }

  /** What an entry counts. */
  long units(long eventLength) {
    return mode == BatchMode.MEMSIZE ? eventLength : 1;
  }
}
