package io.canal.parser.source;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import io.canal.parser.binlog.EventHeader;
import io.canal.parser.binlog.EventStream;
import io.canal.parser.binlog.EventType;
import io.canal.parser.binlog.FormatDescription;
import io.canal.parser.binlog.GtidEvent;
import io.canal.parser.binlog.HeartbeatEvent;
import io.canal.parser.binlog.MariadbGtidEvent;
import io.canal.parser.binlog.QueryEvent;
import io.canal.parser.binlog.RotateEvent;
import io.canal.parser.binlog.XaPrepareEvent;
import io.canal.parser.log.ChangeLogWriter;
import io.canal.parser.log.Transaction;
import io.canal.parser.schema.TableSchemas;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.SourcePosition;
import java.io.IOException;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;

/**
 * Turns the events of a dump into transactions of the change log. Rows go from the stream to their
 * place in the log; all other events are small and looked at where they lie in the stream's memory.
 * Owned by the receiver thread.
 */
final class TransactionAssembler {
  private static final int MAX_CONTROL_EVENT_BYTES = 64 * 1024 * 1024;

  private final ChangeLogWriter writer;
  private final TableSchemas schemas;

  // owned by the receiver thread
  private final DumpPlace place;
  private final RowAppender rows;
  private final ResentTransaction resent = new ResentTransaction();
  private final Transaction transaction = new Transaction();
  private final GtidEvent gtid = new GtidEvent();
  private String xaTransaction = "";
  private long events;
  private long transactions;
  private long lastTimestampSeconds;

  // written by the receiver thread, read by all
  private volatile Progress progress;

  /**
   * What has come so far, for status and metrics.
   *
   * @param events all events of the dumps
   * @param transactions those that ended
   * @param lastTimestampSeconds when the last of them was committed, since the epoch; 0 before
   * @param file where the last of them ended, at {@code offset}
   */
  record Progress(
      long events, long transactions, long lastTimestampSeconds, String file, long offset) {}

  TransactionAssembler(ChangeLogWriter writer, TableSchemas schemas, SourcePosition start) {
    this.writer = requireNonNull(writer, "writer is null");
    this.schemas = requireNonNull(schemas, "schemas is null");
    this.place = new DumpPlace(writer, start);
    this.rows = new RowAppender(writer, schemas, place, resent);
    showProgress();
  }

  /** The position after the last transaction that is in the log as a whole. */
  SourcePosition position() {
    return place.position();
  }

  /** A dump of that server begins, as it was asked for. */
  void connected(Optional<UUID> serverUuid, DumpRequest request) {
    place.connected(serverUuid, request);
  }

  /** The dump broke off: what was received of the open transaction will come again. */
  void disconnected() {
    if (writer.isPublishedOpen()) {
      writer.publishOpen();
      resent.expectAgain(transaction.id());
    } else {
      writer.rollback();
    }
    gtid.clear();
    xaTransaction = "";
    rows.forgetTables();
  }

  /**
   * Takes the event that the stream stands at.
   *
   * @throws CanalException that says where the event is
   */
  void accept(EventStream event) throws IOException, InterruptedException {
    place.step(event);
    try {
      take(event);
    } catch (CanalException e) {
      throw new CanalException(e.code(), place + ": " + e.getMessage(), e);
    }
    events++;
  }

