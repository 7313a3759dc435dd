package io.canal.parser.source;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import io.canal.parser.binlog.BinlogEventStream;
import io.canal.parser.binlog.PreviousGtids;
import io.canal.protocol.GtidSet;
import java.io.Closeable;
import java.io.FilterInputStream;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.SecureRandom;
import java.util.random.RandomGenerator;

/**
 * One connection on which a source sends its binary log. The thread that reads {@link #events} owns
 * it; {@link #close} may come from any thread and ends a blocking read with an {@link IOException}.
 *
 * <p>A source that stays silent for three heartbeats has failed. That clock runs only inside a
 * read: whoever does not read, because its log is full, may take its time. The source waits {@value
 * #NET_WRITE_TIMEOUT_SECONDS} s for such a reader.
 *
 * <p>No replica UUID is set: a random one would hide that two replicas share a server_id.
 */
public final class BinlogDump implements Closeable {
  private static final int NET_WRITE_TIMEOUT_SECONDS = 7200;
  // A dump by GTID set is silent while the source looks for its first file.
  private static final int FIRST_ANSWER_TIMEOUT_MS = 600_000;
  private static final int COM_BINLOG_DUMP = 0x12;
  private static final int COM_BINLOG_DUMP_GTID = 0x1E;
  private static final int NON_BLOCK = 0x01;
  private static final int THROUGH_GTID = 0x04;
  private static final long MAX_COMMAND_OFFSET = 0xFFFFFFFFL;
  // Above what people give their servers by hand.
  private static final long MIN_RANDOM_SERVER_ID = 0x40000000L;
  private static final long MAX_RANDOM_SERVER_ID = 0xFFFFFFFEL;
  private static final RandomGenerator RANDOM = new SecureRandom();

  private final SourceConnection connection;
  private final BinlogEventStream events;
  private final long serverId;

  private BinlogDump(SourceConnection connection, BinlogEventStream events, long serverId) {
    this.connection = connection;
    this.events = events;
    this.serverId = serverId;
  }

  /** Asks for the log, and for every event to come. */
  public static BinlogDump open(SourceConfig config, DumpRequest request) throws IOException {
    return open(config, request, false);
  }

  /** Asks for what the log holds now: {@link BinlogEventStream#next} then returns false. */
  public static BinlogDump openUntilEnd(SourceConfig config, DumpRequest request)
      throws IOException {
    return open(config, request, true);
  }

  private static BinlogDump open(SourceConfig config, DumpRequest request, boolean untilEnd)
      throws IOException {
    requireNonNull(request, "request is null");
    SqlSession session = SqlSession.open(config);
    try {
      boolean checksummed = prepare(session, config);
      long serverId = config.serverId() != 0 ? config.serverId() : randomServerId();
      SourceConnection connection = session.connection();
      connection.readTimeout(FIRST_ANSWER_TIMEOUT_MS);
      connection.send(command(request, serverId, untilEnd ? NON_BLOCK : 0));
      BinlogEventStream events =
          new BinlogEventStream(
              new ImpatientStream(connection, 3 * config.heartbeatMs()), checksummed);
      if (request instanceof DumpRequest.At at && at.offset() > MAX_COMMAND_OFFSET) {
        events.skipUntil(at.offset());
      }
      return new BinlogDump(connection, events, serverId);
    } catch (Throwable e) {
      session.close();
      throw e;
    }
  }

  /** Sets what the source reads from the session, and returns whether events end in a CRC32. */
  private static boolean prepare(SqlSession session, SourceConfig config) throws IOException {
    long heartbeatNanos = config.heartbeatMs() * 1_000_000L;
    // each variable under its old and its new name; those that a source does not know do nothing
    session.execute(
        ("SET @master_binlog_checksum = @@global.binlog_checksum,"
                + " @source_binlog_checksum = @@global.binlog_checksum,"
                + " @master_heartbeat_period = %d, @source_heartbeat_period = %d,"
                + " @mariadb_slave_capability = 4, SESSION net_write_timeout = %d")
            .formatted(heartbeatNanos, heartbeatNanos, NET_WRITE_TIMEOUT_SECONDS));
    String checksum = session.query("SELECT @master_binlog_checksum").get(0)[0];
    return "CRC32".equalsIgnoreCase(checksum);
  }

  /** A server_id that hardly anybody has. */
  public static long randomServerId() {
    return RANDOM.nextLong(MIN_RANDOM_SERVER_ID, MAX_RANDOM_SERVER_ID + 1);
  }

  static byte[] command(DumpRequest request, long serverId, int flags) {
    if (request instanceof DumpRequest.At at) {
      byte[] file = at.file().getBytes(UTF_8);
      long offset = at.offset() > MAX_COMMAND_OFFSET ? DumpRequest.FIRST_OFFSET : at.offset();
      return little(11 + file.length)
          .put((byte) COM_BINLOG_DUMP)
          .putInt((int) offset)
          .putShort((short) flags)
          .putInt((int) serverId)
          .put(file)
          .array();
    }
    // with a file name beside the set the source would begin there, and lose what is before it
    GtidSet executed = ((DumpRequest.After) request).executed();
    byte[] set = PreviousGtids.encode(executed);
    return little(23 + set.length)
        .put((byte) COM_BINLOG_DUMP_GTID)
        .putShort((short) (flags | THROUGH_GTID))
        .putInt((int) serverId)
        .putInt(0)
        .putLong(DumpRequest.FIRST_OFFSET)
        .putInt(set.length)
        .put(set)
        .array();
  }

  private static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The events, from the one that was asked for. */
  public BinlogEventStream events() {
    return events;
  }

  /** The id under which the source knows this connection. */
  public long serverId() {
    return serverId;
  }

  @Override
  public void close() throws IOException {
    connection.close();
  }

  /** The connection's bytes; after the first of them silence is no longer taken for work. */
  private static final class ImpatientStream extends FilterInputStream {
    private final SourceConnection connection;
    private final int timeoutMs;
    private boolean answered;

    ImpatientStream(SourceConnection connection, int timeoutMs) throws IOException {
      super(connection.input());
      this.connection = connection;
      this.timeoutMs = timeoutMs;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      try {
        int count = in.read(target, offset, length);
        if (!answered) {
          answered = true;
          connection.readTimeout(timeoutMs);
        }
        return count;
      } catch (SocketTimeoutException e) {
        throw new IOException(
            "the source was silent for "
                + (answered ? timeoutMs : FIRST_ANSWER_TIMEOUT_MS)
                + " ms, expected a heartbeat",
            e);
      }
    }
  }
}
