package io.canal.benchmark.process;

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
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Reads a segment with the bare mysql-binlog-connector-java: throws every body away, or {@link
 * Setting#DECODES decodes} all of them in its own way.
 */
public final class ConnectorRunner implements Runner {
  // kept, because a logger that nobody holds loses its level
  private final Logger logger = Logger.getLogger(BinaryLogClient.class.getPackageName());

  @Override
  public Pass run(Segment segment) throws IOException, InterruptedException {
    logger.setLevel(Level.WARNING);
    BinaryLogClient client =
        new BinaryLogClient(Segment.HOST, segment.mysqlPort(), Segment.USER, Segment.PASSWORD);
    client.setServerId(0x40000000L + ProcessHandle.current().pid());
    client.setBinlogFilename(segment.file());
    client.setBinlogPosition(segment.offset());
    client.setKeepAlive(false);
    EventDeserializer deserializer = new EventDeserializer();
    boolean decodes = Setting.DECODES.isTrue();
    if (!decodes) {
      for (EventType type : EventType.values()) {
        if (type != EventType.ROTATE && type != EventType.FORMAT_DESCRIPTION) {
          deserializer.setEventDataDeserializer(type, new NullEventDataDeserializer());
        }
      }
    }
    client.setEventDeserializer(deserializer);
    Reading reading = new Reading(client, segment, decodes);
    client.registerEventListener(reading);
    return reading.run();
  }

  private static final class Reading implements BinaryLogClient.EventListener {
    private final BinaryLogClient client;
    private final Segment segment;
    private final boolean decodes;
    private final CountDownLatch ended = new CountDownLatch(1);

    // owned by the connector's thread
    private final Tally tally;
    private String table = "";
    private Pass pass;

    Reading(BinaryLogClient client, Segment segment, boolean decodes) {
      this.client = client;
      this.segment = segment;
      this.decodes = decodes;
      this.tally = new Tally(segment);
    }

    Pass run() throws IOException, InterruptedException {
      Thread thread = new Thread(this::connect, "connector");
      thread.start();
      ended.await();
      client.disconnect();
      thread.join();
      return pass;
    }

    private void connect() {
      try {
        client.connect();
      } catch (IOException e) {
        if (ended.getCount() > 0) {
          e.printStackTrace();
          System.exit(1);
        }
      }
    }

    @Override
    public void onEvent(Event event) {
      if (pass == null && (decodes ? count(event) : isEnd(event))) {
        pass = tally.pass();
        ended.countDown();
      }
    }

    private boolean isEnd(Event event) {
      EventHeaderV4 header = event.getHeader();
      return header.getEventType() != EventType.ROTATE
          && header.getNextPosition() >= segment.endOffset()
          && client.getBinlogFilename().equals(segment.endFile())
          && tally.end();
    }

    /** Counts rows; true for the segment's last one. */
    private boolean count(Event event) {
      if (event.getData() instanceof TableMapEventData map) {
        table = map.getTable();
      } else if (event.getData() instanceof WriteRowsEventData write) {
        return switch (table) {
          case Segment.MARKER_TABLE -> tally.mark();
          case Segment.LATENCY_TABLE -> sample(write);
          default -> {
            tally.insert(write.getRows().size());
            yield false;
          }
        };
      } else if (event.getData() instanceof UpdateRowsEventData update) {
        tally.update(update.getRows().size());
      } else if (event.getData() instanceof DeleteRowsEventData delete) {
        tally.delete(delete.getRows().size());
      }
      return false;
    }

    private boolean sample(WriteRowsEventData write) {
      boolean last = false;
      for (Serializable[] row : write.getRows()) {
        last = tally.sample((Long) row[1]);
      }
      return last;
    }
  }
}
