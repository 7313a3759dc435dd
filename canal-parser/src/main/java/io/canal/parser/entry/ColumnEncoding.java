package io.canal.parser.entry;

import io.canal.parser.row.ValueWriter;
import io.canal.parser.row.ValueWriters;
import io.canal.parser.schema.Column;
import io.canal.protocol.WriteBuffer;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.time.ZoneId;
import java.util.Arrays;

/**
 * One column's entries in RowData: all bytes but those of the value are made once, and lie close
 * together, as a row of many columns needs all of them. Immutable, for all threads.
 */
final class ColumnEncoding {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final int MAX_LENGTH = 5; // a varint

  // What stands between the constant head and the length of the value, or the tail of a NULL.
  private static final long PLAIN = word(EntryFields.COLUMN_IS_NULL, 0, EntryFields.COLUMN_VALUE);
  private static final int PLAIN_LENGTH = 3;
  private static final long PLAIN_NULL = word(EntryFields.COLUMN_IS_NULL, 1);
  private static final int PLAIN_NULL_LENGTH = 2;
  private static final long UPDATED = word(EntryFields.COLUMN_UPDATED, 1);
  private static final int UPDATED_LENGTH = 2;

  private final ValueWriter writer;

  /** Index, sqlType, name and isKey; from {@link #tailAt} on the mysqlType. In whole words. */
  private final byte[] constants;

  private final int headLength;
  private final int tailAt;
  private final int tailLength;

  /** The same column with the sqlType of a value whose top bit is set, and of NULL. */
  private final ColumnEncoding ofTopBit;

  private final ColumnEncoding ofNull;

  ColumnEncoding(Column column, ZoneId zone) {
    this(column, ValueWriters.of(column, zone));
  }

  private ColumnEncoding(Column column, ValueWriter writer) {
    this(
        column,
        writer,
        writer.sqlType(),
        other(column, writer, writer.sqlTypeOfTopBit()),
        other(column, writer, writer.sqlTypeOfNull()));
  }

  private ColumnEncoding(
      Column column,
      ValueWriter writer,
      int sqlType,
      ColumnEncoding ofTopBit,
      ColumnEncoding ofNull) {
    byte[] head = Constant.bytes(out -> writeHead(column, sqlType, out));
    byte[] tail =
        Constant.bytes(
            out -> HeaderEncoder.writeText(EntryFields.COLUMN_MYSQL_TYPE, column.mysqlType(), out));
    this.writer = writer;
    headLength = head.length;
    tailAt = WriteBuffer.wordsRoom(head.length);
    tailLength = tail.length;
    constants = Arrays.copyOf(head, tailAt + WriteBuffer.wordsRoom(tail.length));
    System.arraycopy(tail, 0, constants, tailAt, tail.length);
    this.ofTopBit = ofTopBit;
    this.ofNull = ofNull;
  }

  /** {@code null} where the sqlType is the one of all values. */
  private static ColumnEncoding other(Column column, ValueWriter writer, int sqlType) {
    return sqlType == writer.sqlType()
        ? null
        : new ColumnEncoding(column, writer, sqlType, null, null);
  }

  /**
   * Writes the column with the value that lies at {@code offset}.
   *
   * @param tag of beforeColumns or afterColumns
   */
  void write(int tag, boolean updated, byte[] array, int offset, int length, WriteBuffer out) {
    if (ofTopBit != null && array[offset + length - 1] < 0) {
      ofTopBit.write(tag, updated, array, offset, length, out);
      return;
    }
    // Most texts are as long as their bytes or shorter; where not, the buffer moves them.
    int valueWidth = WriteBuffer.varintLength(length);
    int columnWidth =
        WriteBuffer.varintLength(
            headLength + UPDATED_LENGTH + PLAIN_LENGTH + valueWidth + length + tailLength);
    byte[] target = out.reserve(constants.length + 2 * (MAX_LENGTH + Long.BYTES));
    int start = out.position();
    target[start] = (byte) tag;
    int columnMark = start + 1 + columnWidth;
    int at = putHead(updated, target, columnMark);
    LONG.set(target, at, PLAIN);
    int valueMark = at + PLAIN_LENGTH + valueWidth;
    out.position(valueMark);
    writer.write(array, offset, length, out);
    out.endMessage(valueMark, valueWidth);
    writeTail(out);
    out.endMessage(columnMark, columnWidth);
  }

  /** Writes the column with a NULL. */
  void writeNull(int tag, boolean updated, WriteBuffer out) {
    if (ofNull != null) {
      ofNull.writeNull(tag, updated, out);
      return;
    }
    byte[] target = out.reserve(constants.length + MAX_LENGTH + 2 * Long.BYTES);
    int start = out.position();
    target[start] = (byte) tag;
    int mark = start + 2;
    int at = putHead(updated, target, mark);
    LONG.set(target, at, PLAIN_NULL);
    out.position(at + PLAIN_NULL_LENGTH);
    writeTail(out);
    out.endMessage(mark, 1);
  }

  private int putHead(boolean updated, byte[] target, int at) {
    int end = WriteBuffer.putWords(constants, 0, headLength, target, at);
    if (updated) {
      LONG.set(target, end, UPDATED);
      end += UPDATED_LENGTH;
    }
    return end;
  }

  private void writeTail(WriteBuffer out) {
    byte[] target = out.reserve(constants.length - tailAt);
    out.position(WriteBuffer.putWords(constants, tailAt, tailLength, target, out.position()));
  }

  private static void writeHead(Column column, int sqlType, WriteBuffer out) {
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
  }

  private static long word(int... bytes) {
    long word = 0;
    for (int i = 0; i < bytes.length; i++) {
      word |= (long) bytes[i] << (i << 3);
    }
    return word;
  }
}
