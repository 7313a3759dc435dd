package io.canal.parser.source;

import static java.util.Objects.requireNonNull;

import io.canal.protocol.GtidSet;
import io.canal.protocol.Start;
import java.time.Instant;

/** Where an operator or a consumer wants to begin; {@link StartPositions} finds the place. */
public sealed interface StartPosition {
  /** What a consumer's start means at a source. */
  static StartPosition of(Start start) {
    if (start instanceof Start.AtTime at) {
      return new From(at.time());
    }
    if (start instanceof Start.AtOffset at) {
      return new At(at.file(), at.offset());
    }
    if (start instanceof Start.AfterGtids after) {
      return new After(after.executed());
    }
    return start == Start.earliest() ? new Oldest() : new Now();
  }

  /** Behind everything that the source has executed. */
  record Now() implements StartPosition {}

  /** At a place in a file. */
  record At(String file, long offset) implements StartPosition {
    public At {
      requireNonNull(file, "file is null");
      if (file.isEmpty()) {
        throw new IllegalArgumentException("file is empty");
      }
      if (offset < DumpRequest.FIRST_OFFSET) {
        throw new IllegalArgumentException("offset " + offset + ", expected 4 or more");
      }
    }
  }

  /** Behind the transactions of a set. */
  record After(GtidSet executed) implements StartPosition {
    public After {
      executed = executed.copy();
    }
  }

  /** At the first transaction that was written at or after a time; the log has whole seconds. */
  record From(Instant time) implements StartPosition {
    public From {
      requireNonNull(time, "time is null");
    }
  }

  /** At the oldest change that the source still has. */
  record Oldest() implements StartPosition {}
}
