package io.canal.parser.binlog;

/**
 * A XID event: the commit of a transaction.
 *
 * @param xid the source's number of the transaction; unsigned
 */
public record XidEvent(long xid) {
  public static XidEvent decode(byte[] array, int offset, int length) {
    return new XidEvent(new EventCursor("XID", array, offset, length).i8());
  }
}
