package io.canal.parser.entry;

import io.canal.parser.row.ValueWriter;
import io.canal.parser.row.ValueWriters;
import io.canal.parser.schema.Column;
import io.canal.protocol.WriteBuffer;
import java.time.ZoneId;

/**
 * One column's entries in RowData: all bytes but those of the value are made once. Immutable, for
 * all threads.
 */
final class ColumnEncoding {
  private static final int MAX_LENGTHS = 10; // two varints

  private final ValueWriter writer;
  private final boolean hasTopBitType;
  private final Constant plain;
  private final Constant updated;
  private final Constant plainTopBit;
  private final Constant updatedTopBit;
  private final Constant tail;
  private final Constant nullPlain;
  private final Constant nullUpdated;

  /** Bytes of the column beside its value and the value's length. */
  private final int fixedLength;

  private final int roomForHead;

  ColumnEncoding(Column column, ZoneId zone) {
    writer = ValueWriters.of(column, zone);
    hasTopBitType = writer.sqlTypeOfTopBit() != writer.sqlType();
    plain = head(column, writer.sqlType(), false);
    updated = head(column, writer.sqlType(), true);
    plainTopBit = hasTopBitType ? head(column, writer.sqlTypeOfTopBit(), false) : plain;
    updatedTopBit = hasTopBitType ? head(column, writer.sqlTypeOfTopBit(), true) : updated;
    tail = Constant.of(out -> writeTail(column, out));
    nullPlain = nullColumn(column, writer.sqlTypeOfNull(), false);
    nullUpdated = nullColumn(column, writer.sqlTypeOfNull(), true);
    fixedLength = plain.length() + tail.length();
    roomForHead = 1 + MAX_LENGTHS + Math.max(updated.room(), updatedTopBit.room());
  }

  /**
   * Writes the column with a NULL.
   *
   * @param tag of beforeColumns or afterColumns
   */
  void writeNull(int tag, boolean isUpdated, WriteBuffer out) {
    out.writeByte(tag);
    (isUpdated ? nullUpdated : nullPlain).write(out);
  }

  /**
   * Writes the column with the value that lies at {@code offset}.
   *
   * @param tag of beforeColumns or afterColumns
   */
  void write(int tag, boolean isUpdated, byte[] array, int offset, int length, WriteBuffer out) {
    Constant head = isUpdated ? updated : plain;
    if (hasTopBitType && array[offset + length - 1] < 0) {
      head = isUpdated ? updatedTopBit : plainTopBit;
    }
    // Most texts are as long as their bytes or shorter; where not, the buffer moves them.
    int valueWidth = WriteBuffer.varintLength(length);
    int columnWidth = WriteBuffer.varintLength(fixedLength + length);
    out.reserve(roomForHead);
    byte[] target = out.array();
    int start = out.position();
    target[start] = (byte) tag;
    int columnMark = start + 1 + columnWidth;
    int valueMark = head.put(target, columnMark) + valueWidth;
    out.position(valueMark);
    writer.write(array, offset, length, out);
    out.endMessage(valueMark, valueWidth);
    tail.write(out);
    out.endMessage(columnMark, columnWidth);
  }

  /** What stands in front of a value's length. */
  private static Constant head(Column column, int sqlType, boolean isUpdated) {
    return Constant.of(
        out -> {
          writeHead(column, sqlType, isUpdated, out);
          out.writeByte(EntryFields.COLUMN_IS_NULL);
          out.writeByte(0);
          out.writeByte(EntryFields.COLUMN_VALUE);
        });
  }

  private static void writeHead(Column column, int sqlType, boolean isUpdated, WriteBuffer out) {
    if (column.index() != 0) {
      out.writeByte(EntryFields.COLUMN_INDEX);
      out.writeVarint32(column.index());
    }
    if (sqlType != 0) {
      out.writeByte(EntryFields.COLUMN_SQL_TYPE);
      out.writeVarint64(sqlType);
    }
    HeaderEncoder.writeText(EntryFields.COLUMN_NAME, column.name(), out);
    if (column.key()) {
      out.writeByte(EntryFields.COLUMN_IS_KEY);
      out.writeByte(1);
    }
    if (isUpdated) {
      out.writeByte(EntryFields.COLUMN_UPDATED);
      out.writeByte(1);
    }
  }

  private static void writeTail(Column column, WriteBuffer out) {
    HeaderEncoder.writeText(EntryFields.COLUMN_MYSQL_TYPE, column.mysqlType(), out);
  }

  /** The whole column but its tag. */
  private static Constant nullColumn(Column column, int sqlType, boolean isUpdated) {
    return Constant.of(
        out -> {
          int mark = out.beginMessage(1);
          writeHead(column, sqlType, isUpdated, out);
          out.writeByte(EntryFields.COLUMN_IS_NULL);
          out.writeByte(1);
          writeTail(column, out);
          out.endMessage(mark, 1);
        });
  }
}
