package io.canal.parser.source;

import static java.util.Objects.requireNonNull;

import io.canal.parser.binlog.BinlogPosition;
import io.canal.parser.binlog.EventStream;
import io.canal.parser.binlog.GtidEvent;
import io.canal.parser.binlog.HeartbeatEvent;
import io.canal.parser.binlog.RotateEvent;
import io.canal.parser.log.ChangeLogWriter;
import io.canal.parser.log.LogFile;
import io.canal.protocol.GtidSet;
import io.canal.protocol.SourcePosition;
import java.util.Optional;
import java.util.UUID;

/**
 * Where the events of a dump stand in the files of their source, and the position after the last
 * transaction that ended. Owned by the receiver thread.
 */
final class DumpPlace {
  private final ChangeLogWriter writer;

  private Optional<UUID> serverUuid;
  // behind the event at hand, which begins at eventOffset
  private BinlogPosition here;
  private LogFile logFile;
  private int file = -1;
  private long eventOffset;

  // the last end of a transaction
  private final GtidSet executed;
  private String endFile;
  private long endOffset;

  DumpPlace(ChangeLogWriter writer, SourcePosition start) {
    this.writer = requireNonNull(writer, "writer is null");
    this.serverUuid = start.serverUuid();
    this.here = new BinlogPosition(start.file(), start.offset());
    this.logFile = new LogFile(serverUuid, start.file());
    this.executed = start.gtids().orElse(null);
    this.endFile = start.file();
    this.endOffset = start.offset();
  }

  /** The position after the last transaction that is in the log as a whole. */
  SourcePosition position() {
    return new SourcePosition(
        Optional.ofNullable(executed), serverUuid, endFile, endOffset, Optional.empty());
  }

  String endFile() {
    return endFile;
  }

  long endOffset() {
    return endOffset;
  }

  /** The file of the event at hand. */
  LogFile logFile() {
    return logFile;
  }

  /** The number that frames name that file by. */
  int file() {
    return file;
  }

  /** Where the event at hand begins. */
  long eventOffset() {
    return eventOffset;
  }

  /** Where the event at hand ends. */
  long eventEnd() {
    return here.offset();
  }

  /**
   * A dump begins; its server's files are named by that UUID. A ROTATE tells where it begins,
   * unless that is beyond 4 GiB: then the stream begins behind the ROTATE.
   */
  void connected(Optional<UUID> uuid, DumpRequest request) {
    here =
        request instanceof DumpRequest.At at
            ? new BinlogPosition(at.file(), at.offset())
            : new BinlogPosition(here.file(), 0);
    if (file < 0 || !uuid.equals(serverUuid) || !here.file().equals(logFile.name())) {
      serverUuid = uuid;
      inFile(here.file());
    }
  }

  private void inFile(String name) {
    logFile = new LogFile(serverUuid, name);
    file = writer.addFile(logFile);
  }

  /** Steps over the event at hand. */
  void step(EventStream event) {
    long before = here.offset();
    here.advance(event.type(), event.flags(), event.logPos(), event.length());
    eventOffset = here.offset() == before ? before : here.offset() - event.length();
  }

  /** Goes on in another file; between two transactions, positions move there too. */
  void rotate(RotateEvent rotate) throws InterruptedException {
    boolean forward =
        !rotate.artificial()
            && !writer.inTransaction()
            && LogFile.compareNames(rotate.file(), endFile) > 0;
    if (!rotate.file().equals(here.file())) {
      inFile(rotate.file());
    }
    here.rotate(rotate);
    if (forward) {
      writer.move(file, rotate.position());
      endFile = rotate.file();
      endOffset = rotate.position();
    }
  }

  void heartbeat(HeartbeatEvent heartbeat) {
    here.heartbeat(heartbeat);
  }

  /** A transaction ends with the event at hand. */
  void ended(GtidEvent gtid) {
    if (executed != null && gtid.hasGtid()) {
      executed.add(gtid.sid(), gtid.tag(), gtid.number(), gtid.number());
    }
    passed();
  }

  /** Everything up to the end of the event at hand is done with. */
  void passed() {
    endFile = here.file();
    endOffset = here.offset();
  }

  /** {@code file:offset} of the event at hand, for messages. */
  @Override
  public String toString() {
    return here.file() + ":" + eventOffset;
  }
}
