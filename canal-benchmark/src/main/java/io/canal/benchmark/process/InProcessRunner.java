package io.canal.benchmark.process;

import io.canal.parser.binlog.EventHeader;
import io.canal.parser.binlog.EventType;
import io.canal.parser.entry.EntryEncoder;
import io.canal.parser.log.ChangeLog;
import io.canal.parser.log.ChangeReader;
import io.canal.parser.log.Frame;
import io.canal.parser.log.FrameKind;
import io.canal.parser.row.RowsEvent;
import io.canal.parser.schema.InformationSchema;
import io.canal.parser.schema.TableSchemas;
import io.canal.parser.source.Receiver;
import io.canal.parser.source.SchemaSession;
import io.canal.parser.source.SourceConfig;
import io.canal.parser.source.SourceInfo;
import io.canal.parser.source.SqlSession;
import io.canal.parser.source.SslMode;
import io.canal.parser.source.StartPosition;
import io.canal.parser.source.StartPositions;
import io.canal.protocol.SourcePosition;
import io.canal.protocol.WriteBuffer;
import java.io.IOException;
import java.time.Clock;
import java.time.ZoneOffset;
import java.util.Optional;
import java.util.concurrent.Semaphore;

/** Receives a segment into a change log and encodes it as entries in this process, without TCP. */
public final class InProcessRunner implements Runner {
  private static final long LOG_BYTES = 64L * 1024 * 1024;
  private static final int BATCH_BYTES = 1024 * 1024;

  private TableSchemas schemas;
  private Tally tally;
  private int dataTable;

  @Override
  public Pass run(Segment segment) throws IOException, InterruptedException {
    SourceConfig source =
        new SourceConfig(
            Segment.HOST,
            segment.mysqlPort(),
            Segment.USER,
            Segment.PASSWORD,
            SslMode.DISABLED,
            Optional.empty(),
            0,
            10_000,
            10_000,
            0);
    SourcePosition start;
    try (SqlSession session = SqlSession.open(source)) {
      SourceInfo info = SourceInfo.read(session);
      start =
          new StartPositions(info, session, source)
              .resolve(new StartPosition.At(segment.file(), segment.offset()));
    }
    SchemaSession schemaSession = new SchemaSession(source);
    schemas = new TableSchemas(new InformationSchema(schemaSession));
    RowsEvent counting = new RowsEvent();
    ChangeLog log =
        new ChangeLog(
            LOG_BYTES,
            start,
            frame ->
                counting.countRows(
                    frame.array(),
                    frame.bodyOffset(),
                    frame.bodyLength(),
                    schemas.get(frame.tableVersion()).map()));
    dataTable = 0;
    try (Receiver receiver =
            new Receiver(
                "benchmark", source, log, schemas, schemaSession, start, Clock.systemUTC());
        ChangeReader reader = log.openAtOldest("benchmark")) {
      tally = new Tally(segment);
      receiver.start();
      return drain(reader);
    }
  }

  private Pass drain(ChangeReader reader) throws InterruptedException {
    EntryEncoder encoder = new EntryEncoder(schemas, ZoneOffset.UTC, false);
    WriteBuffer out = new WriteBuffer(2 * BATCH_BYTES);
    Semaphore readable = new Semaphore(0);
    while (true) {
      while (out.position() < BATCH_BYTES && reader.next()) {
        int rows = encoder.encode(reader.frame(), reader.transaction(), "", out);
        if (rows > 0 && count(reader.frame(), rows)) {
          return tally.pass();
        }
      }
      if (out.position() > 0) {
        reader.acknowledge(reader.mark());
        out.clear();
      } else {
        reader.whenReadable(readable::release);
        readable.acquire();
      }
    }
  }

  /** Counts the rows of an event; true for the segment's last one. */
  private boolean count(Frame frame, int rows) {
    if (frame.kind() == FrameKind.ROWS && frame.tableVersion() != dataTable) {
      if (schemas.get(frame.tableVersion()).schema().table().equals(Segment.MARKER_TABLE)) {
        return tally.mark();
      }
      dataTable = frame.tableVersion();
    }
    switch (EventHeader.type(frame.array(), frame.bodyOffset())) {
      case EventType.WRITE_ROWS -> tally.insert(rows);
      case EventType.UPDATE_ROWS -> tally.update(rows);
      default -> tally.delete(rows);
    }
    return false;
  }
}
