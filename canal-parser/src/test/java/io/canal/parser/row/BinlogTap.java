package io.canal.parser.row;

import com.github.shyiko.mysql.binlog.BinaryLogClient;
import com.github.shyiko.mysql.binlog.event.Event;
import com.github.shyiko.mysql.binlog.event.EventType;
import com.github.shyiko.mysql.binlog.event.deserialization.EventDeserializer;
import com.github.shyiko.mysql.binlog.event.deserialization.NullEventDataDeserializer;
import com.github.shyiko.mysql.binlog.io.ByteArrayInputStream;
import io.canal.testing.DatabaseServer;
import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/** Reads the raw events, without checksum, that a real server wrote since the tap was made. */
final class BinlogTap {
  private static final int HEADER_BYTES = 19;
  private static final int EVENT_SIZE_OFFSET = 9;
  private static final int CHECKSUM_BYTES = 4;

  private final DatabaseServer server;
  private final String file;
  private final long position;

  BinlogTap(DatabaseServer server) throws SQLException {
    this.server = server;
    try (Connection connection = server.connect();
        Statement statement = connection.createStatement();
        ResultSet status = binlogStatus(statement)) {
      status.next();
      file = status.getString(1);
      position = status.getLong(2);
    }
  }

  private static ResultSet binlogStatus(Statement statement) throws SQLException {
    try {
      return statement.executeQuery("SHOW BINARY LOG STATUS");
    } catch (SQLException e) {
      return statement.executeQuery("SHOW MASTER STATUS");
    }
  }

  /** The events up to now. */
  List<byte[]> events() throws IOException {
    RawEvents events = new RawEvents();
    BinaryLogClient client =
        new BinaryLogClient(server.host(), server.port(), server.user(), server.password());
    client.setServerId(ThreadLocalRandom.current().nextLong(1 << 20, 1 << 30));
    client.setBinlogFilename(file);
    client.setBinlogPosition(position);
    client.setBlocking(false);
    client.setKeepAlive(false);
    client.setEventDeserializer(events);
    client.connect();
    return events.found;
  }

  private static final class RawEvents extends EventDeserializer {
    private final List<byte[]> found = new ArrayList<>();

    RawEvents() {
      NullEventDataDeserializer ignore = new NullEventDataDeserializer();
      for (EventType type : EventType.values()) {
        if (type != EventType.FORMAT_DESCRIPTION && type != EventType.ROTATE) {
          setEventDataDeserializer(type, ignore);
        }
      }
    }

    @Override
    public Event nextEvent(ByteArrayInputStream in) throws IOException {
      byte[] header = in.read(HEADER_BYTES);
      byte[] event = Arrays.copyOf(header, LittleEndian.int32(header, EVENT_SIZE_OFFSET));
      in.fill(event, HEADER_BYTES, event.length - HEADER_BYTES);
      found.add(Arrays.copyOf(event, event.length - CHECKSUM_BYTES));
      return super.nextEvent(new ByteArrayInputStream(event));
    }
  }
}
