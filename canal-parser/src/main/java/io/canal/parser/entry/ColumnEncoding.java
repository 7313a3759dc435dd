package io.canal.parser.entry;

import io.canal.parser.row.ValueWriter;
import io.canal.parser.row.ValueWriters;
import io.canal.parser.schema.Column;
import io.canal.protocol.WriteBuffer;
import java.time.ZoneId;

/**
 * One column's entries in RowData: all bytes but those of the value are made once. Owned by the
 * thread of its {@link EntryEncoder}.
 */
final class ColumnEncoding {
  /** What stands in front of a value; it depends on the sqlType, which depends on the value. */
  private static final class Head {
    final int sqlType;
    final byte[] plain;
    final byte[] updated;

    Head(int sqlType, byte[] plain, byte[] updated) {
      this.sqlType = sqlType;
      this.plain = plain;
      this.updated = updated;
    }
  }

  private final Column column;
  private final ValueWriter writer;
  private final byte[] name;
  private final byte[] tail;
  private final int fixedLength;
  private final byte[] nullBefore;
  private final byte[] nullAfter;
  private final byte[] nullUpdated;

  // owned by the encoding thread
  private Head head;
  private Head otherHead;

  ColumnEncoding(Column column, ZoneId zone) {
    this.column = column;
    this.writer = ValueWriters.of(column, zone);
    this.name = field(EntryFields.COLUMN_NAME, column.name());
    this.tail = field(EntryFields.COLUMN_MYSQL_TYPE, column.mysqlType());
    this.head = head(writer.sqlTypeOfNull());
    this.otherHead = head;
    this.fixedLength = head.updated.length + 1 + tail.length;
    this.nullBefore = nullColumn(EntryFields.ROW_BEFORE_COLUMNS, false);
    this.nullAfter = nullColumn(EntryFields.ROW_AFTER_COLUMNS, false);
    this.nullUpdated = nullColumn(EntryFields.ROW_AFTER_COLUMNS, true);
  }

  void writeNullBefore(WriteBuffer out) {
    out.writeBytes(nullBefore);
  }

  void writeNullAfter(boolean updated, WriteBuffer out) {
    out.writeBytes(updated ? nullUpdated : nullAfter);
  }

  /**
   * Writes the column with the value that lies at {@code offset}.
   *
   * @param tag of beforeColumns or afterColumns
   */
  void write(int tag, boolean updated, byte[] array, int offset, int length, WriteBuffer out) {
    int sqlType = writer.sqlType(array, offset, length);
    if (head.sqlType != sqlType) {
      changeHead(sqlType);
    }
    // Most texts are as long as their bytes or shorter; where not, the buffer moves them.
    int valueWidth = WriteBuffer.varintLength(length);
    int columnWidth = WriteBuffer.varintLength(fixedLength + length);
    out.writeByte(tag);
    int columnMark = out.beginMessage(columnWidth);
    out.writeBytes(updated ? head.updated : head.plain);
    int valueMark = out.beginMessage(valueWidth);
    writer.write(array, offset, length, out);
    out.endMessage(valueMark, valueWidth);
    out.writeBytes(tail);
    out.endMessage(columnMark, columnWidth);
  }

  private void changeHead(int sqlType) {
    Head before = head;
    head = otherHead.sqlType == sqlType ? otherHead : head(sqlType);
    otherHead = before;
  }

  private Head head(int sqlType) {
    return new Head(sqlType, headBytes(sqlType, false), headBytes(sqlType, true));
  }

  private byte[] headBytes(int sqlType, boolean updated) {
    WriteBuffer out = new WriteBuffer(64);
    writeHead(sqlType, updated, out);
    out.writeByte(EntryFields.COLUMN_IS_NULL);
    out.writeByte(0);
    out.writeByte(EntryFields.COLUMN_VALUE);
    return out.toByteArray();
  }

  private void writeHead(int sqlType, boolean updated, WriteBuffer out) {
    if (column.index() != 0) {
      out.writeByte(EntryFields.COLUMN_INDEX);
      out.writeVarint32(column.index());
    }
    if (sqlType != 0) {
      out.writeByte(EntryFields.COLUMN_SQL_TYPE);
      out.writeVarint64(sqlType);
    }
    out.writeBytes(name);
    if (column.key()) {
      out.writeByte(EntryFields.COLUMN_IS_KEY);
      out.writeByte(1);
    }
    if (updated) {
      out.writeByte(EntryFields.COLUMN_UPDATED);
      out.writeByte(1);
    }
  }

  private byte[] nullColumn(int tag, boolean updated) {
    WriteBuffer out = new WriteBuffer(64);
    out.writeByte(tag);
    int mark = out.beginMessage(1);
    writeHead(writer.sqlTypeOfNull(), updated, out);
    out.writeByte(EntryFields.COLUMN_IS_NULL);
    out.writeByte(1);
    out.writeBytes(tail);
    out.endMessage(mark, 1);
    return out.toByteArray();
  }

  private static byte[] field(int tag, String text) {
    WriteBuffer out = new WriteBuffer(64);
    HeaderEncoder.writeText(tag, text, out);
    return out.toByteArray();
  }
}
