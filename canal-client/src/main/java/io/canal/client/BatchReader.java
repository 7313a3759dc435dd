package io.canal.client;

import io.canal.protocol.CanalEntry.EntryType;
import io.canal.protocol.CanalEntry.EventType;

/**
 * Walks a serialized {@code Messages} and calls a listener for what it holds. Owned by one thread;
 * its objects are reused from batch to batch, which knows where a transaction began earlier.
 */
final class BatchReader {
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

  private void deliverRows(ChangeListener listener) throws Exception {
    change.wrapEvent(entry.eventType());
    boolean hasRows = false;
    store.wrap(entry.array(), entry.storeOffset(), entry.storeLength());
    while (store.next()) {
      switch (store.field()) {
        case 2 -> {
          EventType type = EventType.forNumber((int) store.number());
          change.eventType(type == null ? EventType.UNRECOGNIZED : type);
        }
        case 11 -> change.wrapSql(store.offset(), store.length());
        case 12 -> hasRows = true;
        case 14 -> change.wrapDdlSchema(store.offset(), store.length());
        default -> {} // table id, props, isDdl: a statement has no rows
      }
    }
    if (!hasRows) {
      listener.onChange(change);
      return;
    }
    store.wrap(entry.array(), entry.storeOffset(), entry.storeLength());
    while (store.next()) {
      if (store.field() == 12) {
        change.wrapRow(true, store.offset(), store.length());
        listener.onChange(change);
      }
    }
  }
}
