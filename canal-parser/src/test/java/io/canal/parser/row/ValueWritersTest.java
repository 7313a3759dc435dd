package io.canal.parser.row;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.canal.parser.schema.Column;
import io.canal.parser.schema.ColumnType;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.WriteBuffer;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.sql.Types;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bytes of MySQL 9.7, in the order of the row image. */
class ValueWritersTest {
  private static final ZoneId UTC = ZoneId.of("UTC");
  private static final int LATIN1 = 8;
  private static final int UTF8MB4 = 255;

  private final long seed = new SplittableRandom().nextLong();
  private final SplittableRandom random = new SplittableRandom(seed);
  private final WriteBuffer out = new WriteBuffer(4);

  @ParameterizedTest
  @CsvSource({
    "1, false, 80, -128, -6",
    "1, true, 7f, 127, -6",
    "1, true, 80, 128, 5",
    "2, false, ffff, -1, 5",
    "2, true, ff7f, 32767, 5",
    "2, true, ffff, 65535, 4",
    "9, false, 000080, -8388608, 4",
    "9, false, ffffff, -1, 4",
    "9, true, ffffff, 16777215, 4",
    "3, false, 00000080, -2147483648, 4",
    "3, true, ffffff7f, 2147483647, 4",
    "3, true, ffffffff, 4294967295, -5",
    "8, false, 0000000000000080, -9223372036854775808, -5",
    "8, true, ffffffffffffff7f, 9223372036854775807, -5",
    "8, true, ffffffffffffffff, 18446744073709551615, 3"
  })
  void shouldWriteIntegersAndPromoteUnsignedOnes(
      int type, boolean unsigned, String hex, String text, int sqlType) {
    ValueWriter writer = ValueWriters.of(number(type, unsigned), UTC);
    byte[] value = HexFormat.of().parseHex(hex);

    assertThat(write(writer, hex)).isEqualTo(text);
    assertThat(value[value.length - 1] < 0 ? writer.sqlTypeOfTopBit() : writer.sqlType())
        .isEqualTo(sqlType);
  }

  @Test
  void shouldHaveTheNarrowTypeForNull() {
    assertThat(ValueWriters.of(number(ColumnType.LONG, true), UTC).sqlTypeOfNull())
        .isEqualTo(Types.INTEGER);
    assertThat(ValueWriters.of(column(ColumnType.JSON, 4), UTC).sqlTypeOfNull())
        .isEqualTo(Types.OTHER);
    assertThat(ValueWriters.of(column(ColumnType.JSON, 4), UTC).sqlType()).isEqualTo(Types.VARCHAR);
  }

  /**
   * INSERT INTO k VALUES ('-00:00:00.5', '-838:59:58.000001', '2024-02-29 12:34:56.789',
   * '2021-03-28 01:00:00.25', '2021-00-31', 2021, -12.5, 2049, 'a,c', 'y').
   */
  @ParameterizedTest
  @CsvSource({
    "19, 1, 7fffffce, -00:00:00.5, 92",
    "19, 6, 4b9105ffffff, -838:59:58.000001, 92",
    "18, 3, 99b2bac8b81ed2, 2024-02-29 12:34:56.789, 93",
    "17, 2, 605fd51019, 2021-03-28 01:00:00.25, 93",
    "10, 0, 1fca0f, 2021-00-31, 91",
    "13, 0, 79, 2021, 12",
    "246, 2564, 7ffff3ec77, -12.5000, 3",
    "16, 12, 0801, 2049, -7",
    "248, 1, 05, 5, -7",
    "247, 1, 02, 2, 4"
  })
  void shouldWriteWhatMysqlStored(int type, int metadata, String hex, String text, int sqlType) {
    ValueWriter writer = ValueWriters.of(column(type, metadata), UTC);

    assertThat(write(writer, hex)).isEqualTo(text);
    assertThat(writer.sqlType()).isEqualTo(sqlType);
    assertThat(writer.sqlTypeOfTopBit()).isEqualTo(sqlType);
  }

