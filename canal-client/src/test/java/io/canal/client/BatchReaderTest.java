package io.canal.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.canal.protocol.CanalEntry.Entry;
import io.canal.protocol.CanalEntry.EventType;
import io.canal.protocol.CanalEntry.RowData;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

class BatchReaderTest {
  private static final int ENTRIES = 500;
  private static final int ROWS = 4;

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
