package io.canal.parser.entry;

import static java.util.Objects.requireNonNull;

import io.canal.parser.binlog.EventHeader;
import io.canal.parser.binlog.EventType;
import io.canal.parser.binlog.QueryEvent;
import io.canal.parser.binlog.XidEvent;
import io.canal.parser.log.Frame;
import io.canal.parser.log.Transaction;
import io.canal.parser.row.RowsEvent;
import io.canal.parser.schema.TableSchemas;
import io.canal.protocol.CanalEntry;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.WriteBuffer;
import java.time.ZoneId;

/**
 * Encodes frames of the change log as entries (wire-protocol section 5), straight from the raw
 * event into the outgoing buffer, without an object per row or column. For one thread at a time; it
 * is small and cheap to make, as what is prepared for each version of a table lies in {@link
 * TableEncodings}, which the encoders of a destination share.
 *
 * <p>An entry is written as field {@code messages} of {@code Messages}, with its tag and length, so
 * that the body of a batch is a batch id and entries one behind the other; see {@link BatchFrame}.
 * Within an entry the header comes last, as only the walk over the rows tells their number: the
 * order of protobuf's fields means nothing.
 *
 * <pre>{@code
 * while (out.position() < limit && reader.next()) {
 *   encoder.encode(reader.frame(), reader.transaction(), executedGtids, out);
 * }
 * }</pre>
 */
public final class EntryEncoder {
  private static final int TRANSACTION_BEGIN = CanalEntry.EntryType.TRANSACTIONBEGIN_VALUE;
  private static final int ROW_DATA = CanalEntry.EntryType.ROWDATA_VALUE;
  private static final int TRANSACTION_END = CanalEntry.EntryType.TRANSACTIONEND_VALUE;

  private final TableEncodings tables;
  private final HeaderEncoder header;

  // owned by the encoding thread
  private final RowsEvent rows = new RowsEvent();
  private int[] beforeEnds = new int[64];

  /**
   * An encoder that prepares tables for itself alone.
   *
   * @param zone the time zone of TIMESTAMP's text
   * @param showGtids whether headers show GTIDs ({@code canal.instance.gtidon})
   */
  public EntryEncoder(TableSchemas schemas, ZoneId zone, boolean showGtids) {
    this(new TableEncodings(schemas, zone), showGtids);
  }

  /**
   * An encoder that shares what others have prepared.
   *
   * @param showGtids whether headers show GTIDs ({@code canal.instance.gtidon})
   */
  public EntryEncoder(TableEncodings tables, boolean showGtids) {
    this.tables = requireNonNull(tables, "tables is null");
    this.header = new HeaderEncoder(showGtids);
  }

  /**
   * Appends the frame's entry to {@code out}; nothing for a begin and end that nobody is shown. On
   * an error {@code out} is as before.
   *
   * @param transaction the one that the frame belongs to
   * @param executedGtids text of the executed set with that transaction; the same string for all of
   *     its frames costs nothing. Empty where there is none, or headers do not show it
   * @return how many rows the entry has
   * @throws CanalException where the event is broken, its values are not what their types allow, or
   *     the entry would be larger than 2 GiB
   */
  public int encode(Frame frame, Transaction transaction, String executedGtids, WriteBuffer out) {
    int start = out.position();
    try {
      return switch (frame.kind()) {
        case BEGIN -> encodeBegin(transaction, executedGtids, out);
        case ROWS -> encodeRows(frame, transaction, executedGtids, out);
        case QUERY -> encodeQuery(frame, transaction, executedGtids, out);
        case END -> encodeEnd(frame, transaction, executedGtids, out);
        case MOVE -> 0;
      };
    } catch (CanalException e) {
      out.position(start);
      throw new CanalException(
          e.code(), frame.file().name() + ":" + frame.eventOffset() + ": " + e.getMessage(), e);
    }
  }

  /**
   * What the statement of a QUERY frame is, so that a session can ask whether a filter lets it
   * pass.
   */
  public static Statement statement(Frame frame) {
    QueryEvent event = query(frame);
    return Statement.of(event.sql(), event.database());
  }

  private static QueryEvent query(Frame frame) {
    return QueryEvent.decode(frame.array(), frame.bodyOffset(), frame.bodyLength());
  }

  public int encodeBegin(Transaction transaction, String executedGtids, WriteBuffer out) {
    if (transaction.isStatement()) {
      return 0;
    }
    int entryMark = beginEntry(TRANSACTION_BEGIN, 2, out);
    int valueMark = beginStoreValue(1, out);
    out.writeByte(EntryFields.BEGIN_THREAD_ID);
    out.writeVarint64(transaction.threadId());
    out.endMessage(valueMark, 1);
    header.writeBegin(transaction, executedGtids, out);
    out.endMessage(entryMark, 2);
    return 0;
  }

  private int encodeRows(
      Frame frame, Transaction transaction, String executedGtids, WriteBuffer out) {
    TableEncoding table = tables.get(frame.tableVersion());
    try {
      return encodeRows(frame, table, transaction, executedGtids, out);
    } catch (CanalException e) {
      throw new CanalException(e.code(), table.qualifiedName() + ": " + e.getMessage(), e);
    }
  }

