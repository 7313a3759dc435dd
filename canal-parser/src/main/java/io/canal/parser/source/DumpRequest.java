package io.canal.parser.source;

import static java.util.Objects.requireNonNull;

import io.canal.protocol.GtidSet;

/** What a dump connection asks the source for. */
public sealed interface DumpRequest {
  /** The first offset of every binary log file. */
  long FIRST_OFFSET = 4;

  /**
   * All events of a file from {@code offset}, which is the start of one, and of the files after it.
   *
   * @param file an empty name means the oldest file
   */
  record At(String file, long offset) implements DumpRequest {
    public At {
      requireNonNull(file, "file is null");
      if (offset < FIRST_OFFSET) {
        throw new IllegalArgumentException("offset " + offset + ", expected 4 or more");
      }
    }
  }

  /** All transactions that {@code executed} lacks; needs a MySQL with gtid_mode ON. */
  record After(GtidSet executed) implements DumpRequest {
    public After {
      executed = executed.copy();
    }
  }
}
