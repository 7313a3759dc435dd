package io.canal.server.config;

import static java.util.Objects.requireNonNull;

/** Where a destination begins while no consumer has a stored position. */
public sealed interface StartPosition {
  /** The end of the binlog at the time of the first start. */
  record Newest() implements StartPosition {}

  /** A binlog file and the offset of an event in it, 4 for its first. */
  record FileOffset(String file, long offset) implements StartPosition {
    public FileOffset {
      requireNonNull(file, "file is null");
      if (file.isBlank() || offset < 4) {
        throw new IllegalArgumentException("file '" + file + "', offset " + offset);
      }
    }
  }

  /** The first transaction whose events are not older; milliseconds since 1970. */
  record Timestamp(long epochMs) implements StartPosition {}

  /** After the transactions of a set, in the text form of the source's family. */
  record Gtids(String executed) implements StartPosition {
    public Gtids {
      requireNonNull(executed, "executed is null");
    }
  }
}
