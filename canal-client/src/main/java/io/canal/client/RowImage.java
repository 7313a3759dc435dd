package io.canal.client;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A row before or after its change. Valid as long as its {@link Change}; confined to the listener's
 * thread. Nothing is parsed but what is asked for.
 *
 * <p>An image can lack columns: all of them before an INSERT and after a DELETE, and some under
 * {@code binlog_row_image=MINIMAL} or {@code NOBLOB}. {@link #contains} tells; a getter of a column
 * that is not there throws a {@link CanalException} with {@link ErrorCode#BAD_REQUEST} that lists
 * what is. Names are compared exactly. For NULL and for values of another form see {@link Column}.
 *
 * <pre>{@code
 * RowImage row = change.after();
 * long id = row.getLong("id");
 * if (row.contains("note") && !row.isNull("note")) {
 *   index(id, row.getString("note"));
 * }
 * }</pre>
 */
public final class RowImage {
  private final EntryCursor entry;
  private final String label;
  private final int field;
  private final WireReader reader = new WireReader();
  private final WireReader columnReader = new WireReader();

  private byte[] array;
  // found so far, from the first on
  private Column[] columns = {};
  private int size;
  private boolean complete;

  /**
   * @param field of {@code RowData} that holds this image's columns
   */
  RowImage(EntryCursor entry, String label, int field) {
    this.entry = entry;
    this.label = label;
    this.field = field;
  }

  /** Points at a serialized {@code RowData}; a length of 0 is an image without columns. */
  void wrap(byte[] newArray, int newOffset, int newLength) {
    array = newArray;
    reader.wrap(newArray, newOffset, newLength);
    size = 0;
    complete = false;
  }

  /** Number of columns in this image. */
  public int size() {
    reaches(Integer.MAX_VALUE);
    return size;
  }

  public boolean isEmpty() {
    return !reaches(0);
  }

  /**
   * The column at a place in this image, counted from 0.
   *
   * @throws IndexOutOfBoundsException beyond {@link #size}
   */
  public Column column(int place) {
    if (place < 0 || !reaches(place)) {
      throw new IndexOutOfBoundsException("column " + place + " of " + size());
    }
    return columns[place];
  }

  public Column column(String name) {
    Column column = find(name);
    if (column == null) {
      throw new CanalException(
          ErrorCode.BAD_REQUEST,
          describe()
              + ": no column '"
              + name
              + "', found "
              + IntStream.range(0, size())
                  .mapToObj(i -> columns[i].name())
                  .collect(Collectors.joining(", ", "[", "]")));
    }
    return column;
  }

  public boolean contains(String name) {
    return find(name) != null;
  }

  public boolean isNull(String name) {
    return column(name).isNull();
  }

  public String getString(String name) {
    return column(name).getString();
  }

  public int getInt(String name) {
    return column(name).getInt();
  }

  public long getLong(String name) {
    return column(name).getLong();
  }

  public boolean getBoolean(String name) {
    return column(name).getBoolean();
  }

  public double getDouble(String name) {
    return column(name).getDouble();
  }

  public BigDecimal getBigDecimal(String name) {
    return column(name).getBigDecimal();
  }

  public LocalDate getLocalDate(String name) {
    return column(name).getLocalDate();
  }

  public LocalDateTime getLocalDateTime(String name) {
    return column(name).getLocalDateTime();
  }

  public Duration getDuration(String name) {
    return column(name).getDuration();
  }

  public byte[] getBytes(String name) {
    return column(name).getBytes();
  }

  Names names() {
    return entry.names();
  }

  WireReader columnReader() {
    return columnReader;
  }

  String describe() {
    return entry.describe() + ", " + label;
  }

  private Column find(String name) {
    Names.Place last = names().place(name);
    if (reaches(last.place) && columns[last.place].name().equals(name)) {
      return columns[last.place];
    }
    for (int i = 0; reaches(i); i++) {
      if (columns[i].name().equals(name)) {
        last.place = i;
        return columns[i];
      }
    }
    return null;
  }

  /** Whether the image has a column at that place; goes no further than it for that. */
  private boolean reaches(int place) {
    while (size <= place && !complete) {
      if (!reader.next()) {
        complete = true;
      } else if (reader.field() == field) {
        if (size == columns.length) {
          grow();
        }
        columns[size++].wrap(array, reader.offset(), reader.length());
      }
    }
    return place < size;
  }

  private void grow() {
    columns = Arrays.copyOf(columns, Math.max(16, size * 2));
    for (int i = size; i < columns.length; i++) {
      columns[i] = new Column(this);
    }
  }
}
