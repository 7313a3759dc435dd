package io.canal.parser.row;

import static io.canal.parser.row.RowsEvent.AFTER;
import static io.canal.parser.row.RowsEvent.BEFORE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.canal.parser.schema.ColumnType;
import io.canal.parser.schema.TableMap;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Bytes of MySQL 9.7 for {@code CREATE TABLE orders(id INT UNSIGNED PRIMARY KEY, name VARCHAR(300),
 * note TEXT, price DECIMAL(10,2))} in utf8mb4.
 */
class RowsEventTest {
  private static final TableMap ORDERS =
      table(
          new int[] {ColumnType.LONG, ColumnType.VARCHAR, ColumnType.BLOB, ColumnType.NEWDECIMAL},
          new int[] {0, 1200, 2, 10 << 8 | 2});

  private static final byte[] UPDATE =
      // UPDATE orders SET name = 'coffee' WHERE id = 1
      hex(
          "dc21066b1f085200004b0000006904000000007500000000001100020004ffff"
              + "000100000003007465610100788000000c32"
              + "00010000000600636f666665650100788000000c32");

  private final RowsEvent rows = new RowsEvent();

  @Test
  void shouldWalkRowsOfAnInsert() {
    byte[] event =
        // INSERT INTO orders VALUES (1, 'tea', 'x', 12.50), (2, NULL, NULL, NULL)
        hex(
            "dc21066b1e085200003a0000000003000000007500000000001100020004ff"
                + "000100000003007465610100788000000c32"
                + "0e02000000");

    rows.wrap(event, 0, event.length, ORDERS);

    assertThat(RowsEvent.tableId(event, 0)).isEqualTo(0x75);
    assertThat(rows.kind()).isEqualTo(RowsEvent.Kind.INSERT);
    assertThat(rows.hasBefore()).isFalse();
    assertThat(rows.hasAfter()).isTrue();
    assertThat(rows.next()).isTrue();
    assertThat(value(AFTER, 0)).isEqualTo("01000000");
    assertThat(value(AFTER, 1)).isEqualTo("746561");
    assertThat(value(AFTER, 2)).isEqualTo("78");
    assertThat(value(AFTER, 3)).isEqualTo("8000000c32");
    assertThat(rows.isPresent(BEFORE, 0)).isFalse();
    assertThat(rows.changed(1)).isTrue();
    assertThat(rows.rowLength()).isEqualTo(18);
    assertThat(rows.next()).isTrue();
    assertThat(value(AFTER, 0)).isEqualTo("02000000");
    assertThat(rows.isNull(AFTER, 1)).isTrue();
    assertThat(rows.isPresent(AFTER, 1)).isTrue();
    assertThat(rows.changed(1)).isTrue();
    assertThat(rows.rowOffset()).isEqualTo(event.length - 5);
    assertThat(rows.next()).isFalse();
    assertThat(rows.next()).isFalse();
  }

  @Test
  void shouldCompareImagesOfAnUpdate() {
    rows.wrap(UPDATE, 0, UPDATE.length, ORDERS);

    assertThat(rows.kind()).isEqualTo(RowsEvent.Kind.UPDATE);
    assertThat(rows.next()).isTrue();
    assertThat(value(BEFORE, 1)).isEqualTo("746561");
    assertThat(value(AFTER, 1)).isEqualTo("636f66666565");
    assertThat(rows.changed(0)).isFalse();
    assertThat(rows.changed(1)).isTrue();
    assertThat(rows.changed(3)).isFalse();
    assertThat(rows.next()).isFalse();
  }

  @Test
  void shouldFindTheSameInTheMiddleOfALargerArray() {
    byte[] array = new byte[UPDATE.length + 64];
    Arrays.fill(array, (byte) 0xFF);
    System.arraycopy(UPDATE, 0, array, 33, UPDATE.length);

    rows.wrap(array, 33, UPDATE.length, ORDERS);

    assertThat(rows.next()).isTrue();
    assertThat(value(AFTER, 1)).isEqualTo("636f66666565");
    assertThat(rows.next()).isFalse();
  }

  @Test
  void shouldHaveOnlyTheBeforeImageOfADelete() {
    byte[] event =
        // DELETE FROM orders WHERE id = 2
        hex("dd21066b200852000028000000a605000000007500000000001100020004ff0e02000000");

    rows.wrap(event, 0, event.length, ORDERS);

    assertThat(rows.kind()).isEqualTo(RowsEvent.Kind.DELETE);
    assertThat(rows.hasAfter()).isFalse();
    assertThat(rows.next()).isTrue();
    assertThat(value(BEFORE, 0)).isEqualTo("02000000");
    assertThat(rows.isNull(BEFORE, 3)).isTrue();
    assertThat(rows.isPresent(AFTER, 0)).isFalse();
    assertThat(rows.changed(0)).isFalse();
    assertThat(rows.next()).isFalse();
  }

