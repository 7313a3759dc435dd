package io.canal.parser.source;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import io.canal.parser.binlog.BinlogEventStream;
import io.canal.parser.binlog.BinlogPosition;
import io.canal.parser.binlog.EventHeader;
import io.canal.parser.binlog.EventType;
import io.canal.parser.binlog.FormatDescription;
import io.canal.parser.binlog.GtidEvent;
import io.canal.parser.binlog.HeartbeatEvent;
import io.canal.parser.binlog.MariadbGtidEvent;
import io.canal.parser.binlog.QueryEvent;
import io.canal.parser.binlog.RotateEvent;
import io.canal.parser.binlog.XaPrepareEvent;
import io.canal.parser.log.ChangeLogWriter;
import io.canal.parser.log.LogFile;
import io.canal.parser.log.Transaction;
import io.canal.parser.row.RowsEvent;
import io.canal.parser.schema.ResolvedTable;
import io.canal.parser.schema.TableSchemas;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.Gtid;
import io.canal.protocol.GtidSet;
import io.canal.protocol.SourcePosition;
import java.io.IOException;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * Turns the events of a dump into transactions of the change log, and knows the position after the
 * last one. Rows go from the socket to their place in the log; all other events are small and pass
 * through a scratch array. Owned by the receiver thread.
 */
final class TransactionAssembler {
  private static final int MAX_CONTROL_EVENT_BYTES = 64 * 1024 * 1024;
  private static final int SCRATCH_BYTES = 64 * 1024;

  private final ChangeLogWriter writer;
  private final TableSchemas schemas;

  // owned by the receiver thread
  private byte[] scratch = new byte[SCRATCH_BYTES];
  private final RowsEvent rowsEvent = new RowsEvent();
  private Optional<UUID> serverUuid;
  // behind the event at hand, which begins at eventOffset
  private BinlogPosition here;
  private LogFile logFile;
  private int file = -1;
  private long eventOffset;

  // the last end of a transaction
  private final GtidSet executed;
  private String endFile;
  private long endOffset;

  private final Transaction transaction = new Transaction();
  private final ResentTransaction resent = new ResentTransaction();
  private Optional<Gtid> gtid = Optional.empty();
  private long lastCommitted;
  private long sequenceNumber;
  private String xaTransaction = "";

  // tables of the statement at hand; an id may be another table's after the next rotate
  private final Map<Long, Target> targets = new HashMap<>();
  private Target target;

  private long events;
  private long transactions;
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

  /** Where the rows under a table id go. */
  private record Target(long tableId, ResolvedTable table) {}

  TransactionAssembler(ChangeLogWriter writer, TableSchemas schemas, SourcePosition start) {
    this.writer = requireNonNull(writer, "writer is null");
    this.schemas = requireNonNull(schemas, "schemas is null");
    this.executed = start.gtids().orElse(null);
    this.serverUuid = start.serverUuid();
    this.endFile = start.file();
    this.endOffset = start.offset();
    this.here = new BinlogPosition(start.file(), start.offset());
    this.logFile = new LogFile(serverUuid, start.file());
    this.progress = new Progress(0, 0, 0, endFile, endOffset);
  }

  /** The position after the last transaction that is in the log as a whole. */
  SourcePosition position() {
    return new SourcePosition(
        Optional.ofNullable(executed), serverUuid, endFile, endOffset, Optional.empty());
  }

  /**
   * A dump begins; its server's files are named by that UUID. A ROTATE tells where it begins,
   * unless that is beyond 4 GiB: then the stream begins behind the ROTATE.
   */
  void connected(Optional<UUID> uuid, DumpRequest request) {
    here =
        request instanceof DumpRequest.At at
            ? new BinlogPosition(at.file(), at.offset())
            : new BinlogPosition(here.file(), 0);
    if (file < 0 || !uuid.equals(serverUuid) || !here.file().equals(logFile.name())) {
      serverUuid = uuid;
      inFile(here.file());
    }
  }

  /** The dump broke off: what was received of the open transaction will come again. */
  void disconnected() {
    if (writer.isPublishedOpen()) {
      writer.publishOpen();
      resent.expectAgain(transaction.id());
    } else {
      writer.rollback();
    }
    gtid = Optional.empty();
    xaTransaction = "";
    forgetTables();
  }

  /**
   * Takes the event that the stream stands at.
   *
   * @throws CanalException that says where the event is
   */
  void accept(BinlogEventStream event) throws IOException, InterruptedException {
    locate(event);
    try {
      take(event);
    } catch (CanalException e) {
      throw new CanalException(e.code(), place() + ": " + e.getMessage(), e);
    }
    events++;
  }

