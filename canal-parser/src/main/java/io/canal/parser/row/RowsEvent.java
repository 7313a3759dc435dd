package io.canal.parser.row;

import static java.util.Objects.checkFromIndexSize;
import static java.util.Objects.requireNonNull;

import io.canal.parser.schema.TableMap;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.util.Arrays;

/**
 * A cursor over the rows of one raw rows event: WRITE, UPDATE or DELETE, version 1 or 2. It finds
 * where each value lies and copies nothing; reused for event after event, it allocates only for a
 * table with more columns than any before. Not thread-safe; one owner. It reads the caller's array,
 * which must not change while a row is read.
 *
 * <pre>{@code
 * rows.wrap(array, offset, length, tableMap);
 * while (rows.next()) {
 *   if (rows.isPresent(RowsEvent.AFTER, 0) && !rows.isNull(RowsEvent.AFTER, 0)) {
 *     writer.write(array, rows.valueOffset(RowsEvent.AFTER, 0), rows.valueLength(RowsEvent.AFTER, 0), out);
 *   }
 * }
 * }</pre>
 *
 * <p>A raw event is its 19-byte header and its body without the checksum. Every length in it is
 * compared with the event's end: an event that does not fit its table map throws a {@link
 * CanalException} with {@link ErrorCode#STOP_INSTANCE}, never anything else, whatever its bytes.
 */
public final class RowsEvent {
  /** The image of the row before an UPDATE or DELETE. */
  public static final int BEFORE = 0;

  /** The image of the row after an INSERT or UPDATE. */
  public static final int AFTER = 1;

  /** What the event does to its rows. */
  public enum Kind {
    INSERT,
    UPDATE,
    DELETE
  }

  private static final int WRITE_ROWS_V1 = 23;
  private static final int UPDATE_ROWS_V1 = 24;
  private static final int DELETE_ROWS_V1 = 25;
  private static final int WRITE_ROWS = 30;
  private static final int UPDATE_ROWS = 31;
  private static final int DELETE_ROWS = 32;
  private static final int PARTIAL_UPDATE_ROWS = 39;
  private static final int MARIADB_WRITE_ROWS_COMPRESSED_V1 = 166;
  private static final int MARIADB_UPDATE_ROWS_COMPRESSED_V1 = 167;
  private static final int MARIADB_DELETE_ROWS_COMPRESSED_V1 = 168;
  private static final int MARIADB_WRITE_ROWS_COMPRESSED = 169;
  private static final int MARIADB_UPDATE_ROWS_COMPRESSED = 170;
  private static final int MARIADB_DELETE_ROWS_COMPRESSED = 171;

  private static final int TYPE_OFFSET = 4;
  private static final int LOG_POS_OFFSET = 13;
  private static final int HEADER_LENGTH = 19;
  private static final int TABLE_ID_LENGTH = 6;
  private static final int FLAGS_LENGTH = 2;

  private static final int NULL = -1;
  private static final int ABSENT = -2;

  // owned by the thread that calls wrap
  private final int[][] present = {new int[0], new int[0]};
  private final int[] presentCount = new int[2];
  private final int[][] offsets = {new int[0], new int[0]};
  private final int[][] lengths = {new int[0], new int[0]};
  private int[] allColumns = new int[0];
  private RowLayout layout;
  private TableMap map;
  private byte[] array;
  private int start;
  private int end;
  private int position;
  private int row;
  private Kind kind;

  /** The table id of a rows event, to find its table map; the event must hold its post-header. */
  public static long tableId(byte[] array, int offset) {
    int at = offset + HEADER_LENGTH;
    return Integer.toUnsignedLong(littleEndian(array, at, 4))
        | ((long) littleEndian(array, at + 4, 2) << 32);
  }

  /** As {@link #wrap(byte[], int, int, RowLayout)}, for one who keeps no layout. */
  @SuppressWarnings("ReferenceEquality") // the same object says the same; another is read again
  public void wrap(byte[] array, int offset, int length, TableMap tableMap) {
    requireNonNull(tableMap, "tableMap is null");
    boolean known = layout != null && layout.map() == tableMap;
    wrap(array, offset, length, known ? layout : RowLayout.of(tableMap));
  }

