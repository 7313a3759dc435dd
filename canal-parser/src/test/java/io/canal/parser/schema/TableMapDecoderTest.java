package io.canal.parser.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TableMapDecoderTest {
  private static final List<byte[]> EVENTS =
      List.of(
          TableMaps.NUMS,
          TableMaps.TEXTS,
          TableMaps.TIMES,
          TableMaps.GEO,
          TableMaps.FUNC,
          TableMaps.GIPK);

  @Test
  void shouldDecodeNumbers() {
    TableMap map = decode(TableMaps.NUMS);

    assertThat(map.tableId()).isEqualTo(0x6a);
    assertThat(map.qualifiedName()).isEqualTo("shop.nums");
    assertThat(map.types()).containsExactly(1, 1, 13, 2, 9, 3, 8, 4, 5, 246, 246, 16, 16, 1, 3, 4);
    assertThat(map.metadata())
        .containsExactly(0, 0, 0, 0, 0, 0, 0, 4, 8, 10 << 8 | 2, 65 << 8 | 30, 3, 64, 0, 0, 4);
    assertThat(columns(map, ColumnMetadata::unsigned))
        .isEqualTo("0 1 0 1 0 1 1 0 1 0 1 0 0 0 1 0".replace("1", "true").replace("0", "false"));
    assertThat(names(map, ColumnMetadata::key)).containsExactly("e");
    assertThat(map.nullable()[4]).isTrue();
    assertThat(map.nullable()[5]).isFalse();
  }

  @Test
  void shouldDecodeTextsWithTheirCharsets() {
    TableMap map = decode(TableMaps.TEXTS);

    assertThat(map.types())
        .containsExactly(
            3, 254, 15, 15, 252, 252, 252, 252, 254, 15, 252, 252, 252, 252, 254, 254, 15, 247, 248,
            247, 245);
    // CHAR(255) has 1020 bytes, whose upper bits hide in the type
    assertThat(map.metadata())
        .containsExactly(0, 16, 120, 1200, 1, 2, 3, 4, 4, 16, 1, 2, 3, 4, 1020, 10, 40, 1, 1, 1, 4);
    assertThat(columns(map, ColumnMetadata::collation))
        .isEqualTo("-1 255 255 255 255 255 255 255 63 63 63 63 63 63 255 8 28 255 255 8 -1");
    assertThat(columns(map, ColumnMetadata::members))
        .startsWith("[] []")
        .endsWith("[a, b'c, d\\e, Ж] [x, y] [é] []");
    assertThat(names(map, ColumnMetadata::key)).containsExactly("id", "a");
  }

  @Test
  void shouldDecodeTemporalTypesAndInvisibleColumns() {
    TableMap map = decode(TableMaps.TIMES);

    assertThat(map.types()).containsExactly(10, 19, 19, 18, 18, 17, 17, 13, 3);
    assertThat(map.metadata()).containsExactly(0, 0, 3, 0, 6, 0, 2, 0, 0);
    assertThat(names(map, column -> !column.visible())).containsExactly("inv");
    assertThat(names(decode(TableMaps.GIPK), column -> !column.visible()))
        .containsExactly("my_row_id");
  }

  @Test
  void shouldDecodeGeometriesAndVectors() {
    TableMap map = decode(TableMaps.GEO);

    assertThat(columns(map, ColumnMetadata::geometryType)).isEqualTo("0 1 2 3 4 5 6 7 -1 -1");
    assertThat(columns(map, ColumnMetadata::vectorDimensions))
        .isEqualTo("-1 -1 -1 -1 -1 -1 -1 -1 3 2048");
  }

  @Test
  void shouldNotSeeHiddenColumnsOfFunctionalIndexes() {
    TableMap map = decode(TableMaps.FUNC);

    assertThat(names(map, column -> true)).containsExactly("id", "j", "n", "g", "gs");
  }

  @Test
  void shouldSkipMetadataOfALaterVersion() {
    byte[] longer = Arrays.copyOf(TableMaps.GIPK, TableMaps.GIPK.length + 4);
    longer[TableMaps.GIPK.length] = 99;
    longer[TableMaps.GIPK.length + 1] = 2;

    TableMap map = decode(longer);

    assertThat(names(map, column -> true)).containsExactly("my_row_id", "n");
  }

  @Test
  void shouldKeepWhatMinimalMetadataSays() {
    // CREATE TABLE m (a INT UNSIGNED, b VARCHAR(10) CHARACTER SET latin1);
    // binlog_row_metadata=MINIMAL
    TableMap map =
        decode(
            TableMaps.bytes(
                "d823066b136054000000000000000000000000"
                    + "6a0000000000"
                    + "0100"
                    + "0473686f7000"
                    + "016d00"
                    + "02030f"
                    + "020a00"
                    + "03"
                    + "010180"
                    + "020108"));

    assertThat(map.full()).isEmpty();
    assertThat(map.optional().orElseThrow().signedness()).isTrue();
    assertThat(columns(map, ColumnMetadata::unsigned)).isEqualTo("true false");
    assertThat(columns(map, ColumnMetadata::collation)).isEqualTo("-1 8");
  }

  @Test
  void shouldReadTheCollationsOfMariadb() {
    byte[] event = TableMaps.MARIADB;

    TableMap map = TableMapDecoder.decode(event, 0, event.length, true);

    assertThat(names(map, column -> true)).startsWith("a", "y", "g").endsWith("x", "n", "j");
    assertThat(columns(map, ColumnMetadata::collation))
        .isEqualTo("-1 -1 63 63 63 63 63 2304 2304 63 8 2304 2304 2304 -1 46");
    assertThat(columns(map, ColumnMetadata::unsigned)).contains("true").startsWith("false false");
    assertThat(columns(map, ColumnMetadata::geometryType)).startsWith("-1 -1 0 1 -1");
  }

  @Test
  void shouldDecodeAnEventWithoutOptionalMetadata() {
    byte[] event = TableMaps.GIPK;
    int optional = 19 + 8 + 6 + 6 + 3 + 1 + 1;

    TableMap map = TableMapDecoder.decode(event, 0, optional);

    assertThat(map.optional()).isEmpty();
    assertThat(map.types()).containsExactly(8, 3);
  }

  @Test
  void shouldTellTableAndPlaceOfABrokenEvent() {
    byte[] event = TableMaps.GIPK;

    assertThatThrownBy(() -> TableMapDecoder.decode(event, 0, event.length - 1))
        .isInstanceOfSatisfying(
            CanalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STOP_INSTANCE))
        .hasMessageContaining("TABLE_MAP of shop.gipk, byte ")
        .hasMessageContaining("expected 1 bytes, found 0");
  }

  @Test
  void shouldAnswerEveryPrefixWithAValueOrACanalException() {
    for (byte[] event : EVENTS) {
      for (int length = 0; length < event.length; length++) {
        decodeOrCanalException(event, length, "length " + length);
      }
    }
  }

  @Test
  void shouldAnswerAnyBytesWithAValueOrACanalException() {
    long seed = System.nanoTime();
    Random random = new Random(seed);

    for (int round = 0; round < 20_000; round++) {
      byte[] event = EVENTS.get(random.nextInt(EVENTS.size())).clone();
      for (int flips = random.nextInt(4); flips >= 0; flips--) {
        event[random.nextInt(event.length)] = (byte) random.nextInt();
      }
      decodeOrCanalException(event, event.length, "seed " + seed + ", round " + round);
    }
  }

  private static void decodeOrCanalException(byte[] event, int length, String which) {
    try {
      assertThat(TableMapDecoder.decode(event, 0, length)).isNotNull();
    } catch (CanalException e) {
      assertThat(e.code()).isEqualTo(ErrorCode.STOP_INSTANCE);
    } catch (RuntimeException e) {
      fail(which, e);
    }
  }

  private static TableMap decode(byte[] event) {
    return TableMapDecoder.decode(event, 0, event.length);
  }

  private static String columns(
      TableMap map, java.util.function.Function<ColumnMetadata, Object> part) {
    return String.join(
        " ",
        map.optional().orElseThrow().columns().stream()
            .map(part.andThen(Object::toString))
            .toList());
  }

  private static List<String> names(
      TableMap map, java.util.function.Predicate<ColumnMetadata> which) {
    List<ColumnMetadata> columns = map.full().orElseThrow().columns();
    return IntStream.range(0, columns.size())
        .mapToObj(columns::get)
        .filter(which)
        .map(ColumnMetadata::name)
        .toList();
  }
}
