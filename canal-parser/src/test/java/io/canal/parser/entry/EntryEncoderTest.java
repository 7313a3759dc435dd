package io.canal.parser.entry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.canal.parser.log.ChangeLog;
import io.canal.parser.log.ChangeLogWriter;
import io.canal.parser.log.ChangeReader;
import io.canal.parser.log.LogFile;
import io.canal.parser.log.Transaction;
import io.canal.parser.row.RowsEvent;
import io.canal.parser.schema.TableSchemas;
import io.canal.protocol.CanalEntry;
import io.canal.protocol.CanalEntry.Column;
import io.canal.protocol.CanalEntry.Entry;
import io.canal.protocol.CanalEntry.EntryType;
import io.canal.protocol.CanalEntry.EventType;
import io.canal.protocol.CanalEntry.Header;
import io.canal.protocol.CanalEntry.Pair;
import io.canal.protocol.CanalEntry.RowChange;
import io.canal.protocol.CanalEntry.RowData;
import io.canal.protocol.CanalEntry.TransactionBegin;
import io.canal.protocol.CanalEntry.TransactionEnd;
import io.canal.protocol.CanalException;
import io.canal.protocol.CanalPacket.Messages;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.Gtid;
import io.canal.protocol.SourcePosition;
import io.canal.protocol.WriteBuffer;
import java.sql.Types;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class EntryEncoderTest {
  private static final String SID = "d22490b4-e861-11f1-9742-02fc00000001";
  private static final long SECONDS = 0x6b062816L;

  private final TableSchemas schemas = new TableSchemas((database, table) -> Optional.empty());
  private final RowsEvent counter = new RowsEvent();
  private final ChangeLog log =
      new ChangeLog(
          1 << 20,
          new SourcePosition(Optional.empty(), Optional.empty(), Events.FILE, 4, Optional.empty()),
          frame ->
              counter.countRows(
                  frame.array(),
                  frame.bodyOffset(),
                  frame.bodyLength(),
                  schemas.get(frame.tableVersion()).map()));
  private final ChangeLogWriter writer = log.writer();
  private final Transaction transaction = new Transaction();
  private int file;
  private int version;

  @BeforeEach
  void setUp() {
    file = writer.addFile(new LogFile(Optional.empty(), Events.FILE));
    version = schemas.resolve(Events.TABLE_MAP, 0, Events.TABLE_MAP.length).version();
  }

  @Test
  void shouldEncodeATransaction() throws Exception {
    begin();
    rows(Events.INSERT, Events.INSERT_OFFSET);
    end(Events.XID, Events.XID_OFFSET);

    List<Entry> entries = encode(false, "");

    assertThat(entries).hasSize(3);
    assertThat(entries.get(0).getEntryType()).isEqualTo(EntryType.TRANSACTIONBEGIN);
    assertThat(entries.get(0).getHeader())
        .isEqualTo(header(641, 87).clearSchemaName().clearTableName().build());
    assertThat(TransactionBegin.parseFrom(entries.get(0).getStoreValue()))
        .isEqualTo(TransactionBegin.newBuilder().setThreadId(8).build());
    assertThat(entries.get(1).getEntryType()).isEqualTo(EntryType.ROWDATA);
    assertThat(entries.get(1).getHeader())
        .isEqualTo(
            header(Events.INSERT_OFFSET, Events.INSERT.length + 4)
                .setEventType(EventType.INSERT)
                .addProps(pair("rowsCount", "2"))
                .build());
    assertThat(entries.get(2).getEntryType()).isEqualTo(EntryType.TRANSACTIONEND);
    assertThat(entries.get(2).getHeader())
        .isEqualTo(header(Events.XID_OFFSET, 31).clearSchemaName().clearTableName().build());
    assertThat(TransactionEnd.parseFrom(entries.get(2).getStoreValue()))
        .isEqualTo(TransactionEnd.newBuilder().setTransactionId("31").build());
  }

  @Test
  void shouldEncodeAnInsertWithAfterColumnsAlone() throws Exception {
    RowChange change = encodeRows(Events.INSERT, Events.INSERT_OFFSET);

    RowData first =
        RowData.newBuilder()
            .addAfterColumns(column(0, Types.INTEGER, "1").setUpdated(true))
            .addAfterColumns(column(1, Types.VARCHAR, "ä").setUpdated(true))
            .addAfterColumns(column(2, Types.DECIMAL, "1.50").setUpdated(true))
            .addAfterColumns(column(3, Types.DECIMAL, "18446744073709551615").setUpdated(true))
            .addAfterColumns(column(4, Types.TIMESTAMP, "2024-01-02 03:04:05").setUpdated(true))
            .addAfterColumns(column(5, Types.VARCHAR, "{\"a\": 1}").setUpdated(true))
            .addAfterColumns(column(6, Types.INTEGER, "2").setUpdated(true))
            .addAfterColumns(column(7, Types.BLOB, "\0ÿ").setUpdated(true))
            .build();
    RowData second =
        RowData.newBuilder()
            .addAfterColumns(column(0, Types.BIGINT, "4000000000").setUpdated(true))
            .addAfterColumns(nullColumn(1, Types.VARCHAR).setUpdated(true))
            .addAfterColumns(nullColumn(2, Types.DECIMAL).setUpdated(true))
            .addAfterColumns(column(3, Types.BIGINT, "7").setUpdated(true))
            .addAfterColumns(nullColumn(4, Types.TIMESTAMP).setUpdated(true))
            .addAfterColumns(nullColumn(5, 1111).setUpdated(true))
            .addAfterColumns(nullColumn(6, Types.INTEGER).setUpdated(true))
            .addAfterColumns(nullColumn(7, Types.BLOB).setUpdated(true))
            .build();
    assertThat(change)
        .isEqualTo(
            RowChange.newBuilder()
                .setTableId(0x76)
                .setEventType(EventType.INSERT)
                .setIsDdl(false)
                .addRowDatas(first)
                .addRowDatas(second)
                .build());
  }

  @Test
  void shouldEncodeAnUpdateWithBothImagesAndMarkWhatChanged() throws Exception {
    RowChange change = encodeRows(Events.UPDATE, Events.UPDATE_OFFSET);

    assertThat(change.getEventType()).isEqualTo(EventType.UPDATE);
    assertThat(change.getRowDatasList())
        .containsExactly(
            RowData.newBuilder()
                .addBeforeColumns(column(0, Types.BIGINT, "4000000000"))
                .addBeforeColumns(nullColumn(1, Types.VARCHAR))
                .addBeforeColumns(nullColumn(2, Types.DECIMAL))
                .addBeforeColumns(column(3, Types.BIGINT, "7"))
                .addBeforeColumns(nullColumn(4, Types.TIMESTAMP))
                .addBeforeColumns(nullColumn(5, 1111))
                .addBeforeColumns(nullColumn(6, Types.INTEGER))
                .addBeforeColumns(nullColumn(7, Types.BLOB))
                .addAfterColumns(column(0, Types.BIGINT, "4000000000"))
                .addAfterColumns(column(1, Types.VARCHAR, "b").setUpdated(true))
                .addAfterColumns(nullColumn(2, Types.DECIMAL))
                .addAfterColumns(column(3, Types.BIGINT, "8").setUpdated(true))
                .addAfterColumns(nullColumn(4, Types.TIMESTAMP))
                .addAfterColumns(nullColumn(5, 1111))
                .addAfterColumns(nullColumn(6, Types.INTEGER))
                .addAfterColumns(nullColumn(7, Types.BLOB))
                .build());
  }

  @Test
  void shouldEncodeADeleteWithBeforeColumnsAlone() throws Exception {
    RowChange change = encodeRows(Events.DELETE, Events.DELETE_OFFSET);

    assertThat(change.getEventType()).isEqualTo(EventType.DELETE);
    assertThat(change.getRowDatas(0).getAfterColumnsList()).isEmpty();
    assertThat(change.getRowDatas(0).getBeforeColumnsList()).hasSize(8);
    assertThat(change.getRowDatas(0).getBeforeColumns(0))
        .isEqualTo(column(0, Types.INTEGER, "1").build());
  }

  @Test
  void shouldLeaveOutColumnsThatTheImageLacks() throws Exception {
    RowChange change = encodeRows(Events.MINIMAL_UPDATE, Events.MINIMAL_UPDATE_OFFSET);

    assertThat(change.getRowDatasList())
        .containsExactly(
            RowData.newBuilder()
                .addBeforeColumns(column(0, Types.BIGINT, "4000000000"))
                .addAfterColumns(column(2, Types.DECIMAL, "3.00").setUpdated(true))
                .build());
  }

  @Test
  void shouldSayThatAValueIsNotNull() throws Exception {
    RowChange change = encodeRows(Events.INSERT, Events.INSERT_OFFSET);

    assertThat(change.getRowDatasList())
        .allSatisfy(
            row ->
                assertThat(row.getAfterColumnsList())
                    .allSatisfy(
                        column ->
                            assertThat(column.getIsNullPresentCase())
                                .isEqualTo(Column.IsNullPresentCase.ISNULL)));
  }

  @Test
  void shouldSkipTheRowsThatTheConsumerHad() throws Exception {
    begin();
    rows(Events.INSERT, Events.INSERT_OFFSET);
    end(Events.XID, Events.XID_OFFSET);
    SourcePosition inside =
        new SourcePosition(
            Optional.empty(),
            Optional.empty(),
            Events.FILE,
            4,
            Optional.of(new SourcePosition.OpenTransaction(Events.FILE + ":641", 1)));

    List<Entry> entries = encode(log.open("test", inside).orElseThrow(), false, "");

    Entry rows =
        entries.stream()
            .filter(entry -> entry.getEntryType() == EntryType.ROWDATA)
            .findFirst()
            .orElseThrow();
    RowChange change = RowChange.parseFrom(rows.getStoreValue());
    assertThat(change.getRowDatasCount()).isEqualTo(1);
    assertThat(change.getRowDatas(0).getAfterColumns(0).getValue()).isEqualTo("4000000000");
    assertThat(rows.getHeader().getPropsList()).containsExactly(pair("rowsCount", "1"));
  }

  @Test
  void shouldShowGtidsWhereAskedTo() throws Exception {
    transaction.gtid(Gtid.parse(SID + ":15"), 1, 2);
    begin();
    rows(Events.DELETE, Events.DELETE_OFFSET);
    end(Events.XID, Events.XID_OFFSET);

    List<Entry> entries = encode(true, SID + ":1-15");

    for (Entry entry : entries) {
      assertThat(entry.getHeader().getGtid()).isEqualTo(SID + ":1-15");
      assertThat(entry.getHeader().getPropsList())
          .contains(
              pair("curtGtid", SID + ":15"), pair("curtGtidSn", "2"), pair("curtGtidLct", "1"));
    }
    assertThat(entries.get(1).getHeader().getPropsList()).last().isEqualTo(pair("rowsCount", "1"));
  }

  @Test
  void shouldShowTheGtidsOfEachTransaction() throws Exception {
    transaction.gtid(Gtid.parse(SID + ":15"), 1, 2);
    begin();
    end(Events.XID, Events.XID_OFFSET);
    transaction.gtid(Gtid.parse(SID + ":tag:15"), 2, 3);
    begin();
    end(Events.XID, Events.XID_OFFSET);
    transaction.gtid(null, 0, 0);
    begin();
    end(Events.XID, Events.XID_OFFSET);

    List<Entry> entries = encode(true, "");

    assertThat(entries.get(1).getHeader().getProps(0)).isEqualTo(pair("curtGtid", SID + ":15"));
    assertThat(entries.get(2).getHeader().getProps(0)).isEqualTo(pair("curtGtid", SID + ":tag:15"));
    assertThat(entries.get(2).getHeader().getProps(1)).isEqualTo(pair("curtGtidSn", "3"));
    assertThat(entries.get(4).getHeader().getPropsList()).isEmpty();
  }

  @Test
  void shouldHideGtidsElse() throws Exception {
    transaction.gtid(Gtid.parse(SID + ":15"), 1, 2);
    begin();
    end(Events.XID, Events.XID_OFFSET);

    List<Entry> entries = encode(false, SID + ":1-15");

    assertThat(entries)
        .allSatisfy(entry -> assertThat(entry.getHeader().getGtid()).isEmpty())
        .allSatisfy(entry -> assertThat(entry.getHeader().getPropsList()).isEmpty());
  }

  @Test
  void shouldEndATransactionThatHasNoXidWithZero() throws Exception {
    begin();
    end(Events.COMMIT, Events.COMMIT_OFFSET);

    List<Entry> entries = encode(false, "");

    assertThat(TransactionEnd.parseFrom(entries.get(1).getStoreValue()).getTransactionId())
        .isEqualTo("0");
  }

  @Test
  void shouldEncodeAStatementWithoutBeginAndEnd() throws Exception {
    statement(Events.CREATE, Events.CREATE_OFFSET);
    statement(Events.RENAME, Events.RENAME_OFFSET);
    statement(Events.TRUNCATE, Events.TRUNCATE_OFFSET);

    List<Entry> entries = encode(false, "");

    assertThat(entries).hasSize(3);
    assertThat(entries.get(0).getEntryType()).isEqualTo(EntryType.ROWDATA);
    assertThat(entries.get(0).getHeader())
        .isEqualTo(
            header(Events.CREATE_OFFSET, Events.CREATE.length + 4)
                .setEventType(EventType.CREATE)
                .build());
    RowChange create = RowChange.parseFrom(entries.get(0).getStoreValue());
    assertThat(create.getSql()).startsWith("create table rowsx (id int").endsWith("varbinary(4))");
    assertThat(create.toBuilder().clearSql().build())
        .isEqualTo(
            RowChange.newBuilder()
                .setEventType(EventType.CREATE)
                .setIsDdl(true)
                .setDdlSchemaName("shop")
                .build());
    assertThat(entries.get(1).getHeader().getEventType()).isEqualTo(EventType.RENAME);
    assertThat(entries.get(1).getHeader().getTableName()).isEqualTo("rowsy");
    assertThat(entries.get(2).getHeader().getEventType()).isEqualTo(EventType.TRUNCATE);
    assertThat(entries.get(2).getHeader().getSchemaName()).isEqualTo("shop");
  }

  @Test
  void shouldTellWhereRowsAreBrokenAndLeaveTheBufferAsItWas() throws Exception {
    begin();
    byte[] cut = Arrays.copyOf(Events.INSERT, Events.INSERT.length - 1);
    rows(cut, Events.INSERT_OFFSET);
    end(Events.XID, Events.XID_OFFSET);
    ChangeReader reader = log.openAtOldest("test");
    EntryEncoder encoder = new EntryEncoder(schemas, ZoneOffset.UTC, false);
    WriteBuffer out = new WriteBuffer(16);
    reader.next();
    encoder.encode(reader.frame(), reader.transaction(), "", out);
    int before = out.position();
    reader.next();

    assertThatThrownBy(() -> encoder.encode(reader.frame(), reader.transaction(), "", out))
        .isInstanceOfSatisfying(
            CanalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STOP_INSTANCE))
        .hasMessageContaining("binlog.000002:848: shop.rowsx: ");
    assertThat(out.position()).isEqualTo(before);
  }

  private void begin() throws InterruptedException {
    transaction.set(new LogFile(Optional.empty(), Events.FILE), 641, SECONDS, 21600, 87, 8, false);
    writer.begin(transaction, file);
  }

  private void rows(byte[] event, long offset) throws InterruptedException {
    append(event);
    writer.rows(file, version, offset, event.length);
  }

  private void end(byte[] event, long offset) throws InterruptedException {
    append(event);
    writer.end(false, file, offset, event.length);
  }

  private void statement(byte[] event, long offset) throws InterruptedException {
    transaction.set(
        new LogFile(Optional.empty(), Events.FILE), offset, SECONDS, 21600, 87, 8, true);
    writer.begin(transaction, file);
    append(event);
    writer.query(file, offset, event.length);
    writer.claim(0);
    writer.end(true, file, offset + event.length + 4, 0);
  }

  private void append(byte[] event) throws InterruptedException {
    writer.claim(event.length);
    System.arraycopy(event, 0, writer.array(), writer.bodyOffset(), event.length);
  }

  private RowChange encodeRows(byte[] event, long offset) throws Exception {
    begin();
    rows(event, offset);
    end(Events.XID, Events.XID_OFFSET);
    return RowChange.parseFrom(encode(false, "").get(1).getStoreValue());
  }

  private List<Entry> encode(boolean showGtids, String executed) throws Exception {
    return encode(log.openAtOldest("test"), showGtids, executed);
  }

  private List<Entry> encode(ChangeReader reader, boolean showGtids, String executed)
      throws InvalidProtocolBufferException {
    EntryEncoder encoder = new EntryEncoder(schemas, ZoneOffset.UTC, showGtids);
    WriteBuffer out = new WriteBuffer(16);
    while (reader.next()) {
      encoder.encode(reader.frame(), reader.transaction(), executed, out);
    }
    reader.close();
    List<Entry> entries = new ArrayList<>();
    for (ByteString entry : Messages.parseFrom(out.toByteArray()).getMessagesList()) {
      entries.add(Entry.parseFrom(entry));
    }
    return entries;
  }

  private static Header.Builder header(long offset, long length) {
    return Header.newBuilder()
        .setVersion(1)
        .setLogfileName(Events.FILE)
        .setLogfileOffset(offset)
        .setServerId(21600)
        .setServerenCode("UTF-8")
        .setExecuteTime(SECONDS * 1000)
        .setSourceType(CanalEntry.Type.MYSQL)
        .setSchemaName("shop")
        .setTableName("rowsx")
        .setEventLength(length);
  }

  private static Column.Builder column(int index, int sqlType, String value) {
    String[] names = {"id", "name", "price", "big", "ts", "js", "e", "bin"};
    String[] types = {
      "int unsigned",
      "varchar(20)",
      "decimal(10,2)",
      "bigint unsigned",
      "timestamp",
      "json",
      "enum('a','b')",
      "varbinary(4)"
    };
    return Column.newBuilder()
        .setIndex(index)
        .setSqlType(sqlType)
        .setName(names[index])
        .setIsKey(index == 0)
        .setIsNull(false)
        .setMysqlType(types[index])
        .setValue(value);
  }

  private static Column.Builder nullColumn(int index, int sqlType) {
    return column(index, sqlType, "").setIsNull(true);
  }

  private static Pair pair(String key, String value) {
    return Pair.newBuilder().setKey(key).setValue(value).build();
  }
}