  /**
   * Takes a raw event; {@link #next} then stands before its first row.
   *
   * @param rowLayout of the table map in force for the event's table id
   * @throws CanalException where the event is of another type, is cut off or does not fit the table
   */
  public void wrap(byte[] array, int offset, int length, RowLayout rowLayout) {
    this.array = requireNonNull(array, "array is null");
    checkFromIndexSize(offset, length, array.length);
    layout = requireNonNull(rowLayout, "rowLayout is null");
    map = rowLayout.map();
    int tableColumns = rowLayout.widths.length;
    if (tableColumns > allColumns.length) {
      makeRoom(tableColumns);
    }
    readHead(offset, length, tableColumns);
    int type = array[offset + TYPE_OFFSET] & 0xFF;
    if (type >= MARIADB_WRITE_ROWS_COMPRESSED_V1) {
      throw broken("expected rows that were inflated, found MariaDB's type " + type);
    }
    readPresent(BEFORE, hasBefore());
    readPresent(AFTER, hasAfter());
  }

  private void readHead(int offset, int length, int tableColumns) {
    start = offset;
    end = offset + length;
    position = offset;
    row = offset;
    need(HEADER_LENGTH, "header");
    int type = array[offset + TYPE_OFFSET] & 0xFF;
    kind = kindOf(type);
    position += HEADER_LENGTH;
    skip(TABLE_ID_LENGTH + FLAGS_LENGTH, "post-header");
    boolean version1 =
        type < WRITE_ROWS
            || (type >= MARIADB_WRITE_ROWS_COMPRESSED_V1 && type < MARIADB_WRITE_ROWS_COMPRESSED);
    if (!version1) {
      need(2, "length of the extra data");
      int extra = littleEndian(array, position, 2);
      if (extra < 2) {
        throw broken("expected extra data of at least 2 bytes, found " + extra);
      }
      skip(extra, "extra data");
    }
    long columns = packedInteger();
    if (columns != tableColumns) {
      throw broken("expected " + tableColumns + " columns, found " + columns);
    }
  }

  /**
   * Moves to the next row; false at the end of the event.
   *
   * @throws CanalException where the row is cut off
   */
  public boolean next() {
    if (position == end) {
      return false;
    }
    row = position;
    if (hasBefore()) {
      walk(BEFORE);
    }
    if (hasAfter()) {
      walk(AFTER);
    }
    if (position == row) {
      throw broken("expected rows with at least one column, found " + (end - row) + " bytes more");
    }
    return true;
  }

  /**
   * Where the images of its rows begin in an event, whose head is proven to fit the table; from
   * there on MariaDB's compressed rows are compressed. Leaves this cursor without an event.
   */
  public int imagesOffset(byte[] array, int offset, int length, TableMap tableMap) {
    this.array = requireNonNull(array, "array is null");
    checkFromIndexSize(offset, length, array.length);
    map = requireNonNull(tableMap, "tableMap is null");
    int tableColumns = tableMap.columnCount();
    readHead(offset, length, tableColumns);
    int bitmaps = kind == Kind.UPDATE ? 2 : 1;
    skip(bitmaps * ((tableColumns + 7) >>> 3), "bitmap of the present columns");
    return position;
  }

  /** How many rows an event holds; leaves this cursor at the event's end. */
  public int countRows(byte[] array, int offset, int length, TableMap tableMap) {
    wrap(array, offset, length, tableMap);
    return countRows();
  }

  /** As {@link #countRows(byte[], int, int, TableMap)}, for one who keeps the layout. */
  public int countRows(byte[] array, int offset, int length, RowLayout rowLayout) {
    wrap(array, offset, length, rowLayout);
    return countRows();
  }

  private int countRows() {
    int rows = 0;
    while (next()) {
      rows++;
    }
    return rows;
  }

  public Kind kind() {
    return kind;
  }

  public boolean hasBefore() {
    return kind != Kind.INSERT;
  }

  public boolean hasAfter() {
    return kind != Kind.DELETE;
  }

  /** Whether the image holds the column; with binlog_row_image MINIMAL or NOBLOB some are not. */
  public boolean isPresent(int image, int column) {
    return lengths[image][column] != ABSENT;
  }