  private void take(BinlogEventStream event) throws IOException, InterruptedException {
    switch (event.type()) {
      case EventType.WRITE_ROWS,
          EventType.UPDATE_ROWS,
          EventType.DELETE_ROWS,
          EventType.WRITE_ROWS_V1,
          EventType.UPDATE_ROWS_V1,
          EventType.DELETE_ROWS_V1 ->
          rows(event);
      case EventType.TABLE_MAP -> tableMap(event);
      case EventType.GTID, EventType.ANONYMOUS_GTID, EventType.GTID_TAGGED -> gtid(event);
      case EventType.MARIADB_GTID -> mariadbGtid(event);
      case EventType.QUERY -> query(event);
      case EventType.XID -> {
        int length = readControl(event);
        end(length);
      }
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

  // ---- where events stand

  private void locate(BinlogEventStream event) {
    long before = here.offset();
    here.advance(event.type(), event.flags(), event.logPos(), event.length());
    eventOffset = here.offset() == before ? before : here.offset() - event.length();
  }

  private void rotate(BinlogEventStream event) throws IOException, InterruptedException {
    int length = readControl(event);
    RotateEvent rotate = RotateEvent.decode(scratch, 0, length);
    boolean forward =
        !rotate.artificial()
            && !writer.inTransaction()
            && LogFile.compareNames(rotate.file(), endFile) > 0;
    if (!rotate.file().equals(here.file())) {
      inFile(rotate.file());
    }
    here.rotate(rotate);
    forgetTables();
    if (forward) {
      writer.move(file, rotate.position());
      endFile = rotate.file();
      endOffset = rotate.position();
    }
  }

  private void inFile(String name) {
    logFile = new LogFile(serverUuid, name);
    file = writer.addFile(logFile);
  }

  private void heartbeat(BinlogEventStream event) throws IOException {
    int length = readControl(event);
    here.heartbeat(HeartbeatEvent.decode(scratch, 0, length));
  }

  // ---- transactions

  private void gtid(BinlogEventStream event) throws IOException {
    int length = readControl(event);
    GtidEvent decoded = GtidEvent.decode(scratch, 0, length);
    gtid = decoded.gtid();
    lastCommitted = decoded.lastCommitted();
    sequenceNumber = decoded.sequenceNumber();
  }

  private void mariadbGtid(BinlogEventStream event) throws IOException, InterruptedException {
    int length = readControl(event);
    MariadbGtidEvent decoded = MariadbGtidEvent.decode(scratch, 0, length);
    if (decoded.preparedXa() || decoded.completedXa()) {
      throw stop("an XA transaction, which is not supported yet");
    }
    if (!decoded.standalone()) {
      begin(event, 0, false);
    }
  }

  private void begin(BinlogEventStream event, long threadId, boolean statement)
      throws InterruptedException {
    transaction.set(
        logFile,
        eventOffset,
        event.timestampSeconds(),
        event.serverId(),
        event.length(),
        threadId,
        statement);
    transaction.gtid(gtid.orElse(null), lastCommitted, sequenceNumber);
    if (resent.isResending()) {
      resent.beginAgain(transaction.id());
      return;
    }
    if (writer.inTransaction()) {
      throw stop("a transaction begins before the one before it has ended");
    }
    resent.begin();
    writer.begin(transaction, file);
  }

  /** Whether the event at hand is inside a transaction; not while the BEGIN is to come again. */
  private boolean inTransaction() {
    return writer.inTransaction() && !resent.awaitsBegin();
  }

  /** Ends the transaction with the event of that length in the scratch array. */
  private void end(int length) throws InterruptedException {
    if (!inTransaction()) {
      endOfEarlier();
      return;
    }
    resent.ended();
    copyToLog(length);
    writer.end(false, file, eventOffset, length);
    ended();
  }

  /** Alibaba Canal's positions name the start of the last event that was acknowledged. */
  private void endOfEarlier() {
    if (transactions > 0 || writer.inTransaction()) {
      throw stop("the end of a transaction that did not begin");
    }
    endFile = here.file();
    endOffset = here.offset();
  }

  private void ended() {
    if (executed != null) {
      gtid.ifPresent(executed::add);
    }
    gtid = Optional.empty();
    endFile = here.file();
    endOffset = here.offset();
    transactions++;
    progress =
        new Progress(events, transactions, transaction.timestampSeconds(), endFile, endOffset);
  }

  private void query(BinlogEventStream event) throws IOException, InterruptedException {
    int length = readControl(event);
    if (QueryEvent.isBegin(scratch, 0, length)) {
      begin(event, QueryEvent.threadId(scratch, 0), false);
      return;
    }
    if (QueryEvent.isCommit(scratch, 0, length)) {
      end(length);
      return;
    }
    QueryEvent query = QueryEvent.decode(scratch, 0, length);
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
      statement(sql, length);
    } else {
      begin(event, query.threadId(), true);
      copyToLog(length);
      writer.query(file, eventOffset, length);
      schemas.invalidate();
      writer.end(true, file, here.offset(), 0);
      ended();
    }
  }

  /** A statement inside the transaction; its text is proven like the images of rows. */
  private void statement(String sql, int length) throws InterruptedException {
    schemas.invalidate();
    byte[] text = sql.getBytes(UTF_8);
    if (resent.isResending() && resent.received(text, 0, text.length) > 0) {
      writer.forgetSkippedRows();
      return;
    }
    resent.written(text, 0, text.length);
    copyToLog(length);
    writer.query(file, eventOffset, length);
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
    writer.begin(transaction, file);
    writer.end(true, file, here.offset(), 0);
    ended();
  }

  private void xa(BinlogEventStream event, QueryEvent query, String sql)
      throws InterruptedException {
    if (startsWith(sql, "XA START")) {
      xaTransaction = sql;
      begin(event, query.threadId(), false);
    } else if (!startsWith(sql, "XA END")) {
      throw stop("'" + sql + "': two-phase XA transactions are not supported yet");
    }
  }

  private void xaPrepare(BinlogEventStream event) throws IOException, InterruptedException {
    int length = readControl(event);
    XaPrepareEvent prepare = XaPrepareEvent.decode(scratch, 0, length);
    if (!prepare.onePhase()) {
      throw stop(
          "XA PREPARE "
              + prepare.xid()
              + ": two-phase XA transactions are not supported yet ("
              + xaTransaction
              + ")");
    }
    xaTransaction = "";
    end(length);
  }

  // ---- rows

  private void formatDescription(BinlogEventStream event) throws IOException {
    int length = readControl(event);
    FormatDescription format = FormatDescription.decode(scratch, 0, length);
    schemas.writtenByMariadb(format.serverVersion().contains("MariaDB"));
  }

  private void tableMap(BinlogEventStream event) throws IOException {
    int length = readControl(event);
    ResolvedTable table = schemas.resolve(scratch, 0, length);
    long tableId = RowsEvent.tableId(scratch, 0);
    if (target == null
        || target.tableId() != tableId
        || target.table().version() != table.version()) {
      target = new Target(tableId, table);
      targets.put(tableId, target);
    }
  }

  private void forgetTables() {
    targets.clear();
    target = null;
  }

  private void rows(BinlogEventStream event) throws IOException, InterruptedException {
    if (!inTransaction()) {
      throw stop("rows outside of a transaction");
    }
    int length = Math.toIntExact(EventHeader.LENGTH + event.bodyLength());
    writer.claim(length);
    byte[] array = writer.array();
    int offset = writer.bodyOffset();
    event.read(array, offset);
    Target to = target(RowsEvent.tableId(array, offset));
    if (!to.table().wanted()) {
      writer.skipRows(rowsEvent.countRows(array, offset, length, to.table().map()));
      return;
    }
    rowsEvent.wrap(array, offset, length, to.table().map());
    int images = rowsEvent.imagesOffset();
    int imagesLength = offset + length - images;
    if (resent.isResending()) {
      int known = resent.received(array, images, imagesLength);
      writer.forgetSkippedRows();
      if (known == imagesLength) {
        return;
      }
      imagesLength -= known;
      length -= known;
      System.arraycopy(array, images + known, array, images, imagesLength);
    }
    resent.written(array, images, imagesLength);
    writer.rows(file, to.table().version(), eventOffset, length);
  }

  private Target target(long tableId) {
    if (target == null || target.tableId() != tableId) {
      target = targets.get(tableId);
      if (target == null) {
        throw stop(
            "rows of table id "
                + tableId
                + ", expected a TABLE_MAP for it earlier in the statement");
      }
    }
    return target;
  }

  // ---- bytes

  /** Reads an event other than rows into the scratch array; gives its length. */
  private int readControl(BinlogEventStream event) throws IOException {
    long length = EventHeader.LENGTH + event.bodyLength();
    if (length > MAX_CONTROL_EVENT_BYTES) {
      throw stop(
          "an event of type %d and %d bytes, expected at most %d"
              .formatted(event.type(), length, MAX_CONTROL_EVENT_BYTES));
    }
    if (scratch.length > SCRATCH_BYTES && length <= SCRATCH_BYTES) {
      scratch = new byte[SCRATCH_BYTES];
    } else if (length > scratch.length) {
      scratch = new byte[(int) length];
    }
    return event.read(scratch, 0);
  }

  private void copyToLog(int length) throws InterruptedException {
    writer.claim(length);
    System.arraycopy(scratch, 0, writer.array(), writer.bodyOffset(), length);
  }

  private static CanalException stop(String found) {
    return new CanalException(ErrorCode.STOP_INSTANCE, found);
  }

  /** {@code file:offset} of the event at hand, for messages. */
  String place() {
    return here.file() + ":" + eventOffset;
  }

  Progress progress() {
    return progress;
  }
}
