package io.canal.parser.consumer;

import static java.util.Objects.requireNonNull;

import io.canal.parser.log.ChangeLog;
import io.canal.parser.log.RowCounter;
import io.canal.parser.schema.InformationSchema;
import io.canal.parser.schema.TableSchemas;
import io.canal.parser.source.BinlogDump;
import io.canal.parser.source.Receiver;
import io.canal.parser.source.ReceiverStatus;
import io.canal.parser.source.SchemaSession;
import io.canal.parser.source.SourceConfig;
import io.canal.protocol.SourcePosition;
import java.time.Clock;
import java.util.List;
import java.util.stream.Stream;

/**
 * Makes the streams of a destination's catch-ups: each has a log in memory alone and a receiver and
 * resolves tables to the versions of the destination. Each of the connections keeps one server_id
 * of its own, by which the source ends what it may still have of the one before. Any thread.
 */
public final class CatchUpStreams implements CatchUps.Streams {
  private final String destination;
  private final List<SourceConfig> sources;
  private final TableSchemas schemas;
  private final RowCounter rowCounter;
  private final long logBytes;
  private final Clock clock;

  /**
   * @param source of the destination, whose server_id stays with the destination's own receiver
   * @param schemas of the destination's own stream
   * @param logBytes memory of each
   */
  public CatchUpStreams(
      String destination,
      SourceConfig source,
      TableSchemas schemas,
      RowCounter rowCounter,
      long logBytes,
      Clock clock) {
    this.destination = requireNonNull(destination, "destination is null");
    this.sources =
        Stream.generate(() -> source.withServerId(BinlogDump.randomServerId()))
            .limit(CatchUps.MAX_CONNECTIONS)
            .toList();
    this.schemas = requireNonNull(schemas, "schemas is null");
    this.rowCounter = requireNonNull(rowCounter, "rowCounter is null");
    this.logBytes = logBytes;
    this.clock = requireNonNull(clock, "clock is null");
  }

  private record Received(ChangeLog log, Receiver receiver) implements CatchUps.Stream {
    @Override
    public ReceiverStatus status() {
      return receiver.status();
    }

    @Override
    public void start() {
      receiver.start();
    }

    @Override
    public void close() {
      receiver.close();
    }
  }

  @Override
  public CatchUps.Stream open(int connection, SourcePosition start) {
    SourceConfig source = sources.get(connection);
    SchemaSession session = new SchemaSession(source);
    ChangeLog log = ChangeLog.inStep(logBytes, start, rowCounter);
    return new Received(
        log,
        new Receiver(
            destination + "-catch-up-" + (connection + 1),
            source,
            log,
            schemas.forStream(new InformationSchema(session)),
            session,
            start,
            clock));
  }
}