  @ParameterizedTest
  @CsvSource({
    "10, 0, 000000, 0000-00-00",
    "18, 0, 8000000000, 0000-00-00 00:00:00",
    "18, 2, 800000000000, 0000-00-00 00:00:00.00",
    "17, 0, 00000000, 0000-00-00 00:00:00",
    "17, 6, 00000000000000, 0000-00-00 00:00:00.000000",
    "17, 0, 00000001, 1970-01-01 00:00:01",
    "17, 0, 7fffffff, 2038-01-19 03:14:07",
    "17, 0, ffffffff, 2106-02-07 06:28:15",
    "19, 0, 800000, 00:00:00",
    "19, 0, b46efb, 838:59:59",
    "19, 0, 4b9105, -838:59:59",
    "13, 0, 00, 0000",
    "13, 0, ff, 2155",
    "16, 64, ffffffffffffffff, 18446744073709551615",
    "248, 8, 0000000000000080, 9223372036854775808",
    "247, 2, 2c01, 300"
  })
  void shouldWriteTheEndsOfRanges(int type, int metadata, String hex, String text) {
    assertThat(write(ValueWriters.of(column(type, metadata), UTC), hex)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({
    // Of a table made under MariaDB's mysql56_temporal_format=OFF
    "11, 40e201, 12:34:56",
    "11, ffffff, -00:00:01",
    "11, a7f57f, 838:59:59",
    "12, 80c5aa8b68120000, 2024-02-29 12:34:56",
    "12, 7787d105f15a0000, 9999-12-31 23:59:59",
    "12, 0000000000000000, 0000-00-00 00:00:00",
    "7, 10d55f60, 2021-03-28 01:00:00",
    "7, 00000000, 0000-00-00 00:00:00"
  })
  void shouldWriteTheFormatsBeforeMysql56(int type, String hex, String text) {
    assertThat(write(ValueWriters.of(column(type, 0), UTC), hex)).isEqualTo(text);
  }

  @Test
  void shouldWriteFloatsAndVectors() {
    // INSERT INTO m(v) VALUES (STRING_TO_VECTOR('[1.5,-2]'))
    assertThat(write(ValueWriters.of(column(ColumnType.VECTOR, 4), UTC), "0000c03f000000c0"))
        .isEqualTo("[1.5,-2.0]");
    assertThat(write(ValueWriters.of(column(ColumnType.FLOAT, 4), UTC), "cdcccc3d"))
        .isEqualTo("0.1");
    assertThat(write(ValueWriters.of(column(ColumnType.DOUBLE, 8), UTC), "9a9999999999b93f"))
        .isEqualTo("0.1");
  }

  @Test
  void shouldDecodeTextInTheColumnsCharacterSet() {
    // INSERT INTO m(l) VALUES ('€é') into VARCHAR(10) CHARACTER SET latin1
    ValueWriter latin1 = ValueWriters.of(text(ColumnType.VARCHAR, 10, LATIN1), UTC);
    ValueWriter utf8 = ValueWriters.of(text(ColumnType.BLOB, 2, UTF8MB4), UTC);

    assertThat(write(latin1, "80e9")).isEqualTo("€é");
    assertThat(latin1.sqlTypeOfNull()).isEqualTo(Types.VARCHAR);
    assertThat(write(utf8, "f09f9880")).isEqualTo("😀");
    assertThat(utf8.sqlTypeOfNull()).isEqualTo(Types.CLOB);
    assertThat(ValueWriters.of(text(ColumnType.STRING, 40, UTF8MB4), UTC).sqlTypeOfNull())
        .isEqualTo(Types.CHAR);
  }

  @Test
  void shouldWriteBytesAsOneCharacterEach() {
    ValueWriter varbinary =
        ValueWriters.of(text(ColumnType.VARCHAR, 10, Column.BINARY_COLLATION), UTC);
    // INSERT INTO m(b) VALUES (x'01') into BINARY(4): the image lacks the zeros
    ValueWriter binary = ValueWriters.of(text(ColumnType.STRING, 4, Column.BINARY_COLLATION), UTC);

    assertThat(write(varbinary, "00807fff")).isEqualTo("\0\u0080\u007F\u00FF");
    assertThat(varbinary.sqlTypeOfNull()).isEqualTo(Types.BLOB);
    assertThat(write(binary, "01")).isEqualTo("\u0001\0\0\0");
    assertThat(binary.sqlTypeOfNull()).isEqualTo(Types.BLOB);
  }

  @Test
  void shouldInflateCompressedColumnsOfMariadb() {
    // INSERT INTO z VALUES ('short'), (REPEAT('ab', 100)) into VARCHAR(300) COMPRESSED
    ValueWriter writer =
        ValueWriters.of(text(ColumnType.MARIADB_VARCHAR_COMPRESSED, 1201, UTF8MB4), UTC);

    assertThat(write(writer, "0073686f7274")).isEqualTo("short");
    assertThat(write(writer, "89c84b4c4a1c161000")).isEqualTo("ab".repeat(100));
    assertThat(write(writer, "")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "89c8",
        "89",
        "8cffffffff4b4c4a1c161000",
        "19c84b",
        "89c84b4c4a",
        "81c84b4c4a1c161000"
      })
  void shouldRefuseBytesThatAreNotCompressed(String hex) {
    ValueWriter writer =
        ValueWriters.of(text(ColumnType.MARIADB_VARCHAR_COMPRESSED, 1201, UTF8MB4), UTC);

    assertThatThrownBy(() -> write(writer, hex))
        .isInstanceOf(CanalException.class)
        .hasMessageContaining("COMPRESSED column: expected");
  }

  @Test
  void shouldFollowTheTransitionsOfATimeZone() {
    DateTimeFormatter format = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss.SSSSSS");
    for (String name :
        List.of("Europe/Berlin", "Asia/Shanghai", "America/St_Johns", "UTC", "-03:30")) {
      ZoneId zone = ZoneId.of(name);
      ValueWriter writer = ValueWriters.of(column(ColumnType.TIMESTAMP2, 6), zone);
      for (int i = 0; i < 20_000; i++) {
        long seconds = random.nextLong(1, 1L << 32);
        int micros = random.nextInt(1_000_000);
        String expected =
            LocalDateTime.ofInstant(Instant.ofEpochSecond(seconds, micros * 1000L), zone)
                .format(format);

        assertThat(write(writer, String.format("%08x%06x", seconds, micros)))
            .as("%s, seed %s", name, seed)
            .isEqualTo(expected);
      }
    }
  }

  @Test
  void shouldWriteTheHourThatComesTwice() {
    ValueWriter writer =
        ValueWriters.of(column(ColumnType.TIMESTAMP2, 0), ZoneId.of("Europe/Berlin"));
    long end = Instant.parse("2021-10-31T01:00:00Z").getEpochSecond();

    assertThat(write(writer, String.format("%08x", end - 1))).isEqualTo("2021-10-31 02:59:59");
    assertThat(write(writer, String.format("%08x", end))).isEqualTo("2021-10-31 02:00:00");
  }

  @Test
  void shouldWriteRandomTimes() {
    for (int i = 0; i < 20_000; i++) {
      int digits = random.nextInt(7);
      int bytes = (digits + 1) / 2;
      int hour = random.nextInt(839);
      int minute = random.nextInt(60);
      int second = random.nextInt(60);
      int fraction = random.nextInt((int) Math.pow(10, digits));
      boolean negative = random.nextBoolean() && hour + minute + second + fraction > 0;
      long units = digits % 2 == 0 ? fraction : fraction * 10L;
      long packed = ((((long) hour << 12) | (minute << 6) | second) << (8 * bytes)) + units;
      long stored = (0x80_0000L << (8 * bytes)) + (negative ? -packed : packed);
      String expected =
          String.format("%s%02d:%02d:%02d", negative ? "-" : "", hour, minute, second)
              + (digits == 0 ? "" : String.format(".%0" + digits + "d", fraction));

      ValueWriter writer = ValueWriters.of(column(ColumnType.TIME2, digits), UTC);

      assertThat(write(writer, String.format("%0" + (6 + 2 * bytes) + "x", stored)))
          .as("seed %s", seed)
          .isEqualTo(expected);
    }
  }

  @Test
  void shouldWriteRandomDecimals() {
    for (int i = 0; i < 20_000; i++) {
      int precision = random.nextInt(1, 66);
      int scale = random.nextInt(0, Math.min(precision, 30) + 1);
      BigInteger limit = BigInteger.TEN.pow(random.nextInt(precision + 1));
      BigInteger unscaled = new BigInteger(220, new java.util.Random(random.nextLong())).mod(limit);
      BigDecimal value = new BigDecimal(random.nextBoolean() ? unscaled : unscaled.negate(), scale);
      ValueWriter writer =
          ValueWriters.of(column(ColumnType.NEWDECIMAL, (precision << 8) | scale), UTC);

      assertThat(write(writer, HexFormat.of().formatHex(pack(value, precision, scale))))
          .as("DECIMAL(%s,%s), seed %s", precision, scale, seed)
          .isEqualTo(value.toPlainString());
    }
  }

  @Test
  void shouldMeetAnyBytesWithTextOrACanalException() {
    int[] types = {
      1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 140, 141, 242, 245, 246, 247,
      248, 249, 250, 251, 252, 253, 254, 255
    };
    for (int i = 0; i < 50_000; i++) {
      int type = types[random.nextInt(types.length)];
      int metadata = random.nextInt(random.nextBoolean() ? 9 : 0x4200);
      int collation = random.nextInt(400);
      byte[] value = new byte[random.nextInt(1, 40)];
      random.nextBytes(value);
      try {
        Column column = column(type, metadata, random.nextBoolean(), collation);
        int width = ValueLayout.of(type, metadata);
        int length = width > 0 && random.nextInt(10) > 0 ? Math.min(width, 40) : value.length;
        write(ValueWriters.of(column, UTC), HexFormat.of().formatHex(Arrays.copyOf(value, length)));
      } catch (CanalException e) {
        assertThat(e.code()).isEqualTo(ErrorCode.STOP_INSTANCE);
      } catch (RuntimeException e) {
        throw new AssertionError("type " + type + ", seed " + seed, e);
      }
    }
  }

  @Test
  void shouldNameTheColumnThatNobodyCanWrite() {
    assertThatThrownBy(() -> ValueWriters.of(text(ColumnType.VARCHAR, 10, 999), UTC))
        .isInstanceOf(CanalException.class)
        .hasMessageContaining("column c (test)")
        .hasMessageContaining("collation id 999");
    assertThatThrownBy(() -> ValueWriters.of(column(ColumnType.DECIMAL, 0), UTC))
        .isInstanceOf(CanalException.class)
        .hasMessageContaining("type 0");
  }

  /** The packing of MySQL's decimal2bin, by way of the digits' text. */
  private static byte[] pack(BigDecimal value, int precision, int scale) {
    int[] bytesOfDigits = {0, 1, 1, 2, 2, 3, 3, 4, 4, 4};
    String digits = value.unscaledValue().abs().toString();
    digits = "0".repeat(precision - Math.min(precision, digits.length())) + digits;
    int whole = precision - scale;
    StringBuilder hex = new StringBuilder();
    for (int at = 0; at < precision; ) {
      int left = at < whole ? whole - at : precision - at;
      int group = at < whole ? (left % 9 == 0 ? 9 : left % 9) : Math.min(9, left);
      int number = Integer.parseInt(digits.substring(at, at + group));
      hex.append(String.format("%0" + bytesOfDigits[group] * 2 + "x", number));
      at += group;
    }
    byte[] packed = HexFormat.of().parseHex(hex);
    if (value.signum() < 0) {
      for (int i = 0; i < packed.length; i++) {
        packed[i] = (byte) ~packed[i];
      }
    }
    packed[0] ^= (byte) 0x80;
    return packed;
  }

  private String write(ValueWriter writer, String hex) {
    byte[] value = HexFormat.of().parseHex(hex);
    byte[] array = new byte[value.length + 6];
    System.arraycopy(value, 0, array, 3, value.length);
    out.clear();
    writer.write(array, 3, value.length, out);
    return new String(out.array(), 0, out.position(), UTF_8);
  }

  private static Column number(int type, boolean unsigned) {
    return column(type, 0, unsigned, Column.BINARY_COLLATION);
  }

  private static Column text(int type, int metadata, int collation) {
    return column(type, metadata, false, collation);
  }

  private static Column column(int type, int metadata) {
    return column(type, metadata, false, Column.BINARY_COLLATION);
  }

  private static Column column(int type, int metadata, boolean unsigned, int collation) {
    return new Column(0, "c", type, metadata, unsigned, collation, false, "test", List.of());
  }
}
