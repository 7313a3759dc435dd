package io.canal.client;

/**
 * Walks a serialized {@code RowData} once, as far as is asked, and sorts its columns into the two
 * images. Owned by one thread; reused for row after row.
 */
final class RowReader {
  // fields of RowData
  private static final int BEFORE = 1;
  private static final int AFTER = 2;

  private final WireReader fields = new WireReader();
  private final WireReader columnFields = new WireReader();
  private final RowImage before;
  private final RowImage after;

  RowReader(EntryCursor entry) {
    before = new RowImage(entry, this, "before image");
    after = new RowImage(entry, this, "after image");
  }

  RowImage before() {
    return before;
  }

  RowImage after() {
    return after;
  }

  /** A length of 0 is a row whose images have no columns. */
  void wrap(byte[] array, int offset, int length) {
    fields.wrap(array, offset, length);
    before.wrap(array);
    after.wrap(array);
  }

  /** Goes one column further; false at the end of the row. */
  boolean next() {
    while (fields.next()) {
      if (fields.field() == AFTER) {
        after.add(fields.offset(), fields.length());
        return true;
      }
      if (fields.field() == BEFORE) {
        before.add(fields.offset(), fields.length());
        return true;
      }
    }
    return false;
  }

  /** For the columns, each of which uses it for one call. */
  WireReader columnFields() {
    return columnFields;
  }
}
