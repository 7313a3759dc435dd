package io.canal.parser.entry;

import io.canal.parser.row.RowLayout;
import io.canal.parser.row.RowsEvent;
import io.canal.parser.schema.Column;
import io.canal.parser.schema.ResolvedTable;
import io.canal.parser.schema.TableSchema;
import io.canal.protocol.WriteBuffer;
import java.time.ZoneId;
import java.util.List;

/**
 * The bytes that are the same in every entry of a version of a table, and how to write the rest.
 * For all threads: all that changes are predictions, which may be anyone's.
 */
final class TableEncoding {
  private final String qualifiedName;
  private final Constant headerNames;
  private final RowLayout layout;
  private final ColumnEncoding[] columns;

  // How wide lengths were the last time, for WriteBuffer.beginMessage. Threads race for them, and
  // a wrong one costs a move of bytes; they are written only where they change.
  private int entryWidth = 2;
  private int storeValueWidth = 2;
  private int rowWidth = 2;

  TableEncoding(ResolvedTable table, ZoneId zone) {
    TableSchema schema = table.schema();
    qualifiedName = schema.qualifiedName();
    headerNames = HeaderEncoder.names(schema.database(), schema.table());
    layout = RowLayout.of(table.map());
    List<Column> all = schema.columns();
    columns = new ColumnEncoding[all.size()];
    for (int i = 0; i < columns.length; i++) {
      columns[i] = new ColumnEncoding(all.get(i), zone);
    }
  }

  String qualifiedName() {
    return qualifiedName;
  }

  /** The fields schemaName and tableName of a header. */
  Constant headerNames() {
    return headerNames;
  }

  RowLayout layout() {
    return layout;
  }

  int columnCount() {
    return columns.length;
  }

  int entryWidth() {
    return entryWidth;
  }

  int storeValueWidth() {
    return storeValueWidth;
  }

  void widthsWere(int entry, int storeValue) {
    if (entry != entryWidth || storeValue != storeValueWidth) {
      entryWidth = entry;
      storeValueWidth = storeValue;
    }
  }

  /**
   * Writes the row that {@code rows} stands at as one of RowChange's rowDatas.
   *
   * @param beforeEnds room for one number per column
   */
  void writeRow(RowsEvent rows, int[] beforeEnds, WriteBuffer out) {
    out.writeByte(EntryFields.CHANGE_ROW_DATAS);
    int width = rowWidth;
    int mark = out.beginMessage(width);
    switch (rows.kind()) {
      case INSERT -> writeImage(rows, RowsEvent.AFTER, EntryFields.ROW_AFTER_COLUMNS, true, out);
      case DELETE -> writeImage(rows, RowsEvent.BEFORE, EntryFields.ROW_BEFORE_COLUMNS, false, out);
      case UPDATE -> writeUpdate(rows, beforeEnds, out);
    }
    int found = out.endMessage(mark, width);
    if (found != width) {
      rowWidth = found;
    }
  }

  private void writeImage(RowsEvent rows, int image, int tag, boolean updated, WriteBuffer out) {
    for (int i = 0; i < columns.length; i++) {
      writeColumn(rows, image, i, tag, updated, out);
    }
  }

  private void writeColumn(
      RowsEvent rows, int image, int column, int tag, boolean updated, WriteBuffer out) {
    int length = rows.valueLength(image, column);
    if (length >= 0) {
      int offset = rows.valueOffset(image, column);
      columns[column].write(tag, updated, rows.array(), offset, length, out);
    } else if (rows.isNull(image, column)) {
      columns[column].writeNull(tag, updated, out);
    }
  }

  /** A column that did not change is written once, and copied for the image after. */
  private void writeUpdate(RowsEvent rows, int[] beforeEnds, WriteBuffer out) {
    int start = out.position();
    for (int i = 0; i < columns.length; i++) {
      writeColumn(rows, RowsEvent.BEFORE, i, EntryFields.ROW_BEFORE_COLUMNS, false, out);
      beforeEnds[i] = out.position();
    }
    for (int i = 0; i < columns.length; ) {
      int first = i;
      while (i < columns.length && rows.unchanged(i)) {
        i++;
      }
      if (i > first) {
        copyColumns(first, i, start, beforeEnds, out);
      }
      if (i < columns.length) {
        writeColumn(rows, RowsEvent.AFTER, i, EntryFields.ROW_AFTER_COLUMNS, rows.changed(i), out);
        i++;
      }
    }
  }

  private static void copyColumns(
      int first, int end, int start, int[] beforeEnds, WriteBuffer out) {
    int from = first == 0 ? start : beforeEnds[first - 1];
    int moved = out.position() - from;
    out.repeat(from, beforeEnds[end - 1] - from);
    byte[] array = out.array();
    array[from + moved] = EntryFields.ROW_AFTER_COLUMNS;
    for (int i = first; i < end - 1; i++) {
      array[beforeEnds[i] + moved] = EntryFields.ROW_AFTER_COLUMNS;
    }
  }
}