  @Test
  void shouldLeaveOutColumnsOfAMinimalImage() {
    byte[] event =
        // SET binlog_row_image = MINIMAL; UPDATE orders SET note = 'y' WHERE id = 1
        hex("dd21066b1f085200002d000000f1060000000075000000000011000200040104000100000000010079");

    rows.wrap(event, 0, event.length, ORDERS);

    assertThat(rows.next()).isTrue();
    assertThat(value(BEFORE, 0)).isEqualTo("01000000");
    assertThat(rows.isPresent(BEFORE, 2)).isFalse();
    assertThat(rows.isNull(BEFORE, 2)).isFalse();
    assertThat(rows.isPresent(AFTER, 0)).isFalse();
    assertThat(value(AFTER, 2)).isEqualTo("79");
    assertThat(rows.changed(0)).isFalse();
    assertThat(rows.changed(2)).isTrue();
    assertThat(rows.changed(3)).isFalse();
    assertThat(rows.next()).isFalse();
  }

  @Test
  void shouldReadVersion1WithoutExtraData() {
    byte[] event =
        hex("00000000" + "17" + "00".repeat(14) + "750000000000" + "0100" + "01ff" + "0007");

    rows.wrap(event, 0, event.length, table(new int[] {ColumnType.TINY}, new int[] {0}));

    assertThat(rows.next()).isTrue();
    assertThat(value(AFTER, 0)).isEqualTo("07");
    assertThat(rows.next()).isFalse();
  }

  @Test
  void shouldSkipExtraDataByItsLength() {
    byte[] event =
        hex(
            "00000000"
                + "1e"
                + "00".repeat(14)
                + "750000000000"
                + "0100"
                + "0500aabbcc"
                + "01ff"
                + "0007");

    rows.wrap(event, 0, event.length, table(new int[] {ColumnType.TINY}, new int[] {0}));

    assertThat(rows.next()).isTrue();
    assertThat(value(AFTER, 0)).isEqualTo("07");
  }

  @Test
  void shouldForgetTheColumnsOfTheTableBefore() {
    byte[] event =
        hex("00000000" + "17" + "00".repeat(14) + "750000000000" + "0100" + "01ff" + "0007");
    rows.wrap(UPDATE, 0, UPDATE.length, ORDERS);

    rows.wrap(event, 0, event.length, table(new int[] {ColumnType.TINY}, new int[] {0}));

    assertThat(rows.next()).isTrue();
    assertThat(value(AFTER, 0)).isEqualTo("07");
    assertThat(rows.countRows(UPDATE, 0, UPDATE.length, ORDERS)).isEqualTo(1);
  }

