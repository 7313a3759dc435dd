package io.canal.client;

/**
 * The begin or the end of a transaction. Valid until the listener's method returns, on its thread
 * only: the next transaction reuses this object.
 */
public final class Transaction {
  private final EntryCursor entry;
  private final WireReader reader = new WireReader();

  Transaction(EntryCursor entry) {
    this.entry = entry;
  }

  /** The same as {@link Change#transactionId} of the changes within. */
  public String id() {
    return entry.transactionId();
  }

  /** The storage engine's number of the transaction, in decimal; known at its end, else empty. */
  public String xid() {
    wrapStore();
    while (reader.next()) {
      if (reader.field() == 2) {
        return WireReader.text(entry.array(), reader.offset(), reader.length());
      }
    }
    return "";
  }

  /** The source's session that executed it; known at its begin, else 0. */
  public long threadId() {
    wrapStore();
    while (reader.next()) {
      if (reader.field() == 4) {
        return reader.number();
      }
    }
    return 0;
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

  private void wrapStore() {
    reader.wrap(entry.array(), entry.storeOffset(), entry.storeLength());
  }
}
