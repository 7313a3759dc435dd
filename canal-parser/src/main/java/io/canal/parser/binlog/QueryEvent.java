package io.canal.parser.binlog;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import io.canal.parser.charset.Transcoders;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.OptionalLong;

/**
 * A QUERY event: BEGIN, COMMIT, a DDL, or any other statement; MariaDB's QUERY_COMPRESSED too.
 *
 * @param threadId the source's connection that ran it
 * @param executionSeconds how long it ran
 * @param errorCode of a statement that failed half way, else 0
 * @param database the default database, empty where there was none
 * @param sql the text, decoded from the client's character set
 * @param sqlMode the session's {@code sql_mode} bits, absent where the event has none
 * @param clientCollation number of {@code character_set_client}; 0 where the event has none
 * @param connectionCollation number of {@code collation_connection}; 0 where the event has none
 * @param serverCollation number of {@code collation_server}; 0 where the event has none
 * @param utf8mb4Collation number of {@code default_collation_for_utf8mb4}; 0 where the event has
 *     none
 */
public record QueryEvent(
    long threadId,
    long executionSeconds,
    int errorCode,
    String database,
    String sql,
    OptionalLong sqlMode,
    int clientCollation,
    int connectionCollation,
    int serverCollation,
    int utf8mb4Collation) {
  private static final String NAME = "QUERY";
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final byte[] BEGIN = "BEGIN".getBytes(US_ASCII);
  private static final byte[] COMMIT = "COMMIT".getBytes(US_ASCII);
  private static final int DATABASE_LENGTH_AT = EventHeader.LENGTH + 8;
  private static final int STATUS_LENGTH_AT = EventHeader.LENGTH + 11;
  private static final int STATUS_AT = EventHeader.LENGTH + 13;
  private static final int TOO_MANY_DATABASES = 254;

  public QueryEvent {
    requireNonNull(database, "database is null");
    requireNonNull(sql, "sql is null");
    requireNonNull(sqlMode, "sqlMode is null");
  }

  /** Whether the raw QUERY event is a plain BEGIN; reads nothing else and allocates nothing. */
  public static boolean isBegin(byte[] array, int offset, int length) {
    return textEquals(array, offset, length, BEGIN);
  }

  /** Whether the raw QUERY event is a plain COMMIT; reads nothing else and allocates nothing. */
  public static boolean isCommit(byte[] array, int offset, int length) {
    return textEquals(array, offset, length, COMMIT);
  }

  /** The connection that ran a raw QUERY event that {@link #isBegin}; allocates nothing. */
  public static long threadId(byte[] array, int offset) {
    return Integer.toUnsignedLong((int) INT.get(array, offset + EventHeader.LENGTH));
  }

  private static boolean textEquals(byte[] array, int offset, int length, byte[] text) {
    if (length < STATUS_AT || EventHeader.type(array, offset) != EventType.QUERY) {
      return false;
    }
    int databaseLength = array[offset + DATABASE_LENGTH_AT] & 0xFF;
    int statusLength =
        (array[offset + STATUS_LENGTH_AT] & 0xFF)
            | ((array[offset + STATUS_LENGTH_AT + 1] & 0xFF) << 8);
    int at = STATUS_AT + statusLength + databaseLength + 1;
    return length - at == text.length
        && Arrays.equals(array, offset + at, offset + length, text, 0, text.length);
  }

  public static QueryEvent decode(byte[] array, int offset, int length) {
    EventCursor cursor = new EventCursor(NAME, array, offset, length);
    long threadId = cursor.u4();
    long executionSeconds = cursor.u4();
    int databaseLength = cursor.u1();
    int errorCode = cursor.u2();
    EventCursor status = cursor.part(cursor.u2());
    StatusVariables variables = new StatusVariables();
    variables.read(status);
    String database = cursor.text(databaseLength, UTF_8);
    cursor.skip(1);
    byte[] text =
        EventHeader.type(array, offset) == EventType.MARIADB_QUERY_COMPRESSED
            ? inflate(array, cursor.position(), offset + length)
            : cursor.bytes(cursor.remaining());
    String sql = Transcoders.decode(text, 0, text.length, variables.client);
    return new QueryEvent(
        threadId,
        executionSeconds,
        errorCode,
        database,
        sql,
        variables.sqlMode,
        variables.client,
        variables.connection,
        variables.server,
        variables.utf8mb4);
  }

  private static byte[] inflate(byte[] array, int from, int to) {
    try (MariadbZlib zlib = new MariadbZlib(NAME)) {
      byte[] text = new byte[zlib.inflatedLength(array, from, to)];
      zlib.inflate(array, from, to, text, 0);
      return text;
    }
  }

  /** The variables in front of the text: a code and a value whose length only the code tells. */
  private static final class StatusVariables {
    private OptionalLong sqlMode = OptionalLong.empty();
    private int client;
    private int connection;
    private int server;
    private int utf8mb4;

    void read(EventCursor cursor) {
      while (cursor.hasRemaining()) {
        int code = cursor.u1();
        switch (code) {
          case 0, 3, 10 -> cursor.skip(4); // flags2, auto_increment, master_data_written
          case 1 -> sqlMode = OptionalLong.of(cursor.i8());
          case 2 -> cursor.skip(cursor.u1() + 1L); // catalog with a zero
          case 4 -> {
            client = cursor.u2();
            connection = cursor.u2();
            server = cursor.u2();
          }
          case 5, 6 -> cursor.skip(cursor.u1()); // time_zone, catalog
          case 7, 8 -> cursor.skip(2); // lc_time_names, charset_database
          case 9, 17 -> cursor.skip(8); // table_map_for_update, ddl_xid
          case 11 -> { // invoker: user and host
            cursor.skip(cursor.u1());
            cursor.skip(cursor.u1());
          }
          case 12 -> skipDatabases(cursor);
          case 13, 128 -> cursor.skip(3); // microseconds, MariaDB's hrnow
          case 16, 19, 20 -> cursor.skip(1); // flags of one byte
          case 18 -> utf8mb4 = cursor.u2();
          case 129 -> cursor.skip(8); // MariaDB's xid
          default -> {
            return; // its length is not known, nor where the next one begins
          }
        }
      }
    }

    private static void skipDatabases(EventCursor cursor) {
      int count = cursor.u1();
      for (int i = 0; count != TOO_MANY_DATABASES && i < count; i++) {
        cursor.zeroTerminated(UTF_8);
      }
    }
  }
}
