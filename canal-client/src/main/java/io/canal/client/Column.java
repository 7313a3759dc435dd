package io.canal.client;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.util.Arrays;
import java.util.function.Function;

/**
 * One column of a {@link RowImage}, parsed when it is first asked. Valid as long as its {@link
 * Change}; confined to the listener's thread.
 *
 * <p>The getters of objects return null for SQL's NULL; those of primitives throw, so ask {@link
 * #isNull} first where a column may hold it. A value that is not of the asked form (a text as a
 * number, a zero date as a date, a number out of range) is a {@link CanalException} with {@link
 * ErrorCode#BAD_REQUEST} that names the column; {@link #getString} always works.
 */
public final class Column {
  private static final int SQL_BLOB = java.sql.Types.BLOB;
  // of the largest long; fewer always fit
  private static final int LONG_DIGITS = 19;

  // fields behind the head
  private static final int UPDATED = 5;
  private static final int IS_NULL = 6;
  private static final int VALUE = 8;
  private static final int MYSQL_TYPE = 10;

  private final RowImage image;

  private byte[] array;
  private int offset;
  private int length;
  private boolean parsed;

  // of this column, or of the one that stood at its place in the row before
  private ColumnHead head = ColumnHead.EMPTY;
  private boolean updated;
  private boolean isNull;
  private int valueOffset;
  private int valueLength;
  private int mysqlTypeOffset;
  private int mysqlTypeLength;

  Column(RowImage image) {
    this.image = image;
  }

  void wrap(byte[] newArray, int newOffset, int newLength) {
    array = newArray;
    offset = newOffset;
    length = newLength;
    parsed = false;
  }

  public String name() {
    parse();
    return head.name();
  }

  /** 0-based ordinal in the table, which differs from the place in an image that lacks columns. */
  public int index() {
    parse();
    return head.index();
  }

  /** A constant of {@link java.sql.Types}. */
  public int sqlType() {
    parse();
    return head.sqlType();
  }

  /** The type as {@code SHOW CREATE TABLE} prints it, such as {@code bigint unsigned}. */
  public String mysqlType() {
    parse();
    return image.names().text(array, mysqlTypeOffset, mysqlTypeLength);
  }

  /** Whether the column is a member of the primary key. */
  public boolean isKey() {
    parse();
    return head.isKey();
  }

  /** Whether the value differs from the one before; in images after a change only. */
  public boolean isUpdated() {
    parse();
    return updated;
  }

  public boolean isNull() {
    parse();
    return isNull;
  }

  /** The value as Canal writes it; null for NULL. Binary values hold one char per byte. */
  public String getString() {
    parse();
    return isNull ? null : text();
  }

  public int getInt() {
    long value = getLong();
    if (value != (int) value) {
      throw unreadable("an int", null);
    }
    return (int) value;
  }

  /** Of an integer, YEAR, BIT, ENUM (its 1-based index) or SET (its bit mask). */
  public long getLong() {
    requireValue();
    int at = valueOffset;
    int end = valueOffset + valueLength;
    boolean negative = at < end && array[at] == '-';
    if (negative) {
      at++;
    }
    if (at == end) {
      throw unreadable("a long", null);
    }
    boolean fits = end - at < LONG_DIGITS;
    long value = 0; // negative while it grows: that side holds one more
    for (; at < end; at++) {
      int digit = array[at] - '0';
      if (digit < 0 || digit > 9 || (!fits && value < (Long.MIN_VALUE + digit) / 10)) {
        throw unreadable("a long", null);
      }
      value = value * 10 - digit;
    }
    if (!negative && value == Long.MIN_VALUE) {
      throw unreadable("a long", null);
    }
    return negative ? value : -value;
  }

  /** True for any number but zero, as MySQL reads {@code BOOLEAN}. */
  public boolean getBoolean() {
    return getLong() != 0;
  }

  public double getDouble() {
    requireValue();
    return convert("a double", Double::valueOf);
  }

  public BigDecimal getBigDecimal() {
    return convert("a decimal", BigDecimal::new);
  }

  /** Of a DATE, or the day of a DATETIME or TIMESTAMP. */
  public LocalDate getLocalDate() {
    return convert(
        "a date", text -> LocalDate.parse(text.length() > 10 ? text.substring(0, 10) : text));
  }

