package io.canal.benchmark.process;

import io.canal.parser.binlog.EventHeader;
import io.canal.parser.binlog.EventType;
import io.canal.parser.entry.EntryEncoder;
import io.canal.parser.log.ChangeLog;
import io.canal.parser.log.ChangeReader;
import io.canal.parser.log.Chunk;
import io.canal.parser.log.ChunkLimit;
import io.canal.parser.log.Frame;
import io.canal.parser.log.FrameFilter;
import io.canal.parser.log.FrameKind;
import io.canal.parser.log.Mark;
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
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;

/**
 * Receives a segment into a change log and encodes it as entries in this process, without TCP: as
 * the server does, in chunks on as many workers as there are processors, taken in order.
 */
public final class InProcessRunner implements Runner {
  private static final long LOG_BYTES = 64L * 1024 * 1024;
  private static final long CHUNK_BYTES = 64L * 1024;
  private static final int CHUNKS_AHEAD = 32;
  private static final ChunkLimit LIMIT =
      new ChunkLimit(CHUNK_BYTES, Long.MAX_VALUE, Long.MAX_VALUE, Long.MAX_VALUE);
  private static final FrameFilter ALL = frame -> true;

  private final int processors = Runtime.getRuntime().availableProcessors();

  // the receiver's and, behind a chunk, the workers'
  private TableSchemas schemas;
  private final Queue<Encoder> idle = new ConcurrentLinkedQueue<>();

  @Override
  public Pass run(Segment segment) throws IOException, InterruptedException, ExecutionException {
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
    idle.clear();
    RowsEvent counting = new RowsEvent();
    ExecutorService workers = Executors.newFixedThreadPool(processors);
    try (ChangeLog log =
            new ChangeLog(
                LOG_BYTES,
                start,
                frame ->
                    counting.countRows(
                        frame.array(),
                        frame.bodyOffset(),
                        frame.bodyLength(),
                        schemas.get(frame.tableVersion()).map()));
        Receiver receiver =
            new Receiver(
                "benchmark", source, log, schemas, schemaSession, start, Clock.systemUTC());
        ChangeReader reader = log.openAtOldest("benchmark")) {
      Tally tally = new Tally(segment);
      receiver.start();
      drain(reader, workers, tally);
      return tally.pass();
    } finally {
      workers.shutdown();
    }
  }

  private void drain(ChangeReader reader, ExecutorService workers, Tally tally)
      throws InterruptedException, ExecutionException {
    Deque<Future<Encoded>> ahead = new ArrayDeque<>();
    Semaphore readable = new Semaphore(0);
    while (true) {
      Optional<Chunk> chunk =
          ahead.size() < CHUNKS_AHEAD ? reader.poll(LIMIT, ALL) : Optional.empty();
      if (chunk.isPresent()) {
        ahead.add(workers.submit(() -> encode(chunk.get())));
      } else if (ahead.isEmpty()) {
        reader.whenReadable(readable::release);
        readable.acquire();
      } else {
        Encoded encoded = ahead.remove().get();
        reader.acknowledge(encoded.end());
        if (encoded.countInto(tally)) {
          return;
        }
      }
    }
  }

  private Encoded encode(Chunk chunk) {
    Encoder encoder = Optional.ofNullable(idle.poll()).orElseGet(() -> new Encoder(schemas));
    Encoded encoded = encoder.encode(chunk);
    chunk.close();
    idle.add(encoder);
    return encoded;
  }

  /** Rows by kind. */
  private static final class Counts {
    private long inserts;
    private long updates;
    private long deletes;

    void add(Frame frame, int rows) {
      switch (EventHeader.type(frame.array(), frame.bodyOffset())) {
        case EventType.WRITE_ROWS -> inserts += rows;
        case EventType.UPDATE_ROWS -> updates += rows;
        default -> deletes += rows;
      }
    }

    void addTo(Tally tally) {
      tally.insert(inserts);
      tally.update(updates);
      tally.delete(deletes);
    }
  }

  /** What a chunk held, and where it ends. */
  private record Encoded(Counts before, boolean hasMarker, Counts behind, Mark end) {
    /** True if the segment ends in it. */
    boolean countInto(Tally tally) {
      before.addTo(tally);
      if (hasMarker && tally.mark()) {
        return true;
      }
      behind.addTo(tally);
      return false;
    }
  }

  /** Of one thread at a time. */
  private static final class Encoder {
    private final TableSchemas schemas;
    private final EntryEncoder entries;
    private final WriteBuffer out = new WriteBuffer((int) (4 * CHUNK_BYTES));
    private int dataTable;

    Encoder(TableSchemas schemas) {
      this.schemas = schemas;
      this.entries = new EntryEncoder(schemas, ZoneOffset.UTC, false);
    }

    Encoded encode(Chunk chunk) {
      Counts before = new Counts();
      Counts behind = new Counts();
      boolean hasMarker = false;
      while (chunk.next()) {
        if (chunk.kind() == FrameKind.BEGIN) {
          entries.encodeBegin(chunk.transaction(), "", out);
          continue;
        }
        int rows = entries.encode(chunk.frame(), chunk.transaction(), "", out);
        chunk.counted(rows);
        if (chunk.kind() == FrameKind.ROWS) {
          if (isMarker(chunk.frame())) {
            hasMarker = true;
          } else {
            (hasMarker ? behind : before).add(chunk.frame(), rows);
          }
        }
      }
      out.clear();
      return new Encoded(before, hasMarker, behind, chunk.mark());
    }

    private boolean isMarker(Frame frame) {
      if (frame.tableVersion() == dataTable) {
        return false;
      }
      if (schemas.get(frame.tableVersion()).schema().table().equals(Segment.MARKER_TABLE)) {
        return true;
      }
      dataTable = frame.tableVersion();
      return false;
    }
  }
}
