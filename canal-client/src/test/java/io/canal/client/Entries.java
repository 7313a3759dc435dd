package io.canal.client;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.MessageLite;
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
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Entries as a server makes them, with protobuf's own builders. */
final class Entries {
  private Entries() {}

  static Header.Builder header(String schema, String table, EventType type) {
    return Header.newBuilder()
        .setVersion(1)
        .setLogfileName("binlog.000042")
        .setLogfileOffset(1187)
        .setServerId(7)
        .setServerenCode("UTF-8")
        .setExecuteTime(1_700_000_000_000L)
        .setSourceType(CanalEntry.Type.MYSQL)
        .setSchemaName(schema)
        .setTableName(table)
        .setEventLength(60)
        .setEventType(type)
        .addProps(Pair.newBuilder().setKey("rowsCount").setValue("1"));
  }

  static Column column(int index, int sqlType, String name, String value, String mysqlType) {
    Column.Builder column =
        Column.newBuilder()
            .setIndex(index)
            .setSqlType(sqlType)
            .setName(name)
            .setIsKey(index == 0)
            .setUpdated(true)
            .setIsNull(value == null)
            .setMysqlType(mysqlType);
    if (value != null) {
      column.setValue(value);
    }
    return column.build();
  }

  static RowData after(Column... columns) {
    return RowData.newBuilder().addAllAfterColumns(List.of(columns)).build();
  }

  static RowData before(Column... columns) {
    return RowData.newBuilder().addAllBeforeColumns(List.of(columns)).build();
  }

  static Entry rows(String schema, String table, EventType type, RowData... rows) {
    RowChange change =
        RowChange.newBuilder()
            .setTableId(93)
            .setEventType(type)
            .setIsDdl(false)
            .addAllRowDatas(List.of(rows))
            .build();
    return entry(header(schema, table, type), EntryType.ROWDATA, change);
  }

  /** {@code INSERT INTO shop.orders VALUES (id, 'name')}. */
  static Entry insert(long id, String name) {
    return rows(
        "shop",
        "orders",
        EventType.INSERT,
        after(id(id), column(1, 12, "name", name, "varchar(20)")));
  }

  static Column id(long id) {
    return column(0, -5, "id", Long.toString(id), "bigint");
  }

  static Entry begin(long offset) {
    Header.Builder header =
        Header.newBuilder().setVersion(1).setLogfileName("binlog.000042").setLogfileOffset(offset);
    return entry(
        header, EntryType.TRANSACTIONBEGIN, TransactionBegin.newBuilder().setThreadId(11).build());
  }

  static Entry end(long offset, String xid) {
    Header.Builder header =
        Header.newBuilder().setVersion(1).setLogfileName("binlog.000042").setLogfileOffset(offset);
    return entry(
        header,
        EntryType.TRANSACTIONEND,
        TransactionEnd.newBuilder().setTransactionId(xid).build());
  }

  static Entry ddl(String sql) {
    RowChange change =
        RowChange.newBuilder()
            .setEventType(EventType.ALTER)
            .setIsDdl(true)
            .setSql(sql)
            .setDdlSchemaName("shop")
            .build();
    return entry(header("shop", "orders", EventType.ALTER), EntryType.ROWDATA, change);
  }

  static Entry entry(Header.Builder header, EntryType type, MessageLite store) {
    return Entry.newBuilder()
        .setHeader(header)
        .setEntryType(type)
        .setStoreValue(store.toByteString())
        .build();
  }

  static Message message(long batchId, Entry... entries) {
    return new Message(FakeServer.messages(batchId, entries).toByteArray());
  }

  /** The same message with its fields in descending order; repeated ones keep theirs. */
  static ByteString descending(ByteString message) throws IOException {
    record Field(int number, ByteString bytes) {}
    CodedInputStream in = message.newCodedInput();
    List<Field> fields = new ArrayList<>();
    for (int start = 0; !in.isAtEnd(); start = in.getTotalBytesRead()) {
      int tag = in.readTag();
      in.skipField(tag);
      fields.add(new Field(tag >>> 3, message.substring(start, in.getTotalBytesRead())));
    }
    fields.sort(Comparator.comparingInt(Field::number).reversed());
    return fields.stream().map(Field::bytes).reduce(ByteString.EMPTY, ByteString::concat);
  }
}
