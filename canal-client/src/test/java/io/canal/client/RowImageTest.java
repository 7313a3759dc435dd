package io.canal.client;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.canal.protocol.CanalEntry.EventType;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.math.BigDecimal;
import java.sql.Types;
import java.time.Duration;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RowImageTest {
  @ParameterizedTest
  @ValueSource(
      longs = {
        0,
        1,
        -1,
        9,
        10,
        Integer.MAX_VALUE,
        Long.MAX_VALUE,
        Long.MIN_VALUE,
        -9,
        1234567890123L
      })
  void shouldReadLongs(long value) throws Exception {
    RowImage row = row(Types.BIGINT, Long.toString(value), "bigint");

    assertThat(row.getLong("c")).isEqualTo(value);
    assertThat(row.getBigDecimal("c")).isEqualTo(BigDecimal.valueOf(value));
    assertThat(row.getBoolean("c")).isEqualTo(value != 0);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "-",
        "1.5",
        "x",
        "1x",
        "+1",
        " 1",
        "9223372036854775808",
        "-9223372036854775809",
        "18446744073709551615",
        "99999999999999999999",
        "--1"
      })
  void shouldRefuseWhatIsNoLong(String value) throws Exception {
    RowImage row = row(Types.BIGINT, value, "bigint unsigned");

    assertThatThrownBy(() -> row.getLong("c"))
        .isInstanceOf(CanalException.class)
        .hasMessage(
            "shop.orders at binlog.000042:1187, after image: column 'c' is bigint unsigned with a"
                + " value that cannot be read as a long");
    assertThat(row.getString("c")).isEqualTo(value);
  }

  @Test
  void shouldReadIntsInTheirRangeOnly() throws Exception {
    assertThat(row(Types.INTEGER, "-2147483648", "int").getInt("c")).isEqualTo(Integer.MIN_VALUE);
    assertThat(row(Types.INTEGER, "2147483647", "int").getInt("c")).isEqualTo(Integer.MAX_VALUE);
    RowImage row = row(Types.BIGINT, "2147483648", "int unsigned");
    assertThatThrownBy(() -> row.getInt("c")).hasMessageContaining("cannot be read as an int");
  }

  @Test
  void shouldReadDecimalsAndDoubles() throws Exception {
    assertThat(row(Types.DECIMAL, "-0.500", "decimal(5,3)").getBigDecimal("c"))
        .isEqualTo(new BigDecimal("-0.500"));
    assertThat(row(Types.DOUBLE, "1.7976931348623157E308", "double").getDouble("c"))
        .isEqualTo(Double.MAX_VALUE);
    assertThat(row(Types.DECIMAL, "18446744073709551615", "bigint unsigned").getBigDecimal("c"))
        .isEqualTo(new BigDecimal("18446744073709551615"));
  }

  @ParameterizedTest
  @CsvSource({
    "2024-02-29 23:59:59, 2024-02-29T23:59:59",
    "2024-02-29 23:59:59.1, 2024-02-29T23:59:59.1",
    "1000-01-01 00:00:00.000001, 1000-01-01T00:00:00.000001",
    "9999-12-31 23:59:59.999999, 9999-12-31T23:59:59.999999",
    "2024-02-29, 2024-02-29T00:00:00"
  })
  void shouldReadDatesAndTimes(String value, LocalDateTime expected) throws Exception {
    RowImage row = row(Types.TIMESTAMP, value, "datetime(6)");

    assertThat(row.getLocalDateTime("c")).isEqualTo(expected);
    assertThat(row.getLocalDate("c")).isEqualTo(expected.toLocalDate());
  }

  @ParameterizedTest
  @ValueSource(strings = {"0000-00-00 00:00:00", "2024-00-01 00:00:00", "0000-00-00", "12:00:00"})
  void shouldRefuseDatesThatAreNone(String value) throws Exception {
    RowImage row = row(Types.TIMESTAMP, value, "datetime");

    assertThatThrownBy(() -> row.getLocalDateTime("c"))
        .isInstanceOf(CanalException.class)
        .hasMessageContaining("cannot be read as a date and time");
    assertThat(row.getString("c")).isEqualTo(value);
  }

  @ParameterizedTest
  @CsvSource({
    "00:00:00, PT0S",
    "838:59:59, PT838H59M59S",
    "-838:59:59, PT-838H-59M-59S",
    "-00:00:00.5, PT-0.5S",
    "01:02:03.000004, PT1H2M3.000004S"
  })
  void shouldReadTimes(String value, Duration expected) throws Exception {
    assertThat(row(Types.TIME, value, "time(6)").getDuration("c")).isEqualTo(expected);
  }

  @Test
  void shouldReadEveryByteOfABlob() throws Exception {
    byte[] bytes = new byte[256];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) i;
    }

    RowImage row = row(Types.BLOB, new String(bytes, ISO_8859_1), "blob");

    assertThat(row.getBytes("c")).isEqualTo(bytes);
    assertThat(row(Types.BLOB, "", "blob").getBytes("c")).isEmpty();
  }

  @Test
  void shouldReadBytesOfTextAsUtf8() throws Exception {
    assertThat(row(Types.VARCHAR, "tö\uD83D\uDE00", "varchar(9)").getBytes("c"))
        .isEqualTo("tö\uD83D\uDE00".getBytes(UTF_8));
    RowImage noBytes = row(Types.BLOB, "\u0100", "blob");
    assertThatThrownBy(() -> noBytes.getBytes("c")).hasMessageContaining("cannot be read as bytes");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a", "paid", "tö", "tö\uD83D\uDE00", "\u0100"})
  void shouldCompareAndShowBytesWithoutAString(String value) throws Exception {
    Column column = row(Types.VARCHAR, value, "varchar(9)").column("c");

    assertThat(column.valueEquals(value)).isTrue();
    for (String other : List.of(value + "x", "x" + value, "unpaid", "paix", "pai", "tä", "ö")) {
      assertThat(column.valueEquals(other)).as("%s", other).isFalse();
    }
    assertThat(UTF_8.decode(column.getByteBuffer()).toString()).isEqualTo(value);
    assertThat(column.getByteBuffer().isReadOnly()).isTrue();
  }

  @Test
  void shouldBeEqualToNoTextWhereItIsNull() throws Exception {
    Column column = row(Types.VARCHAR, null, "varchar(9)").column("c");

    assertThat(column.valueEquals("")).isFalse();
    assertThat(column.getByteBuffer()).isNull();
  }

  @Test
  void shouldTellNullFromAbsent() throws Exception {
    RowImage row = row(Types.BIGINT, null, "bigint");

    assertThat(row.isNull("c")).isTrue();
    assertThat(row.contains("c")).isTrue();
    assertThat(row.getString("c")).isNull();
    assertThat(row.getBigDecimal("c")).isNull();
    assertThat(row.getLocalDateTime("c")).isNull();
    assertThat(row.getLocalDate("c")).isNull();
    assertThat(row.getDuration("c")).isNull();
    assertThat(row.getBytes("c")).isNull();
    assertThatThrownBy(() -> row.getLong("c"))
        .isInstanceOf(CanalException.class)
        .hasMessageContaining("column 'c' is NULL");
    assertThatThrownBy(() -> row.getDouble("c")).hasMessageContaining("column 'c' is NULL");
    assertThat(row.contains("d")).isFalse();
    assertThat(row.contains("C")).isFalse();
    assertThatThrownBy(() -> row.isNull("d"))
        .isInstanceOfSatisfying(
            CanalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BAD_REQUEST))
        .hasMessage("shop.orders at binlog.000042:1187, after image: no column 'd', found [id, c]");
  }

  @Test
  void shouldFindColumnsWhereverTheyStand() throws Exception {
    Message message =
        Entries.message(
            1,
            Entries.rows(
                "shop",
                "orders",
                EventType.INSERT,
                Entries.after(number("a", 1), number("b", 2), number("c", 3)),
                Entries.after(number("c", 3), number("a", 1)),
                Entries.after(number("b", 2))));
    StringBuilder seen = new StringBuilder();

    message.forEachChange(
        change -> {
          for (String name : new String[] {"c", "a", "b"}) {
            boolean present = change.after().contains(name);
            seen.append(present ? change.after().getLong(name) : "-");
          }
          seen.append(' ');
        });

    assertThat(seen).hasToString("312 31- --2 ");
  }

  @Test
  void shouldGiveColumnsThatHoldTogether() throws Exception {
    RowImage row = row(Types.DATE, "2024-01-02", "date");

    Column first = row.column(0);
    Column second = row.column("c");

    assertThat(first).hasToString("id=1");
    assertThat(second.getLocalDate()).isEqualTo(LocalDate.of(2024, 1, 2));
    assertThat(second).isSameAs(row.column(1));
    assertThat(first.isKey()).isTrue();
    assertThat(second.isKey()).isFalse();
    assertThat(second.mysqlType()).isEqualTo("date");
    assertThat(second.sqlType()).isEqualTo(Types.DATE);
    assertThatThrownBy(() -> row.column(2)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> row.column(-1)).isInstanceOf(IndexOutOfBoundsException.class);
  }

  private static io.canal.protocol.CanalEntry.Column number(String name, long value) {
    return Entries.column(0, Types.BIGINT, name, Long.toString(value), "bigint");
  }

  /** A row of {@code id} and {@code c}, kept. */
  private static RowImage row(int sqlType, String value, String mysqlType) throws Exception {
    Change[] kept = new Change[1];
    Entries.message(
            1,
            Entries.rows(
                "shop",
                "orders",
                EventType.INSERT,
                Entries.after(Entries.id(1), Entries.column(1, sqlType, "c", value, mysqlType))))
        .forEachChange(change -> kept[0] = change.copy());
    return kept[0].after();
  }
}
