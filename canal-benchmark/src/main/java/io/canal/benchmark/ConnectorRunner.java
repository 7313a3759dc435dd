package io.canal.benchmark;

import com.github.shyiko.mysql.binlog.BinaryLogClient;
import com.github.shyiko.mysql.binlog.event.DeleteRowsEventData;
import com.github.shyiko.mysql.binlog.event.Event;
import com.github.shyiko.mysql.binlog.event.EventHeaderV4;
import com.github.shyiko.mysql.binlog.event.EventType;
import com.github.shyiko.mysql.binlog.event.TableMapEventData;
import com.github.shyiko.mysql.binlog.event.UpdateRowsEventData;
import com.github.shyiko.mysql.binlog.event.WriteRowsEventData;
import com.github.shyiko.mysql.binlog.event.deserialization.EventDeserializer;
import com.github.shyiko.mysql.binlog.event.deserialization.NullEventDataDeserializer;
import java.io.IOException;
import java.io.Serializable;
import java.util.concurrent.CountDownLatch;

/**
 * Reads a segment with the bare mysql-binlog-connector-java: throws every body away, or decodes all
 * of them in its own way.
 */
final class ConnectorRunner implements BinaryLogClient.EventListener {
  private final Segment segment;
  private final BinaryLogClient client;
  private final boolean decodes;
  private final Tally tally;
  private final CountDownLatch ended = new CountDownLatch(1);

  // owned by the connector's thread
  private String table = "";
  private Pass pass;

  private ConnectorRunner(Segment segment, boolean decodes, int latencies) {
    this.segment = segment;
    this.decodes = decodes;
    this.tally = new Tally(latencies);
    client = new BinaryLogClient(Segment.HOST, segment.mysqlPort(), Segment.USER, Segment.PASSWORD);
    client.setServerId(0x40000000L + ProcessHandle.current().pid());
    client.setBinlogFilename(segment.file());
    client.setBinlogPosition(segment.offset());
    client.setKeepAlive(false);
    EventDeserializer deserializer = new EventDeserializer();
    if (!decodes) {
      for (EventType type : EventType.values()) {
        if (type != EventType.ROTATE && type != EventType.FORMAT_DESCRIPTION) {
          deserializer.setEventDataDeserializer(type, new NullEventDataDeserializer());
        }
      }
    }
    client.setEventDeserializer(deserializer);
    client.registerEventListener(this);
  }

  static Pass run(Segment segment, boolean decodes, int latencies)
      throws IOException, InterruptedException {
    ConnectorRunner runner = new ConnectorRunner(segment, decodes, latencies);
    return runner.run();
  }

  private Pass run() throws IOException, InterruptedException {
    tally.started();
    Thread thread =
        new Thread(
            () -> {
              try {
                client.connect();
              } catch (IOException e) {
                if (ended.getCount() > 0) {
                  e.printStackTrace();
                  System.exit(1);
                }
              }
            },
            "connector");
    thread.start();
    ended.await();
    client.disconnect();
    thread.join();
    return pass;
  }

  @Override
  public void onEvent(Event event) {
    if (pass != null) {
      return;
    }
    boolean last = decodes ? count(event) : isEnd(event);
    if (last) {
      pass = tally.ended();
      ended.countDown();
    }
  }

  private boolean isEnd(Event event) {
    EventHeaderV4 header = event.getHeader();
    return header.getEventType() != EventType.ROTATE
        && header.getNextPosition() >= segment.endOffset()
        && client.getBinlogFilename().equals(segment.endFile());
  }

  /** Counts rows; true for the segment's last one. */
  private boolean count(Event event) {
    if (event.getData() instanceof TableMapEventData map) {
      table = map.getTable();
    } else if (event.getData() instanceof WriteRowsEventData write) {
      if (table.equals(Segment.END_TABLE)) {
        return true;
      }
      if (table.equals(Workload.LATENCY_TABLE)) {
        boolean last = false;
        for (Serializable[] row : write.getRows()) {
          last = tally.sample((Long) row[1]);
        }
        return last;
      }
      tally.insert(write.getRows().size());
    } else if (event.getData() instanceof UpdateRowsEventData update) {
      tally.update(update.getRows().size());
    } else if (event.getData() instanceof DeleteRowsEventData delete) {
      tally.delete(delete.getRows().size());
    }
    return false;
  }
}