  private void take(EventStream event) throws IOException, InterruptedException {
    switch (event.type()) {
      case EventType.WRITE_ROWS,
          EventType.UPDATE_ROWS,
          EventType.DELETE_ROWS,
          EventType.WRITE_ROWS_V1,
          EventType.UPDATE_ROWS_V1,
          EventType.DELETE_ROWS_V1 ->
          rows(event);
      case EventType.TABLE_MAP -> rows.tableMap(event, load(event));
      case EventType.GTID, EventType.ANONYMOUS_GTID, EventType.GTID_TAGGED -> {
        int length = load(event);
        gtid.read(event.array(), event.offset(), length);
      }
      case EventType.MARIADB_GTID -> mariadbGtid(event);
      case EventType.QUERY -> query(event);
      case EventType.XID -> end(event, load(event));
      case EventType.XA_PREPARE -> xaPrepare(event);
      case EventType.ROTATE -> rotate(event);
      case EventType.HEARTBEAT, EventType.HEARTBEAT_V2 -> heartbeat(event);
      case EventType.FORMAT_DESCRIPTION -> formatDescription(event);
      case EventType.PREVIOUS_GTIDS,
          EventType.STOP,
          EventType.INTVAR,
          EventType.RAND,
          EventType.USER_VAR,
          EventType.ROWS_QUERY,
          EventType.VIEW_CHANGE,
          EventType.TRANSACTION_CONTEXT,
          EventType.MARIADB_ANNOTATE_ROWS,
          EventType.MARIADB_BINLOG_CHECKPOINT,
          EventType.MARIADB_GTID_LIST,
          EventType.MARIADB_START_ENCRYPTION ->
          event.skip();
      case EventType.TRANSACTION_PAYLOAD ->
          throw stop(
              "a compressed transaction, which is not supported yet; on the source: SET PERSIST binlog_transaction_compression = OFF");
      case EventType.PARTIAL_UPDATE_ROWS ->
          throw stop(
              "a partial JSON update, which is not supported yet; on the source: SET PERSIST binlog_row_value_options = ''");
      case EventType.MARIADB_QUERY_COMPRESSED,
          EventType.MARIADB_WRITE_ROWS_COMPRESSED,
          EventType.MARIADB_UPDATE_ROWS_COMPRESSED,
          EventType.MARIADB_DELETE_ROWS_COMPRESSED,
          EventType.MARIADB_WRITE_ROWS_COMPRESSED_V1,
          EventType.MARIADB_UPDATE_ROWS_COMPRESSED_V1,
          EventType.MARIADB_DELETE_ROWS_COMPRESSED_V1 ->
          throw stop(
              "a compressed event, which is not supported yet; on the source: SET GLOBAL log_bin_compress = OFF");
      case EventType.INCIDENT ->
          throw stop("an INCIDENT event: the source itself lost changes here");
      default -> {
        if ((event.flags() & EventHeader.IGNORABLE) == 0) {
          throw stop("an event of unknown type " + event.type());
        }
        event.skip();
      }
    }
  }

  private void rotate(EventStream event) throws IOException, InterruptedException {
    int length = load(event);
    place.rotate(RotateEvent.decode(event.array(), event.offset(), length));
    rows.forgetTables();
  }

  private void heartbeat(EventStream event) throws IOException {
    int length = load(event);
    place.heartbeat(HeartbeatEvent.decode(event.array(), event.offset(), length));
  }

  private void formatDescription(EventStream event) throws IOException {
    int length = load(event);
    FormatDescription format = FormatDescription.decode(event.array(), event.offset(), length);
    schemas.writtenByMariadb(format.serverVersion().contains("MariaDB"));
  }

  // ---- transactions

  private void mariadbGtid(EventStream event) throws IOException, InterruptedException {
    int length = load(event);
    MariadbGtidEvent decoded = MariadbGtidEvent.decode(event.array(), event.offset(), length);
    if (decoded.preparedXa() || decoded.completedXa()) {
      throw stop("an XA transaction, which is not supported yet");
    }
    if (!decoded.standalone()) {
      begin(event, 0, false);
    }
  }

  private void begin(EventStream event, long threadId, boolean statement)
      throws InterruptedException {
    transaction.set(
        place.logFile(),
        place.eventOffset(),
        event.timestampSeconds(),
        event.serverId(),
        event.length(),
        threadId,
        statement);
    transaction.gtid(
        gtid.sid(), gtid.tag(), gtid.number(), gtid.lastCommitted(), gtid.sequenceNumber());
    if (resent.isResending()) {
      resent.beginAgain(transaction.id());
      return;
    }
    if (writer.inTransaction()) {
      throw stop("a transaction begins before the one before it has ended");
    }
    resent.begin();
    writer.begin(transaction, place.file());
  }

  /** Whether the event at hand is inside a transaction; not while the BEGIN is to come again. */
  private boolean inTransaction() {
    return writer.inTransaction() && !resent.awaitsBegin();
  }

  /** Ends the transaction with the loaded event. */
  private void end(EventStream event, int length) throws InterruptedException {
    if (!inTransaction()) {
      endOfEarlier();
      return;
    }
    resent.ended();
    copyToLog(event, length);
    writer.end(false, place.file(), place.eventOffset(), length);
    ended();
  }

  /** Alibaba Canal's positions name the start of the last event that was acknowledged. */
  private void endOfEarlier() {
    if (transactions > 0 || writer.inTransaction()) {
      throw stop("the end of a transaction that did not begin");
    }
    place.passed();
  }

  private void ended() {
    place.ended(gtid);
    gtid.clear();
    transactions++;
    lastTimestampSeconds = transaction.timestampSeconds();
  }

