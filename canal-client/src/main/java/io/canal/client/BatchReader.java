package io.canal.client;

import io.canal.protocol.CanalEntry.EntryType;

/**
 * Walks a serialized {@code Messages} and calls a listener for what it holds. Owned by one thread;
 * its objects are reused from batch to batch, which knows where a transaction began earlier.
 */
final class BatchReader {
  private static final int LARGE_KIB = 1024;
  // fields of RowChange
  private static final int EVENT_TYPE = 2;
  private static final int SQL = 11;
  private static final int ROW = 12;
  private static final int DDL_SCHEMA = 14;

  private final EntryCursor entry = new EntryCursor(new Names());
  private final Change change = new Change(entry);
  private final Transaction transaction = new Transaction(entry);
  private final WireReader messages = new WireReader();
  private final WireReader store = new WireReader();

  /** The id of a serialized {@code Messages}. */
  long batchId(byte[] array, int offset, int length) {
    messages.wrap(array, offset, length);
    while (messages.next()) {
      if (messages.field() == 1) {
        return messages.number();
      }
    }
    return 0;
  }

  /**
   * Whether a batch may be as large as was asked for, in entries or in KiB of binary log, which
   * mostly are more of entries; from {@value #LARGE_KIB} on it is large whatever was asked for.
   */
  boolean isFull(byte[] array, int offset, int length, int batchSize) {
    if (length / 1024 >= Math.min(batchSize / 2, LARGE_KIB)) {
      return true;
    }
    int entries = 0;
    messages.wrap(array, offset, length);
    while (messages.next()) {
      entries += messages.field() == 2 ? 1 : 0;
    }
    return entries >= batchSize;
  }

  /** Forgets the open transaction: what follows was not read after what came before. */
  void reset() {
    entry.transactionEnds();
  }

  /** Delivers all entries, but not the batch's end. */
  void deliver(byte[] array, int offset, int length, ChangeListener listener) throws Exception {
    messages.wrap(array, offset, length);
    while (messages.next()) {
      if (messages.field() == 2) {
        entry.wrap(array, messages.offset(), messages.length());
        deliverEntry(listener);
      }
    }
  }

  private void deliverEntry(ChangeListener listener) throws Exception {
    if (entry.is(EntryType.ROWDATA)) {
      deliverRows(listener);
    } else if (entry.is(EntryType.TRANSACTIONBEGIN)) {
      entry.transactionBegins();
      listener.onTransactionBegin(transaction);
    } else if (entry.is(EntryType.TRANSACTIONEND)) {
      listener.onTransactionEnd(transaction);
      entry.transactionEnds();
    }
  }

  /** In one pass: a row is handed out when it is met, if the operation was met before it. */
  private void deliverRows(ChangeListener listener) throws Exception {
    change.wrapEvent();
    boolean hasRows = false;
    store.wrap(entry.array(), entry.storeOffset(), entry.storeLength());
    while (store.next()) {
      switch (store.field()) {
        case EVENT_TYPE -> change.eventType((int) store.number());
        case SQL -> change.wrapSql(store.offset(), store.length());
        case ROW -> {
          if (!hasRows) {
            hasRows = true;
            completeEventType();
          }
          change.wrapRow(store.offset(), store.length());
          listener.onChange(change);
        }
        case DDL_SCHEMA -> change.wrapDdlSchema(store.offset(), store.length());
        default -> {} // table id, props, isDdl: a statement has no rows
      }
    }
    if (!hasRows) {
      completeEventType();
      listener.onChange(change);
    }
  }

  /** Looks behind the rows, and into the header, for an operation that did not stand first. */
  private void completeEventType() {
    if (change.hasEventType()) {
      return;
    }
    WireReader rest = new WireReader();
    rest.wrap(entry.array(), entry.storeOffset(), entry.storeLength());
    while (rest.next()) {
      if (rest.field() == EVENT_TYPE) {
        change.eventType((int) rest.number());
        return;
      }
    }
    change.eventType(entry.eventType());
  }
}