  /** Whether the image says NULL; false for a column that it does not hold. */
  public boolean isNull(int image, int column) {
    return lengths[image][column] == NULL;
  }

  /**
   * Where the value's bytes begin, past the length in front of a string, BLOB, JSON, GEOMETRY or
   * VECTOR. Only for a column that is present and not NULL.
   */
  public int valueOffset(int image, int column) {
    return offsets[image][column];
  }

  /** How many bytes the value has; negative for a column that is NULL or not present. */
  public int valueLength(int image, int column) {
    return lengths[image][column];
  }

  /**
   * Whether the after image has another value than the before image, or is the only one that holds
   * the column; false for a column that the after image lacks.
   */
  public boolean changed(int column) {
    int before = lengths[BEFORE][column];
    int after = lengths[AFTER][column];
    if (after < 0 || before != after) {
      return after != ABSENT && before != after;
    }
    return after > 0 && !isSame(offsets[BEFORE][column], offsets[AFTER][column], after);
  }

  /** Whether both images hold the column, with the same value or NULL. */
  public boolean unchanged(int column) {
    int before = lengths[BEFORE][column];
    return before == lengths[AFTER][column]
        && before != ABSENT
        && (before <= 0 || isSame(offsets[BEFORE][column], offsets[AFTER][column], before));
  }

  private boolean isSame(int before, int after, int length) {
    if (length > Long.BYTES) {
      return Arrays.equals(array, before, before + length, array, after, after + length);
    }
    // Most values are this short. The one before lies in front, so that both words are within.
    if (after + Long.BYTES <= array.length) {
      long difference = LittleEndian.int64(array, before) ^ LittleEndian.int64(array, after);
      return difference << (Long.SIZE - (length << 3)) == 0;
    }
    for (int i = 0; i < length; i++) {
      if (array[before + i] != array[after + i]) {
        return false;
      }
    }
    return true;
  }

  /** The array that all offsets refer to. */
  public byte[] array() {
    return array;
  }

  /** Where the current row's bytes begin: its images, each with its null bitmap. */
  public int rowOffset() {
    return row;
  }

  /** How many bytes the images of the current row have together. */
  public int rowLength() {
    return position - row;
  }

  private Kind kindOf(int type) {
    return switch (type) {
      case WRITE_ROWS_V1,
          WRITE_ROWS,
          MARIADB_WRITE_ROWS_COMPRESSED_V1,
          MARIADB_WRITE_ROWS_COMPRESSED ->
          Kind.INSERT;
      case UPDATE_ROWS_V1,
          UPDATE_ROWS,
          MARIADB_UPDATE_ROWS_COMPRESSED_V1,
          MARIADB_UPDATE_ROWS_COMPRESSED ->
          Kind.UPDATE;
      case DELETE_ROWS_V1,
          DELETE_ROWS,
          MARIADB_DELETE_ROWS_COMPRESSED_V1,
          MARIADB_DELETE_ROWS_COMPRESSED ->
          Kind.DELETE;
      // Its after image begins with the value options and a bitmap of the JSON columns that come as
      // differences: such an image needs a walk of its own.
      case PARTIAL_UPDATE_ROWS ->
          throw broken(
              "PARTIAL_UPDATE_ROWS is not supported yet, expected rows written with"
                  + " binlog_row_value_options=''");
      default -> throw broken("expected a rows event, found type " + type);
    };
  }

  private void makeRoom(int columns) {
    allColumns = new int[columns];
    for (int column = 0; column < columns; column++) {
      allColumns[column] = column;
    }
    for (int image = BEFORE; image <= AFTER; image++) {
      present[image] = new int[columns];
      offsets[image] = new int[columns];
      lengths[image] = new int[columns];
    }
  }

  private void readPresent(int image, boolean exists) {
    int columns = layout.widths.length;
    if (exists) {
      int bitmap = position;
      skip((columns + 7) >>> 3, "bitmap of the present columns");
      if (areAllSet(bitmap, columns)) {
        presentCount[image] = columns;
        return;
      }
      Arrays.fill(lengths[image], 0, columns, ABSENT);
      int count = 0;
      for (int column = 0; column < columns; column++) {
        if (isSet(bitmap, column)) {
          present[image][count++] = column;
        }
      }
      presentCount[image] = count;
    } else {
      Arrays.fill(lengths[image], 0, columns, ABSENT);
      presentCount[image] = 0;
    }
  }