  private void query(EventStream event) throws IOException, InterruptedException {
    int length = load(event);
    byte[] array = event.array();
    int offset = event.offset();
    if (QueryEvent.isBegin(array, offset, length)) {
      begin(event, QueryEvent.threadId(array, offset), false);
      return;
    }
    if (QueryEvent.isCommit(array, offset, length)) {
      end(event, length);
      return;
    }
    QueryEvent query = QueryEvent.decode(array, offset, length);
    String sql = query.sql();
    if (sql.equals("ROLLBACK")) {
      rollback();
    } else if (startsWith(sql, "SAVEPOINT")) {
      return;
    } else if (startsWith(sql, "ROLLBACK TO")) {
      throw stop("ROLLBACK TO a savepoint behind non-transactional changes, not supported yet");
    } else if (startsWith(sql, "XA ")) {
      xa(event, query, sql);
    } else if (inTransaction()) {
      statement(event, length, sql);
    } else {
      begin(event, query.threadId(), true);
      copyToLog(event, length);
      writer.query(place.file(), place.eventOffset(), length);
      schemas.invalidate();
      writer.end(true, place.file(), place.eventEnd(), 0);
      ended();
    }
  }

  /** A statement inside the transaction; its text is proven like the images of rows. */
  private void statement(EventStream event, int length, String sql) throws InterruptedException {
    schemas.invalidate();
    byte[] text = sql.getBytes(UTF_8);
    if (resent.isResending() && resent.received(text, 0, text.length) > 0) {
      writer.forgetSkippedRows();
      return;
    }
    resent.settle();
    resent.written(text, 0, text.length);
    resent.settle();
    copyToLog(event, length);
    writer.query(place.file(), place.eventOffset(), length);
  }

  private static boolean startsWith(String sql, String words) {
    return sql.length() >= words.length()
        && sql.substring(0, words.length()).toUpperCase(Locale.ROOT).equals(words);
  }

  private void rollback() throws InterruptedException {
    if (writer.isPublishedOpen()) {
      throw stop(
          "transaction %s is rolled back, but was too large to be kept until its end and consumers have read rows of it"
              .formatted(transaction.id()));
    }
    if (!writer.inTransaction()) {
      endOfEarlier();
      return;
    }
    writer.rollback();
    // its GTID is used up: an empty transaction moves every position past it
    transaction.statement(true);
    writer.begin(transaction, place.file());
    writer.end(true, place.file(), place.eventEnd(), 0);
    ended();
  }

  private void xa(EventStream event, QueryEvent query, String sql) throws InterruptedException {
    if (startsWith(sql, "XA START")) {
      xaTransaction = sql;
      begin(event, query.threadId(), false);
    } else if (!startsWith(sql, "XA END")) {
      throw stop("'" + sql + "': two-phase XA transactions are not supported yet");
    }
  }

  private void xaPrepare(EventStream event) throws IOException, InterruptedException {
    int length = load(event);
    XaPrepareEvent prepare = XaPrepareEvent.decode(event.array(), event.offset(), length);
    if (!prepare.onePhase()) {
      throw stop(
          "XA PREPARE "
              + prepare.xid()
              + ": two-phase XA transactions are not supported yet ("
              + xaTransaction
              + ")");
    }
    xaTransaction = "";
    end(event, length);
  }

  private void rows(EventStream event) throws IOException, InterruptedException {
    if (!inTransaction()) {
      throw stop("rows outside of a transaction");
    }
    rows.rows(event);
  }

  // ---- bytes

  /** Makes an event other than rows visible as a whole; gives its length. */
  private static int load(EventStream event) throws IOException {
    long length = EventHeader.LENGTH + event.bodyLength();
    if (length > MAX_CONTROL_EVENT_BYTES) {
      throw stop(
          "an event of type %d and %d bytes, expected at most %d"
              .formatted(event.type(), length, MAX_CONTROL_EVENT_BYTES));
    }
    return event.load();
  }

  private void copyToLog(EventStream event, int length) throws InterruptedException {
    writer.claim(length);
    System.arraycopy(event.array(), event.offset(), writer.array(), writer.bodyOffset(), length);
  }

  private static CanalException stop(String found) {
    return new CanalException(ErrorCode.STOP_INSTANCE, found);
  }

  /** {@code file:offset} of the event at hand, for messages. */
  String place() {
    return place.toString();
  }

  /** Transactions that have ended since the first connection. */
  long transactions() {
    return transactions;
  }

  /**
   * Makes {@link #progress} say what has come. Called before the receiver waits for its source, and
   * not for each of many transactions.
   */
  void showProgress() {
    progress =
        new Progress(
            events, transactions, lastTimestampSeconds, place.endFile(), place.endOffset());
  }

  /** Any thread. */
  Progress progress() {
    return progress;
  }
}
