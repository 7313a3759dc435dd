package io.canal.client;

/**
 * The begin or the end of a transaction. Valid until the listener's method returns, on its thread
 * only: the next transaction reuses this object.
 */
public final class Transaction extends SourceEvent {
  private final WireReader reader = new WireReader();

  Transaction(EntryCursor entry) {
    super(entry);
  }

  /** The same as {@link Change#transactionId} of the changes within. */
  public String id() {
    return entry().transactionId();
  }

  /** The storage engine's number of the transaction, in decimal; known at its end, else empty. */
  public String xid() {
    wrapStore();
    while (reader.next()) {
      if (reader.field() == 2) {
        return WireReader.text(entry().array(), reader.offset(), reader.length());
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

  private void wrapStore() {
    reader.wrap(entry().array(), entry().storeOffset(), entry().storeLength());
  }
}