  @Test
  void shouldNameColumnAndLengthsWhereAValueIsCutOff() {
    byte[] event =
        hex(
            "dc21066b1e085200003a0000000003000000007500000000001100020004ff"
                + "000100000030007465610100788000000c32");
    rows.wrap(event, 0, event.length, ORDERS);

    assertThatThrownBy(rows::next)
        .isInstanceOfSatisfying(
            CanalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STOP_INSTANCE))
        .hasMessageContaining("shop.orders (table id 117)")
        .hasMessageContaining("log_pos 768")
        .hasMessageContaining("column 1 (type 15, metadata 1200): expected 48 bytes, found 11");
  }

  @Test
  void shouldRefuseAnotherColumnCount() {
    assertThatThrownBy(
            () ->
                rows.wrap(
                    UPDATE, 0, UPDATE.length, table(new int[] {ColumnType.TINY}, new int[] {0})))
        .isInstanceOf(CanalException.class)
        .hasMessageContaining("expected 1 columns, found 4");
  }

  @Test
  void shouldFindTheImagesBehindAHeadThatFitsTheTable() {
    RowsEvent cursor = new RowsEvent();

    assertThatThrownBy(
            () ->
                cursor.imagesOffset(
                    UPDATE, 0, UPDATE.length, table(new int[] {ColumnType.TINY}, new int[] {0})))
        .isInstanceOf(CanalException.class)
        .hasMessageContaining("expected 1 columns, found 4");
    int images = cursor.imagesOffset(UPDATE, 0, UPDATE.length, ORDERS);
    cursor.wrap(UPDATE, 0, UPDATE.length, ORDERS);
    assertThat(cursor.next()).isTrue();
    assertThat(cursor.rowOffset()).isEqualTo(images);
  }

  @Test
  void shouldRefuseRowsWithoutAnyColumn() {
    byte[] event =
        hex("00000000" + "17" + "00".repeat(14) + "750000000000" + "0100" + "0100" + "0007");
    rows.wrap(event, 0, event.length, table(new int[] {ColumnType.TINY}, new int[] {0}));

    assertThatThrownBy(rows::next)
        .isInstanceOf(CanalException.class)
        .hasMessageContaining("expected rows with at least one column");
  }

  @Test
  void shouldNameTheSettingWhereAnEventIsNotSupported() {
    byte[] partial = UPDATE.clone();
    partial[4] = 39;
    byte[] compressed = UPDATE.clone();
    compressed[4] = (byte) 170;

    assertThatThrownBy(() -> rows.wrap(partial, 0, partial.length, ORDERS))
        .isInstanceOf(CanalException.class)
        .hasMessageContaining("binlog_row_value_options=''");
    assertThatThrownBy(() -> rows.wrap(compressed, 0, compressed.length, ORDERS))
        .isInstanceOf(CanalException.class)
        .hasMessageContaining("expected rows that were inflated");
  }

  @Test
  void shouldRefuseAnUnknownTypeOnlyWhereAValueMustBeRead() {
    TableMap unknown = table(new int[] {ColumnType.TINY, 200}, new int[] {0, 0});
    byte[] withNull =
        hex("00000000" + "17" + "00".repeat(14) + "750000000000" + "0100" + "02ff" + "0207");
    byte[] withValue =
        hex("00000000" + "17" + "00".repeat(14) + "750000000000" + "0100" + "02ff" + "000707");

    rows.wrap(withNull, 0, withNull.length, unknown);
    assertThat(rows.next()).isTrue();
    assertThat(rows.isNull(AFTER, 1)).isTrue();

    rows.wrap(withValue, 0, withValue.length, unknown);
    assertThatThrownBy(rows::next)
        .isInstanceOf(CanalException.class)
        .hasMessageContaining("column 1: expected a type that is known, found (type 200");
  }

  @Test
  void shouldMeetAnyBytesWithRowsOrACanalException() {
    long seed = new SplittableRandom().nextLong();
    SplittableRandom random = new SplittableRandom(seed);
    int[] types = {
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 140, 141, 200, 242, 245,
      246, 247, 248, 249, 250, 251, 252, 253, 254, 255
    };
    int[] kinds = {23, 24, 25, 30, 31, 32};

    int walked = 0;
    for (int round = 0; round < 20_000; round++) {
      int columns = random.nextInt(1, 12);
      int[] columnTypes = new int[columns];
      int[] metadata = new int[columns];
      for (int i = 0; i < columns; i++) {
        columnTypes[i] = types[random.nextInt(types.length)];
        metadata[i] = random.nextInt(random.nextBoolean() ? 5 : 0x10000);
      }
      byte[] event = new byte[random.nextInt(120)];
      random.nextBytes(event);
      if (event.length > 31) {
        event[4] = (byte) kinds[random.nextInt(kinds.length)];
        event[27] = 2;
        event[28] = 0;
        event[(event[4] & 0xFF) >= 30 ? 29 : 27] = (byte) columns;
      }
      try {
        walked += rows.countRows(event, 0, event.length, table(columnTypes, metadata));
      } catch (CanalException e) {
        assertThat(e.code()).isEqualTo(ErrorCode.STOP_INSTANCE);
      } catch (RuntimeException e) {
        throw new AssertionError("seed " + seed + ", round " + round, e);
      }
    }
    assertThat(walked).as("rows walked with seed %s", seed).isPositive();
  }

  @Test
  void shouldMeetEveryTruncationWithACanalException() {
    for (int length = 0; length < UPDATE.length; length++) {
      int cut = length;
      byte[] event = Arrays.copyOf(UPDATE, cut);
      // The bytes of no row at all are a whole event.
      if (cut != 32) {
        assertThatThrownBy(() -> rows.countRows(event, 0, cut, ORDERS))
            .as("%s bytes", cut)
            .isInstanceOf(CanalException.class);
      }
    }
  }

  private String value(int image, int column) {
    int offset = rows.valueOffset(image, column);
    return HexFormat.of().formatHex(rows.array(), offset, offset + rows.valueLength(image, column));
  }

  private static TableMap table(int[] types, int[] metadata) {
    return new TableMap(
        117, "shop", "orders", types, metadata, new boolean[types.length], Optional.empty());
  }

  private static byte[] hex(String digits) {
    return HexFormat.of().parseHex(digits);
  }
}
