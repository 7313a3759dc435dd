package io.canal.benchmark.process;

import com.alibaba.otter.canal.client.impl.SimpleCanalConnector;
import com.alibaba.otter.canal.protocol.CanalEntry.Entry;
import com.alibaba.otter.canal.protocol.CanalEntry.EntryType;
import com.alibaba.otter.canal.protocol.CanalEntry.RowChange;
import com.alibaba.otter.canal.protocol.CanalEntry.RowData;
import com.alibaba.otter.canal.protocol.Message;
import com.google.protobuf.InvalidProtocolBufferException;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;

/**
 * Reads with Alibaba Canal's own client from a server in another process, ours or its own: parses
 * every row change, as an application does, and looks at no value.
 */
public final class AlibabaRunner implements Runner {
  private static final int BATCH_SIZE = 5000;
  private static final int AFTER_STAMP = 1;

  @Override
  public Pass run(Segment segment) throws InterruptedException, InvalidProtocolBufferException {
    long timeoutMs = Setting.GET_TIMEOUT_MS.number(100);
    Tally tally = new Tally(segment);
    SimpleCanalConnector connector =
        new SimpleCanalConnector(
            new InetSocketAddress(Segment.HOST, Setting.PORT.number(0)),
            "",
            "",
            CanalServerHost.DESTINATION);
    connector.connect();
    connector.subscribe(Segment.SCHEMA + "\\..*");
    connector.rollback();
    Pass pass = null;
    while (pass == null) {
      Message batch = connector.getWithoutAck(BATCH_SIZE, timeoutMs, TimeUnit.MILLISECONDS);
      if (batch.getId() == -1 || batch.getEntries().isEmpty()) {
        if (timeoutMs < 0) {
          Thread.sleep(1);
        }
        continue;
      }
      if (count(batch, tally)) {
        pass = tally.pass();
      }
      connector.ack(batch.getId());
    }
    connector.disconnect();
    return pass;
  }

  /** True if the segment's last row is among them. */
  private static boolean count(Message batch, Tally tally) throws InvalidProtocolBufferException {
    for (Entry entry : batch.getEntries()) {
      if (entry.getEntryType() == EntryType.ROWDATA
          && count(
              entry.getHeader().getTableName(),
              RowChange.parseFrom(entry.getStoreValue()),
              tally)) {
        return true;
      }
    }
    return false;
  }

  private static boolean count(String table, RowChange change, Tally tally) {
    if (table.equals(Segment.MARKER_TABLE)) {
      return tally.mark();
    }
    boolean last = false;
    if (table.equals(Segment.LATENCY_TABLE)) {
      for (RowData row : change.getRowDatasList()) {
        last = tally.sample(Long.parseLong(row.getAfterColumns(AFTER_STAMP).getValue()));
      }
      return last;
    }
    switch (change.getEventType()) {
      case INSERT -> tally.insert(change.getRowDatasCount());
      case UPDATE -> tally.update(change.getRowDatasCount());
      case DELETE -> tally.delete(change.getRowDatasCount());
      default -> throw new IllegalStateException("a statement: " + change.getSql());
    }
    return last;
  }
}