  private int encodeRows(
      Frame frame,
      TableEncoding table,
      Transaction transaction,
      String executedGtids,
      WriteBuffer out) {
    rows.wrap(frame.array(), frame.bodyOffset(), frame.bodyLength(), table.layout());
    if (beforeEnds.length < table.columnCount()) {
      beforeEnds = new int[table.columnCount()];
    }
    skipRows(frame.rowsToSkip());
    int eventType = eventType(rows.kind());
    int entryWidth = table.entryWidth();
    int valueWidth = table.storeValueWidth();
    int entryMark = beginEntry(ROW_DATA, entryWidth, out);
    int valueMark = beginStoreValue(valueWidth, out);
    out.writeByte(EntryFields.CHANGE_TABLE_ID);
    out.writeVarint64(RowsEvent.tableId(frame.array(), frame.bodyOffset()));
    out.writeByte(EntryFields.CHANGE_EVENT_TYPE);
    out.writeByte(eventType);
    out.writeByte(EntryFields.CHANGE_IS_DDL);
    out.writeByte(0);
    int count = 0;
    while (rows.next()) {
      table.writeRow(rows, beforeEnds, out);
      count++;
    }
    int foundValueWidth = out.endMessage(valueMark, valueWidth);
    header.write(frame, eventType, table.headerNames(), count, transaction, executedGtids, out);
    table.widthsWere(out.endMessage(entryMark, entryWidth), foundValueWidth);
    return count;
  }

  private void skipRows(int count) {
    for (int i = 0; i < count; i++) {
      if (!rows.next()) {
        throw new CanalException(
            ErrorCode.STOP_INSTANCE, "expected more than " + count + " rows, found " + i);
      }
    }
  }

  private static int eventType(RowsEvent.Kind kind) {
    return switch (kind) {
      case INSERT -> CanalEntry.EventType.INSERT_VALUE;
      case UPDATE -> CanalEntry.EventType.UPDATE_VALUE;
      case DELETE -> CanalEntry.EventType.DELETE_VALUE;
    };
  }

  private int encodeQuery(
      Frame frame, Transaction transaction, String executedGtids, WriteBuffer out) {
    QueryEvent event = query(frame);
    Statement statement = Statement.of(event.sql(), event.database());
    int eventType = statement.type().getNumber();
    int entryMark = beginEntry(ROW_DATA, 2, out);
    int valueMark = beginStoreValue(2, out);
    out.writeByte(EntryFields.CHANGE_EVENT_TYPE);
    out.writeByte(eventType);
    out.writeByte(EntryFields.CHANGE_IS_DDL);
    out.writeByte(statement.ddl() ? 1 : 0);
    HeaderEncoder.writeText(EntryFields.CHANGE_SQL, event.sql(), out);
    if (!event.database().isEmpty()) {
      HeaderEncoder.writeText(EntryFields.CHANGE_DDL_SCHEMA_NAME, event.database(), out);
    }
    out.endMessage(valueMark, 2);
    Constant names = HeaderEncoder.names(statement.database(), statement.tableName());
    header.write(frame, eventType, names, 0, transaction, executedGtids, out);
    out.endMessage(entryMark, 2);
    return 0;
  }

  private int encodeEnd(
      Frame frame, Transaction transaction, String executedGtids, WriteBuffer out) {
    if (frame.isStatement() || frame.bodyLength() == 0) {
      return 0;
    }
    int entryMark = beginEntry(TRANSACTION_END, 2, out);
    int valueMark = beginStoreValue(1, out);
    out.writeByte(EntryFields.END_TRANSACTION_ID);
    int idMark = out.beginMessage(1);
    out.writeUnsignedDecimal(xid(frame));
    out.endMessage(idMark, 1);
    out.endMessage(valueMark, 1);
    header.write(
        frame,
        HeaderEncoder.NO_EVENT_TYPE,
        HeaderEncoder.NO_NAMES,
        0,
        transaction,
        executedGtids,
        out);
    out.endMessage(entryMark, 2);
    return 0;
  }

  /** 0 where the transaction ends with a COMMIT, as that of an engine without XA. */
  private static long xid(Frame frame) {
    return EventHeader.type(frame.array(), frame.bodyOffset()) == EventType.XID
        ? XidEvent.decode(frame.array(), frame.bodyOffset(), frame.bodyLength()).xid()
        : 0;
  }

  private static int beginEntry(int entryType, int width, WriteBuffer out) {
    out.writeByte(EntryFields.MESSAGES_MESSAGE);
    int mark = out.beginMessage(width);
    out.writeByte(EntryFields.ENTRY_TYPE);
    out.writeByte(entryType);
    return mark;
  }

  private static int beginStoreValue(int width, WriteBuffer out) {
    out.writeByte(EntryFields.ENTRY_STORE_VALUE);
    return out.beginMessage(width);
  }
}
