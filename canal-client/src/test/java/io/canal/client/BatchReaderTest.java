package io.canal.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.sun.management.ThreadMXBean;
import io.canal.protocol.CanalEntry.Column;
import io.canal.protocol.CanalEntry.Entry;
import io.canal.protocol.CanalEntry.EventType;
import io.canal.protocol.CanalEntry.RowData;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BatchReaderTest {
  private static final int ENTRIES = 500;
  private static final int ROWS = 4;
  private static final int BEFORE_COLUMNS = 1;
  private static final int AFTER_COLUMNS = 2;
  private static final int ROW_DATAS = 12;

  @Test
  void shouldAllocateNothingForOperationTableAndKey() throws Exception {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    BatchReader reader = new BatchReader();
    byte[] batch = batch();
    long[] sum = new long[1];
    ChangeListener listener =
        change -> {
          sum[0] += change.operation() == Operation.INSERT ? change.table().length() : 0;
          sum[0] += change.after().getLong(change.keys().get(0));
        };
    reader.deliver(batch, 0, batch.length, listener);

    long before = threads.getCurrentThreadAllocatedBytes();
    reader.deliver(batch, 0, batch.length, listener);
    long allocated = threads.getCurrentThreadAllocatedBytes() - before;

    assertThat(sum[0]).isPositive();
    assertThat((double) allocated / (ENTRIES * ROWS)).as("bytes per row").isLessThan(1);
  }

  /** Heads that begin alike, or that another column had in the row before; fields in any order. */
  @Test
  void shouldTellColumnsApartWhoseBeginningsAreAlike() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    BatchReader reader = new BatchReader();
    for (int round = 0; round < 2000; round++) {
      List<String> expected = new ArrayList<>();
      ByteString.Output row = ByteString.newOutput();
      for (int i = 1 + random.nextInt(4); i > 0; i--) {
        ByteString column = randomColumn(random);
        expected.add(describe(Column.parseFrom(column)));
        writeField(random.nextBoolean() ? BEFORE_COLUMNS : AFTER_COLUMNS, column, row);
      }
      ByteString.Output rowChange = ByteString.newOutput();
      writeField(ROW_DATAS, row.toByteString(), rowChange);
      Entry entry =
          Entries.rows("shop", "orders", EventType.UPDATE).toBuilder()
              .setStoreValue(rowChange.toByteString())
              .build();
      byte[] batch = FakeServer.messages(1, entry).toByteArray();
      List<String> found = new ArrayList<>();

      reader.deliver(
          batch,
          0,
          batch.length,
          change -> {
            for (RowImage image : List.of(change.after(), change.before())) {
              for (int i = 0; i < image.size(); i++) {
                found.add(describe(image.column(i)));
              }
            }
          });

      assertThat(found).as("seed %d", seed).containsExactlyInAnyOrderElementsOf(expected);
    }
  }

  private static ByteString randomColumn(Random random) {
    List<Column.Builder> fields = new ArrayList<>();
    fields.add(Column.newBuilder().setIndex(random.nextInt(2)));
    fields.add(Column.newBuilder().setSqlType(List.of(0, 4, -5).get(random.nextInt(3))));
    fields.add(Column.newBuilder().setName(List.of("", "id", "ids").get(random.nextInt(3))));
    fields.add(Column.newBuilder().setIsKey(random.nextBoolean()));
    fields.add(Column.newBuilder().setUpdated(random.nextBoolean()));
    fields.add(Column.newBuilder().setIsNull(random.nextBoolean()));
    if (random.nextBoolean()) {
      fields.add(Column.newBuilder().setValue("v".repeat(126 + random.nextInt(4))));
    }
    fields.add(Column.newBuilder().setMysqlType(random.nextBoolean() ? "int" : "bigint"));
    fields.add(Column.newBuilder().setLength(random.nextInt(2)));
    if (random.nextInt(4) == 0) {
      Collections.shuffle(fields, random);
    }
    return fields.stream()
        .map(field -> field.build().toByteString())
        .reduce(ByteString.EMPTY, ByteString::concat);
  }

  private static void writeField(int number, ByteString message, OutputStream out)
      throws IOException {
    CodedOutputStream coded = CodedOutputStream.newInstance(out);
    coded.writeBytes(number, message);
    coded.flush();
  }

  private static String describe(Column column) {
    return describe(
        column.getIndex(),
        column.getSqlType(),
        column.getName(),
        column.getMysqlType(),
        column.getIsKey(),
        column.getUpdated(),
        column.getIsNull() ? null : column.getValue());
  }

  private static String describe(io.canal.client.Column column) {
    return describe(
        column.index(),
        column.sqlType(),
        column.name(),
        column.mysqlType(),
        column.isKey(),
        column.isUpdated(),
        column.getString());
  }

  private static String describe(Object... parts) {
    return Arrays.toString(parts);
  }

  private static byte[] batch() {
    RowData row =
        Entries.after(
            Entries.id(4711),
            Entries.column(1, 4, "k", "123456", "int"),
            Entries.column(2, 1, "c", "c".repeat(120), "char(120)"),
            Entries.column(3, 1, "pad", "p".repeat(60), "char(60)"));
    Entry[] entries = new Entry[ENTRIES];
    for (int i = 0; i < ENTRIES; i++) {
      entries[i] = Entries.rows("sbtest", "sbtest1", EventType.INSERT, row, row, row, row);
    }
    return FakeServer.messages(1, entries).toByteArray();
  }
}
