package io.canal.client;

/**
 * What a {@link Change} and a {@link Transaction}'s begin or end tell of the event in the source's
 * binary log. Valid as long as they are.
 */
public abstract sealed class SourceEvent permits Change, Transaction {
  private final EntryCursor entry;

  SourceEvent(EntryCursor entry) {
    this.entry = entry;
  }

  EntryCursor entry() {
    return entry;
  }

  /** When the source executed it, in milliseconds since the epoch; whole seconds. */
  public long executeTimeMs() {
    return entry.executeTimeMs();
  }

  /** The binary log file that holds the event. */
  public String binlogFile() {
    return entry.binlogFile();
  }

  /** Bytes from the start of that file to the start of the event. */
  public long binlogOffset() {
    return entry.binlogOffset();
  }

  /** The source's executed GTID set as text; empty without GTIDs. */
  public String executedGtids() {
    return entry.executedGtids();
  }
}