  private boolean areAllSet(int bitmap, int bits) {
    int last = bitmap + (bits >>> 3);
    for (int at = bitmap; at < last; at++) {
      if (array[at] != -1) {
        return false;
      }
    }
    int rest = (1 << (bits & 7)) - 1;
    return rest == 0 || (array[last] & rest) == rest;
  }

  private void walk(int image) {
    byte[] bytes = array;
    int[] widths = layout.widths;
    int[] imageOffsets = offsets[image];
    int[] imageLengths = lengths[image];
    int count = presentCount[image];
    int[] columns = count == widths.length ? allColumns : present[image];
    int nullsAt = position;
    skip((count + 7) >>> 3, "null bitmap");
    int limit = end;
    int at = position;
    int nulls = 0;
    for (int i = 0; i < count; i++) {
      nulls = (i & 7) == 0 ? bytes[nullsAt + (i >>> 3)] : nulls >>> 1;
      int column = columns[i];
      if ((nulls & 1) != 0) {
        imageLengths[column] = NULL;
        continue;
      }
      int length = widths[column];
      if (length < 0) {
        int prefix = -length;
        if (prefix > limit - at || prefix < 0) {
          throw cutOff(column, at, prefix);
        }
        length =
            prefix == 1
                ? bytes[at] & 0xFF
                : prefix == 2 ? LittleEndian.uint16(bytes, at) : littleEndian(bytes, at, prefix);
        at += prefix;
      }
      if (length > limit - at || length < 0) {
        throw cutOff(column, at, length);
      }
      imageOffsets[column] = at;
      imageLengths[column] = length;
      at += length;
    }
    position = at;
  }

  private boolean isSet(int bitmap, int bit) {
    return ((array[bitmap + (bit >>> 3)] >>> (bit & 7)) & 1) != 0;
  }

  /** MySQL's packed integer; −1 for one of more than three bytes, which no column count needs. */
  private long packedInteger() {
    need(1, "column count");
    int first = array[position++] & 0xFF;
    if (first < 0xFB) {
      return first;
    }
    if (first != 0xFC && first != 0xFD) {
      return -1;
    }
    int width = first - 0xFA;
    need(width, "column count");
    position += width;
    return littleEndian(array, position - width, width);
  }

  private static int littleEndian(byte[] array, int offset, int width) {
    int value = array[offset] & 0xFF;
    for (int i = 1; i < width; i++) {
      value |= (array[offset + i] & 0xFF) << (i << 3);
    }
    return value;
  }

  private void skip(int length, String what) {
    need(length, what);
    position += length;
  }

  private void need(int length, String what) {
    if (length > end - position) {
      throw broken(what + ": expected " + length + " bytes, found " + (end - position));
    }
  }

  private CanalException cutOff(int column, int at, int length) {
    String type =
        " (type "
            + layout.map().types()[column]
            + ", metadata "
            + layout.map().metadata()[column]
            + ")";
    if (length == ValueLayout.UNKNOWN) {
      return broken("column " + column + ": expected a type that is known, found" + type);
    }
    return broken(
        "column "
            + column
            + type
            + ": expected "
            + Integer.toUnsignedString(length)
            + " bytes, found "
            + (end - at));
  }

  private CanalException broken(String problem) {
    StringBuilder where = new StringBuilder("rows event");
    if (end - start >= HEADER_LENGTH) {
      where.append(" of type ").append(array[start + TYPE_OFFSET] & 0xFF);
      where.append(" that ends at log_pos ");
      where.append(Integer.toUnsignedString(littleEndian(array, start + LOG_POS_OFFSET, 4)));
    }
    return new CanalException(
        ErrorCode.STOP_INSTANCE,
        where
            + " for "
            + map.database()
            + "."
            + map.table()
            + " (table id "
            + map.tableId()
            + "), at byte "
            + (position - start)
            + ": "
            + problem);
  }
}
