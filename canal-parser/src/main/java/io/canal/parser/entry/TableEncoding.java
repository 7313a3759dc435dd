package io.canal.parser.entry;

import io.canal.parser.row.RowsEvent;
import io.canal.parser.schema.Column;
import io.canal.parser.schema.ResolvedTable;
import io.canal.parser.schema.TableMap;
import io.canal.parser.schema.TableSchema;
import io.canal.protocol.WriteBuffer;
import java.time.ZoneId;
import java.util.List;

/**
 * What one {@link EntryEncoder} keeps of a version of a table: the bytes that are the same in every
 * entry, and how wide the lengths were the last time. Owned by the encoder's thread.
 */
final class TableEncoding {
  private final TableMap map;
  private final String qualifiedName;
  private final byte[] headerNames;
  private final ColumnEncoding[] columns;

  // owned by the encoding thread; predictions of WriteBuffer.beginMessage
  int entryWidth = 2;
  int storeValueWidth = 2;
  private int rowWidth = 2;

  TableEncoding(ResolvedTable table, ZoneId zone) {
    TableSchema schema = table.schema();
    map = table.map();
    qualifiedName = schema.qualifiedName();
    headerNames = HeaderEncoder.names(schema.database(), schema.table());
    List<Column> all = schema.columns();
    columns = new ColumnEncoding[all.size()];
    for (int i = 0; i < columns.length; i++) {
      columns[i] = new ColumnEncoding(all.get(i), zone);
    }
  }

  TableMap map() {
    return map;
  }

  String qualifiedName() {
    return qualifiedName;
  }

  /** The fields schemaName and tableName of a header. */
  byte[] headerNames() {
    return headerNames;
  }

  /** Writes the row that {@code rows} stands at as one of RowChange's rowDatas. */
  void writeRow(RowsEvent rows, WriteBuffer out) {
    out.writeByte(EntryFields.CHANGE_ROW_DATAS);
    int mark = out.beginMessage(rowWidth);
    if (rows.hasBefore()) {
      writeBefore(rows, out);
    }
    if (rows.hasAfter()) {
      writeAfter(rows, out);
    }
    rowWidth = out.endMessage(mark, rowWidth);
  }

  private void writeBefore(RowsEvent rows, WriteBuffer out) {
    for (int i = 0; i < columns.length; i++) {
      int length = rows.valueLength(RowsEvent.BEFORE, i);
      if (length >= 0) {
        int offset = rows.valueOffset(RowsEvent.BEFORE, i);
        columns[i].write(EntryFields.ROW_BEFORE_COLUMNS, false, rows.array(), offset, length, out);
      } else if (rows.isNull(RowsEvent.BEFORE, i)) {
        columns[i].writeNullBefore(out);
      }
    }
  }

  private void writeAfter(RowsEvent rows, WriteBuffer out) {
    boolean isInsert = !rows.hasBefore();
    for (int i = 0; i < columns.length; i++) {
      int length = rows.valueLength(RowsEvent.AFTER, i);
      boolean updated = isInsert || rows.changed(i);
      if (length >= 0) {
        int offset = rows.valueOffset(RowsEvent.AFTER, i);
        columns[i].write(EntryFields.ROW_AFTER_COLUMNS, updated, rows.array(), offset, length, out);
      } else if (rows.isNull(RowsEvent.AFTER, i)) {
        columns[i].writeNullAfter(updated, out);
      }
    }
  }
}
