package io.canal.parser.source;

import io.canal.parser.schema.ResolvedTable;

/**
 * Which table the rows under a table id belong to, as the TABLE_MAP events said. A hash table
 * without boxes; the table of the statement at hand is found without a look into it. Owned by the
 * receiver thread.
 */
final class StatementTables {
  private static final int SLOTS = 16;

  private long[] ids = new long[SLOTS];
  private ResolvedTable[] tables = new ResolvedTable[SLOTS];
  private int count;
  private long lastId;
  private ResolvedTable last;

  /** Rows under that id belong to that table from here on. */
  @SuppressWarnings("ReferenceEquality") // the same object says the same; another is noted
  void put(long id, ResolvedTable table) {
    if (table == last && id == lastId) {
      return;
    }
    int slot = slot(id);
    if (tables[slot] == null && ++count * 2 > tables.length) {
      grow();
      slot = slot(id);
    }
    ids[slot] = id;
    tables[slot] = table;
    lastId = id;
    last = table;
  }

  /** The table of that id; {@code null} where none was named. */
  ResolvedTable get(long id) {
    if (id == lastId && last != null) {
      return last;
    }
    ResolvedTable found = tables[slot(id)];
    if (found != null) {
      lastId = id;
      last = found;
    }
    return found;
  }

  /** An id may be another table's from here on. */
  void clear() {
    ids = new long[SLOTS];
    tables = new ResolvedTable[SLOTS];
    count = 0;
    last = null;
  }

  private int slot(long id) {
    int mask = tables.length - 1;
    int slot = (int) id & mask; // a source counts them up
    while (tables[slot] != null && ids[slot] != id) {
      slot = slot + 1 & mask;
    }
    return slot;
  }

  private void grow() {
    long[] oldIds = ids;
    ResolvedTable[] oldTables = tables;
    ids = new long[oldIds.length * 2];
    tables = new ResolvedTable[oldIds.length * 2];
    for (int i = 0; i < oldIds.length; i++) {
      if (oldTables[i] != null) {
        int slot = slot(oldIds[i]);
        ids[slot] = oldIds[i];
        tables[slot] = oldTables[i];
      }
    }
  }
}
