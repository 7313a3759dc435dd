package io.canal.parser.source;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.canal.parser.binlog.SourceErrorException;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs statements on a source and reads their answers as text, under the account of the {@link
 * SourceConfig}. One thread at a time; {@link #close} may come from any other and ends a wait.
 *
 * <p>What the source refuses is a {@link SourceErrorException}, a connection that fails another
 * {@link IOException}. The session's character set is utf8mb4, its time zone the source's own.
 */
public final class SqlSession implements Closeable {
  // a listing of tens of thousands of tables takes its time
  private static final int ANSWER_TIMEOUT_MS = 300_000;
  private static final int NULL = 0xFB;
  private static final int END = 0xFE;
  private static final int MAX_END_BYTES = 8;

  private final SourceConnection connection;

  private SqlSession(SourceConnection connection) {
    this.connection = connection;
  }

  public static SqlSession open(SourceConfig config) throws IOException {
    SourceConnection connection = SourceConnection.open(config);
    try {
      SqlSession session = new SqlSession(connection);
      session.execute("SET NAMES utf8mb4");
      connection.readTimeout(ANSWER_TIMEOUT_MS);
      return session;
    } catch (Throwable e) {
      connection.close();
      throw e;
    }
  }

  SourceConnection connection() {
    return connection;
  }

  /** Whether the connection is under TLS. */
  public boolean encrypted() {
    return connection.encrypted();
  }

  /** Runs a statement that answers with rows; a value is null where SQL's is. */
  public List<String[]> query(String sql) throws IOException {
    connection.sendQuery(sql);
    byte[] head = connection.receive();
    if (head[0] == 0) {
      return List.of();
    }
    int columns = (int) new Fields(head).number();
    for (int i = 0; i < columns; i++) {
      connection.receive();
    }
    requireEnd(connection.receive());
    List<String[]> rows = new ArrayList<>();
    for (byte[] packet = connection.receive(); !isEnd(packet); packet = connection.receive()) {
      Fields fields = new Fields(packet);
      String[] row = new String[columns];
      for (int i = 0; i < columns; i++) {
        row[i] = fields.text();
      }
      rows.add(row);
    }
    return rows;
  }

  /** Runs a statement that answers without rows. */
  public void execute(String sql) throws IOException {
    if (!query(sql).isEmpty()) {
      throw new IllegalArgumentException("statement with rows: " + sql);
    }
  }

  private static boolean isEnd(byte[] packet) {
    return (packet[0] & 0xFF) == END && packet.length <= MAX_END_BYTES;
  }

  private static void requireEnd(byte[] packet) throws IOException {
    if (!isEnd(packet)) {
      throw new IOException("the source's answer has more columns than it said");
    }
  }

  @Override
  public void close() throws IOException {
    connection.close();
  }

  /** The length-encoded fields of one packet. */
  private static final class Fields {
    private final byte[] packet;
    private int position;

    Fields(byte[] packet) {
      this.packet = packet;
    }

    String text() throws IOException {
      if (position < packet.length && (packet[position] & 0xFF) == NULL) {
        position++;
        return null;
      }
      int length = need(number());
      String text = new String(packet, position, length, UTF_8);
      position += length;
      return text;
    }

    long number() throws IOException {
      need(1);
      int first = packet[position++] & 0xFF;
      return switch (first) {
        case 0xFC -> fixed(2);
        case 0xFD -> fixed(3);
        case 0xFE -> fixed(8);
        default -> first;
      };
    }

    private long fixed(int bytes) throws IOException {
      need(bytes);
      long value = 0;
      for (int i = bytes - 1; i >= 0; i--) {
        value = (value << 8) | (packet[position + i] & 0xFF);
      }
      position += bytes;
      return value;
    }

    private int need(long count) throws IOException {
      if (count < 0 || count > packet.length - position) {
        throw new IOException(
            "a value of " + count + " bytes in a packet that has " + (packet.length - position));
      }
      return (int) count;
    }
  }
}
