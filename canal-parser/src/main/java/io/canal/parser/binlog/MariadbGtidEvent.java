package io.canal.parser.binlog;

/**
 * MariaDB's beginning of a transaction, which takes the place of {@code BEGIN}.
 *
 * @param sequence unsigned
 * @param flags the {@code FL_} bits of MariaDB
 */
public record MariadbGtidEvent(long domain, long serverId, long sequence, int flags) {
  private static final int STANDALONE = 1;
  private static final int DDL = 32;
  private static final int PREPARED_XA = 64;
  private static final int COMPLETED_XA = 128;

  public static MariadbGtidEvent decode(byte[] array, int offset, int length) {
    EventCursor cursor = new EventCursor("MARIADB_GTID", array, offset, length);
    long sequence = cursor.i8();
    long domain = cursor.u4();
    int flags = cursor.u1();
    return new MariadbGtidEvent(domain, EventHeader.serverId(array, offset), sequence, flags);
  }

  /** One statement that is a transaction by itself: no COMMIT or XID follows. */
  public boolean standalone() {
    return (flags & STANDALONE) != 0;
  }

  public boolean ddl() {
    return (flags & DDL) != 0;
  }

  /** The rows of an XA transaction, which ends with its prepare. */
  public boolean preparedXa() {
    return (flags & PREPARED_XA) != 0;
  }

  /** XA COMMIT or XA ROLLBACK of a transaction prepared earlier. */
  public boolean completedXa() {
    return (flags & COMPLETED_XA) != 0;
  }

  /** MariaDB's text form: {@code 0-1-42}. */
  public String gtid() {
    return domain + "-" + serverId + "-" + Long.toUnsignedString(sequence);
  }
}
