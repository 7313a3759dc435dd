package io.canal.parser.source;

import io.canal.parser.binlog.BinlogEventStream;
import io.canal.parser.binlog.EventHeader;
import io.canal.testing.DatabaseServer;
import java.io.IOException;
import java.util.Optional;

/** What the tests of this room share: configurations for real servers, and reading their events. */
final class Sources {
  private Sources() {}

  static SourceConfig config(DatabaseServer server) {
    return config(server, server.user(), server.password(), SslMode.PREFERRED);
  }

  static SourceConfig config(DatabaseServer server, String user, String password, SslMode sslMode) {
    return new SourceConfig(
        server.host(), server.port(), user, password, sslMode, Optional.empty(), 0, 10_000, 500, 0);
  }

  /** One event of a dump, copied. */
  @SuppressWarnings("ArrayRecordComponent") // compared by nobody
  record Event(int type, long timestampSeconds, long logPos, byte[] raw) {}

  /** The next event of that type; those before it are passed over. */
  static Event await(BinlogEventStream events, int type) throws IOException {
    while (events.next()) {
      if (events.type() == type) {
        return take(events);
      }
    }
    throw new AssertionError("the dump ended before an event of type " + type);
  }

  static Event take(BinlogEventStream events) throws IOException {
    byte[] raw = new byte[EventHeader.LENGTH + (int) events.bodyLength()];
    events.read(raw, 0);
    return new Event(events.type(), events.timestampSeconds(), events.logPos(), raw);
  }
}
