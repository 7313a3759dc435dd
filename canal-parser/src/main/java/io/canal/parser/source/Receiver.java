package io.canal.parser.source;

import static java.util.Objects.requireNonNull;

import io.canal.parser.binlog.BinlogEventStream;
import io.canal.parser.binlog.EventType;
import io.canal.parser.binlog.SourceErrorException;
import io.canal.parser.log.ChangeLog;
import io.canal.parser.log.ChangeLogWriter;
import io.canal.parser.schema.TableSchemas;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.SourcePosition;
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Receives the binary log of one source into the change log, on a thread of its own: connects,
 * reads, and connects again from the position after the last whole transaction. It ends only when
 * it is closed, or when it meets what must not be passed over.
 */
public final class Receiver implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Receiver.class);
  private static final long FIRST_BACKOFF_MS = 100;
  private static final long LAST_BACKOFF_MS = 10_000;
  private static final long CLOSE_TIMEOUT_MS = 10_000;

  private final String destination;
  private final SourceConfig config;
  private final SchemaSession schemaSession;
  private final ChangeLogWriter writer;
  private final TransactionAssembler assembler;
  private final Clock clock;
  private final Thread thread;
  private final AtomicBoolean closed = new AtomicBoolean();

  // owned by the receiver thread
  private SourcePosition position;
  private long backoffMs = FIRST_BACKOFF_MS;
  private long earlierBytes;

  // written by the receiver thread, read by status and close
  private volatile Situation situation;
  private volatile BinlogDump dump;
  private volatile long bytesReceived;

  private record Situation(ReceiverStatus.State state, String reason, Instant since) {}

  /**
   * @param start where the stream begins; the log was made for the same
   * @param schemaSession what {@code schemas} reads with; closed with the receiver
   */
  public Receiver(
      String destination,
      SourceConfig config,
      ChangeLog log,
      TableSchemas schemas,
      SchemaSession schemaSession,
      SourcePosition start,
      Clock clock) {
    this.destination = requireNonNull(destination, "destination is null");
    this.config = requireNonNull(config, "config is null");
    this.schemaSession = requireNonNull(schemaSession, "schemaSession is null");
    this.clock = requireNonNull(clock, "clock is null");
    this.position = requireNonNull(start, "start is null");
    this.writer = log.writer();
    this.assembler = new TransactionAssembler(writer, schemas, start);
    this.situation = new Situation(ReceiverStatus.State.CONNECTING, "", clock.instant());
    this.thread = new Thread(this::run, "receiver-" + destination);
  }

  public void start() {
    thread.start();
  }

  /** Any thread. */
  public ReceiverStatus status() {
    Situation now = situation;
    TransactionAssembler.Progress progress = assembler.progress();
    return new ReceiverStatus(
        now.state(),
        now.reason(),
        now.since(),
        progress.file(),
        progress.offset(),
        progress.events(),
        progress.transactions(),
        progress.lastTimestampSeconds(),
        bytesReceived);
  }

  private void run() {
    try (schemaSession) {
      untilStopped();
    } catch (IOException e) {
      LOG.debug("{}: the schema session closed with {}", destination, e.toString());
    }
  }

  private void untilStopped() {
    while (!closed.get()) {
      try {
        stream();
      } catch (InterruptedException e) {
        break;
      } catch (CanalException e) {
        if (e.code() != ErrorCode.RETRY) {
          stop(e.getMessage());
          return;
        }
        reconnect(e.getMessage());
      } catch (SourceErrorException e) {
        if (isTerminal(e.kind())) {
          stop(describe(e));
          return;
        }
        reconnect(e.getMessage());
      } catch (IOException e) {
        reconnect(e.getMessage() == null ? e.toString() : e.getMessage());
      } catch (RuntimeException | Error e) {
        LOG.error("{}: receiver failed at {}", destination, assembler.place(), e);
        stop(assembler.place() + ": " + e);
        return;
      }
    }
    become(ReceiverStatus.State.CLOSED, "");
  }

  private void stream() throws IOException, InterruptedException {
    SourceInfo info;
    try (SqlSession session = SqlSession.open(config)) {
      info = SourceInfo.read(session);
    }
    DumpRequest request = request(info);
    assembler.connected(info.serverUuid(), request);
    try (BinlogDump opened = BinlogDump.open(config, request)) {
      dump = opened;
      if (closed.get()) {
        return;
      }
      become(ReceiverStatus.State.STREAMING, "");
      receive(opened.events());
    } finally {
      dump = null;
      earlierBytes = bytesReceived;
      assembler.disconnected();
      writer.tellReaders();
      position = assembler.position();
    }
    reconnect("the source ended the dump");
  }

  private DumpRequest request(SourceInfo info) {
    if (info.gtidMode() && position.gtids().isPresent()) {
      return new DumpRequest.After(position.gtids().get());
    }
    if (!position.serverUuid().equals(info.serverUuid())) {
      throw new CanalException(
          ErrorCode.STOP_INSTANCE,
          "position %s belongs to server %s, but %s is server %s; without GTIDs a file and offset mean nothing there"
              .formatted(
                  position,
                  position.serverUuid().map(Object::toString).orElse("without a UUID"),
                  config.address(),
                  info.serverUuid().map(Object::toString).orElse("without a UUID")));
    }
    return new DumpRequest.At(position.file(), position.offset());
  }

  private void receive(BinlogEventStream events) throws IOException, InterruptedException {
    long before = assembler.transactions();
    try {
      while (events.next()) {
        assembler.accept(events);
        if (!events.hasBuffered()) {
          writer.tellReaders();
          show(events);
        }
        // the head of a dump is no progress: what fails behind it fails again
        if (assembler.transactions() > before || EventType.isHeartbeat(events.type())) {
          backoffMs = FIRST_BACKOFF_MS;
        }
      }
    } finally {
      show(events);
    }
  }

  private void show(BinlogEventStream events) {
    assembler.showProgress();
    bytesReceived = earlierBytes + events.bytesReceived();
  }

  private static boolean isTerminal(SourceErrorException.Kind kind) {
    return switch (kind) {
      case SAME_SERVER_ID, PURGED, FATAL_DUMP -> true;
      case ACCESS_DENIED, UNAVAILABLE, OTHER -> false;
    };
  }

  private String describe(SourceErrorException e) {
    return switch (e.kind()) {
      case SAME_SERVER_ID ->
          "another replica connected to %s with our server_id and threw this one out; give canal.instance.mysql.slaveId a number of its own, or leave it out (%s)"
              .formatted(config.address(), e.getMessage());
      case PURGED ->
          "%s no longer has the binary log at %s (%s)"
              .formatted(config.address(), position, e.getMessage());
      case FATAL_DUMP, ACCESS_DENIED, UNAVAILABLE, OTHER -> e.getMessage();
    };
  }

  private void reconnect(String reason) {
    if (closed.get()) {
      return;
    }
    become(ReceiverStatus.State.RECONNECTING, reason);
    try {
      Thread.sleep(backoffMs);
    } catch (InterruptedException e) {
      closed.set(true);
    }
    backoffMs = Math.min(LAST_BACKOFF_MS, backoffMs * 2);
  }

  private void stop(String reason) {
    become(ReceiverStatus.State.STOPPED, reason);
  }

  private void become(ReceiverStatus.State state, String reason) {
    Situation before = situation;
    if (before.state() == state && before.reason().equals(reason)) {
      return;
    }
    situation = new Situation(state, reason, clock.instant());
    String text = reason.isEmpty() ? "" : ": " + reason;
    String line = "{}: {} -> {} at {}{}";
    if (state == ReceiverStatus.State.STOPPED) {
      LOG.error(line, destination, before.state(), state, assembler.place(), text);
    } else {
      LOG.info(line, destination, before.state(), state, assembler.place(), text);
    }
  }

  /** Ends the dump and waits for the thread, at most ten seconds. */
  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    BinlogDump open = dump;
    if (open != null) {
      try {
        open.close();
      } catch (IOException e) {
        LOG.debug("{}: the dump closed with {}", destination, e.toString());
      }
      open.endAtSource();
    }
    thread.interrupt();
    try {
      thread.join(CLOSE_TIMEOUT_MS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