  /** Of a DATETIME, a TIMESTAMP in the server's {@code canal.instance.timezone}, or a DATE. */
  public LocalDateTime getLocalDateTime() {
    return convert(
        "a date and time",
        text ->
            text.length() <= 10
                ? LocalDate.parse(text).atStartOfDay()
                : LocalDateTime.of(
                    LocalDate.parse(text.substring(0, 10)), LocalTime.parse(text.substring(11))));
  }

  /** Of a TIME, which MySQL lets run from -838:59:59 to 838:59:59. */
  public Duration getDuration() {
    return convert("a time", Column::parseDuration);
  }

  /** The bytes of a binary value; of any other value, its text in UTF-8. A new array each time. */
  public byte[] getBytes() {
    parse();
    if (isNull) {
      return null;
    }
    return head.sqlType() == SQL_BLOB
        ? binary()
        : Arrays.copyOfRange(array, valueOffset, valueOffset + valueLength);
  }

  /** {@code name=value}; the value is row data, so keep it out of logs. */
  @Override
  public String toString() {
    return name() + "=" + getString();
  }

  private void parse() {
    if (parsed) {
      return;
    }
    updated = false;
    isNull = false;
    valueLength = 0;
    mysqlTypeLength = 0;
    int headLength = head.begins(array, offset, length) ? head.length() : 0;
    boolean headKnown = true;
    WireReader reader = image.columnReader();
    reader.wrap(array, offset + headLength, length - headLength);
    while (reader.next()) {
      switch (reader.field()) {
        case UPDATED -> updated = reader.number() != 0;
        case IS_NULL -> isNull = reader.number() != 0;
        case VALUE -> {
          valueOffset = reader.offset();
          valueLength = reader.length();
        }
        case MYSQL_TYPE -> {
          mysqlTypeOffset = reader.offset();
          mysqlTypeLength = reader.length();
        }
        default -> headKnown &= !ColumnHead.holds(reader.field()); // the others say nothing more
      }
    }
    if (!headKnown) {
      head = image.names().head(array, offset, length);
    }
    parsed = true;
  }

  private String text() {
    return new String(array, valueOffset, valueLength, UTF_8);
  }

  /** Undoes one char per byte: a byte above 0x7F stands as two bytes of UTF-8. */
  private byte[] binary() {
    byte[] bytes = new byte[valueLength];
    int size = 0;
    for (int at = valueOffset; at < valueOffset + valueLength; at++) {
      int first = array[at];
      if (first < 0) {
        boolean twoBytes = (first & 0xFC) == 0xC0 && at + 1 < valueOffset + valueLength;
        if (!twoBytes) {
          throw unreadable("bytes", null);
        }
        first = (first & 0x03) << 6 | (array[++at] & 0x3F);
      }
      bytes[size++] = (byte) first;
    }
    return size == bytes.length ? bytes : Arrays.copyOf(bytes, size);
  }

  private static Duration parseDuration(String text) {
    boolean negative = text.startsWith("-");
    String[] fields = (negative ? text.substring(1) : text).split(":", -1);
    if (fields.length != 3) {
      throw new NumberFormatException("expected HH:mm:ss");
    }
    Duration time =
        Duration.ofHours(Integer.parseInt(fields[0]))
            .plusNanos(LocalTime.parse("00:" + fields[1] + ":" + fields[2]).toNanoOfDay());
    return negative ? time.negated() : time;
  }

  private <T> T convert(String form, Function<String, T> conversion) {
    parse();
    if (isNull) {
      return null;
    }
    try {
      return conversion.apply(text());
    } catch (NumberFormatException | DateTimeException e) {
      throw unreadable(form, e);
    }
  }

  private void requireValue() {
    parse();
    if (isNull) {
      throw new CanalException(
          ErrorCode.BAD_REQUEST,
          image.describe() + ": column '" + name() + "' is NULL, ask isNull before a primitive");
    }
  }

  /** Leaves the value out of the message: it is row data. */
  private CanalException unreadable(String form, Exception cause) {
    return new CanalException(
        ErrorCode.BAD_REQUEST,
        image.describe()
            + ": column '"
            + name()
            + "' is "
            + mysqlType()
            + " with a value that cannot be read as "
            + form,
        cause);
  }
}
