package io.canal.server.subscription;

import io.canal.parser.log.Chunk;
import io.canal.parser.log.ChunkLimit;
import io.canal.server.config.BatchMode;

/**
 * Where a batch is cut at the latest (wire-protocol section 4.4): after the entry that reaches
 * {@code size}.
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

  /** What the entries of a chunk count. */
  long units(Chunk chunk) {
    return mode == BatchMode.MEMSIZE ? chunk.eventBytes() : chunk.entries();
  }

  /** What a single chunk may hold. */
  ChunkLimit ofChunk(long logBytes, long end) {
    return switch (mode) {
      case MEMSIZE -> new ChunkLimit(logBytes, size, Long.MAX_VALUE, end);
      case ITEMSIZE -> new ChunkLimit(logBytes, Long.MAX_VALUE, size, end);
    };
  }
}
