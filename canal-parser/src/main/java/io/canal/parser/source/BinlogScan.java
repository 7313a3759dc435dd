package io.canal.parser.source;

import io.canal.parser.binlog.BinlogEventStream;
import io.canal.parser.binlog.BinlogPosition;
import io.canal.parser.binlog.EventType;
import io.canal.parser.binlog.GtidEvent;
import io.canal.parser.binlog.PreviousGtids;
import io.canal.parser.binlog.RotateEvent;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.Gtid;
import io.canal.protocol.GtidSet;
import java.io.Closeable;
import java.io.IOException;
import java.util.Optional;

/**
 * Walks from the start of a file to the end of the log as it is now, over a dump connection of its
 * own, and knows at each event which transactions lie before it. Bodies are passed over. One
 * thread.
 */
final class BinlogScan implements Closeable {
  // every control event that is read here is far below: a set of a million intervals
  private static final int MAX_BODY_BYTES = 64 * 1024 * 1024;

  private final BinlogDump dump;
  private final BinlogEventStream events;
  private final BinlogPosition position;
  private final GtidSet executed = new GtidSet();
  private Optional<Gtid> open = Optional.empty();
  private boolean previousKnown;
  private long start;
  private long transactionStart = -1;

  private BinlogScan(BinlogDump dump, String file) {
    this.dump = dump;
    this.events = dump.events();
    this.position = new BinlogPosition(file, DumpRequest.FIRST_OFFSET);
  }

  static BinlogScan open(SourceConfig config, String file) throws IOException {
    return new BinlogScan(
        BinlogDump.openUntilEnd(
            config.withServerId(0), new DumpRequest.At(file, DumpRequest.FIRST_OFFSET)),
        file);
  }

  /** Moves to the next event that stands in a file; false at the end of the log. */
  boolean next() throws IOException {
    while (events.next()) {
      int type = events.type();
      start = position.offset();
      if (type == EventType.ROTATE) {
        int length = load();
        RotateEvent rotate = RotateEvent.decode(events.array(), events.offset(), length);
        if (rotate.artificial()) {
          position.rotate(rotate);
          continue;
        }
        endTransaction();
        position.advance(type, events.flags(), events.logPos(), events.length());
        return true;
      }
      position.advance(type, events.flags(), events.logPos(), events.length());
      if (position.offset() == start) {
        events.skip();
        continue;
      }
      if (EventType.beginsTransaction(type)) {
        endTransaction();
        transactionStart = start;
        if (type != EventType.MARIADB_GTID) {
          int length = load();
          open = new GtidEvent().read(events.array(), events.offset(), length).gtid();
          return true;
        }
      } else if (type == EventType.PREVIOUS_GTIDS && !previousKnown) {
        previousKnown = true;
        int length = load();
        executed.addAll(PreviousGtids.decode(events.array(), events.offset(), length));
        return true;
      } else if (type == EventType.STOP) {
        endTransaction();
      }
      events.skip();
      return true;
    }
    start = position.offset();
    endTransaction();
    return false;
  }

  private void endTransaction() {
    open.ifPresent(executed::add);
    open = Optional.empty();
    transactionStart = -1;
  }

  private int load() throws IOException {
    if (events.bodyLength() > MAX_BODY_BYTES) {
      throw new CanalException(
          ErrorCode.STOP_INSTANCE,
          "%s:%d: event of type %d and %d bytes, expected at most %d"
              .formatted(file(), start, type(), events.length(), MAX_BODY_BYTES));
    }
    return events.load();
  }

  int type() {
    return events.type();
  }

  long timestampSeconds() {
    return events.timestampSeconds();
  }

  String file() {
    return position.file();
  }

  /** Where the event at hand begins; at the end of the log, where the next one will. */
  long start() {
    return start;
  }

  /** Where the event at hand ends. */
  long end() {
    return position.offset();
  }

  /** Where the transaction that the event at hand belongs to begins, or -1 between two. */
  long transactionStart() {
    return transactionStart;
  }

  /** All transactions that end before the event at hand; empty without GTIDs. */
  GtidSet executed() {
    return executed;
  }

  /** Whether the event at hand belongs to the head of a file or to no transaction at all. */
  boolean isHead() {
    return switch (type()) {
      case EventType.FORMAT_DESCRIPTION,
          EventType.PREVIOUS_GTIDS,
          EventType.MARIADB_GTID_LIST,
          EventType.MARIADB_BINLOG_CHECKPOINT,
          EventType.MARIADB_START_ENCRYPTION ->
          true;
      default -> false;
    };
  }

  @Override
  public void close() throws IOException {
    dump.close();
  }
}
