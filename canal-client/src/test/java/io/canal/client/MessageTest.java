package io.canal.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.canal.protocol.CanalEntry.Column;
import io.canal.protocol.CanalEntry.Entry;
import io.canal.protocol.CanalEntry.EventType;
import io.canal.protocol.CanalEntry.Pair;
import io.canal.protocol.CanalEntry.RowChange;
import io.canal.protocol.CanalEntry.RowData;
import io.canal.protocol.CanalException;
import io.canal.protocol.CanalPacket.Messages;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MessageTest {
  @Test
  void shouldParseEntriesWhenAsked() {
    Entry insert = Entries.insert(1, "a");
    Message message = Entries.message(77, Entries.begin(4), insert);

    assertThat(message.getId()).isEqualTo(77);
    assertThat(message.getEntries()).hasSize(2);
    assertThat(message.getEntries().get(1)).isEqualTo(insert).isSameAs(message.getEntries().get(1));
    assertThat(message.getRawEntries().get(1)).isEqualTo(insert.toByteString());
    assertThat(message).hasToString("batch 77 of 2 entries");
  }

  @Test
  void shouldFindTheIdBehindTheEntriesAndBelowZero() {
    ByteString entry = Entries.insert(1, "a").toByteString();
    Messages messages = Messages.newBuilder().setBatchId(1L << 52).addMessages(entry).build();
    Messages none = Messages.newBuilder().setBatchId(-1).build();

    assertThat(message(messages, true).getId()).isEqualTo(1L << 52);
    assertThat(message(none, false).getId()).isEqualTo(Message.NO_BATCH);
    assertThat(new Message(new byte[0]).getId()).isZero();
  }

  @Test
  void shouldShowChangesAsTheEntriesHoldThem() throws Exception {
    Message message =
        Entries.message(
            1,
            Entries.begin(4),
            Entries.insert(7, "täg"),
            Entries.rows(
                "shop",
                "orders",
                EventType.UPDATE,
                RowData.newBuilder()
                    .addBeforeColumns(Entries.id(7))
                    .addAfterColumns(Entries.id(8))
                    .build()),
            Entries.rows(
                "shop",
                "items",
                EventType.DELETE,
                Entries.before(Entries.id(1)),
                Entries.before(Entries.id(2))),
            Entries.ddl("ALTER TABLE orders ADD x int"),
            Entries.end(2000, "4711"));

    List<String> seen = new ArrayList<>();
    message.forEachChange(
        change ->
            seen.add(
                String.join(
                    " ",
                    change.operation().toString(),
                    change.schema(),
                    change.table(),
                    change.keys().toString(),
                    change.before().isEmpty() ? "-" : change.before().getString("id"),
                    change.after().isEmpty() ? "-" : change.after().getString("id"),
                    change.sql(),
                    change.transactionId())));

    assertThat(seen)
        .containsExactly(
            "INSERT shop orders [id] - 7  binlog.000042:4",
            "UPDATE shop orders [id] 7 8  binlog.000042:4",
            "DELETE shop items [id] 1 -  binlog.000042:4",
            "DELETE shop items [id] 2 -  binlog.000042:4",
            "DDL shop orders [] - - ALTER TABLE orders ADD x int binlog.000042:4");
  }

  @Test
  void shouldShowWhereAChangeStands() throws Exception {
    Message message = Entries.message(1, Entries.ddl("DROP TABLE x"));

    message.forEachChange(
        change -> {
          assertThat(change.binlogFile()).isEqualTo("binlog.000042");
          assertThat(change.binlogOffset()).isEqualTo(1187);
          assertThat(change.serverId()).isEqualTo(7);
          assertThat(change.executeTimeMs()).isEqualTo(1_700_000_000_000L);
          assertThat(change.executedGtids()).isEmpty();
          assertThat(change.eventType()).isEqualTo(EventType.ALTER);
          assertThat(change.ddlSchema()).isEqualTo("shop");
          assertThat(change.transactionId()).isEmpty();
          assertThat(change).hasToString("DDL shop.orders at binlog.000042:1187");
        });
  }

  @Test
  void shouldNameATransactionByItsGtid() throws Exception {
    String gtid = "3e11fa47-71ca-11e1-9e33-c80aa9429562:6";
    Entry insert = Entries.insert(1, "a");
    Entry withGtid =
        insert.toBuilder()
            .setHeader(
                insert.getHeader().toBuilder()
                    .setGtid("3e11fa47-71ca-11e1-9e33-c80aa9429562:1-6")
                    .addProps(Pair.newBuilder().setKey("curtGtid").setValue(gtid))
                    .addProps(Pair.newBuilder().setKey("curtGtidSn").setValue("6")))
            .build();
    List<String> seen = new ArrayList<>();

    Entries.message(1, Entries.begin(4), withGtid)
        .forEachChange(change -> seen.add(change.transactionId() + " " + change.executedGtids()));

    assertThat(seen).containsExactly(gtid + " 3e11fa47-71ca-11e1-9e33-c80aa9429562:1-6");
  }

  @Test
  void shouldMarkTransactions() throws Exception {
    List<String> seen = new ArrayList<>();
    ChangeListener listener =
        new ChangeListener() {
          @Override
          public void onChange(Change change) {
            seen.add("change in " + change.transactionId());
          }

          @Override
          public void onTransactionBegin(Transaction transaction) {
            seen.add("begin " + transaction.id() + " of thread " + transaction.threadId());
          }

          @Override
          public void onTransactionEnd(Transaction transaction) {
            seen.add(
                "end "
                    + transaction.id()
                    + " as "
                    + transaction.xid()
                    + " at "
                    + transaction.binlogOffset());
          }
        };

    Entries.message(
            1,
            Entries.begin(4),
            Entries.insert(1, "a"),
            Entries.end(99, "5"),
            Entries.insert(2, "b"))
        .forEachChange(listener);

    assertThat(seen)
        .containsExactly(
            "begin binlog.000042:4 of thread 11",
            "change in binlog.000042:4",
            "end binlog.000042:4 as 5 at 99",
            "change in ");
  }

  @Test
  void shouldKeepACopyOfAChange() throws Exception {
    List<Change> kept = new ArrayList<>();
    Message message =
        Entries.message(
            1,
            Entries.begin(4),
            Entries.insert(1, "a"),
            Entries.insert(2, "b"),
            Entries.ddl("DROP"));

    message.forEachChange(change -> kept.add(change.copy()));

    assertThat(kept)
        .extracting(Change::operation)
        .containsExactly(Operation.INSERT, Operation.INSERT, Operation.DDL);
    assertThat(kept.get(0).after().getString("name")).isEqualTo("a");
    assertThat(kept.get(1).after().getLong("id")).isEqualTo(2);
    assertThat(kept.get(1).keys()).containsExactly("id");
    assertThat(kept.get(1).copy().toString()).isEqualTo("INSERT shop.orders at binlog.000042:1187");
    assertThat(kept.get(1).transactionId()).isEqualTo("binlog.000042:4");
    assertThat(kept.get(2).sql()).isEqualTo("DROP");
    assertThat(kept.get(2).ddlSchema()).isEqualTo("shop");
  }

  @Test
  void shouldReadFieldsInAnyOrder() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int round = 0; round < 200; round++) {
      Entry entry = randomEntry(random);
      RowChange rowChange = RowChange.parseFrom(entry.getStoreValue());
      List<String> expected = new ArrayList<>();
      for (RowData row : rowChange.getRowDatasList()) {
        expected.add(describe(entry, rowChange, row));
      }
      for (ByteString bytes : List.of(entry.toByteString(), shuffled(entry))) {
        List<String> found = new ArrayList<>();

        message(Messages.newBuilder().addMessages(bytes).build(), false)
            .forEachChange(change -> found.add(describe(change)));

        assertThat(found).as("seed %d", seed).isEqualTo(expected);
      }
    }
  }

  @Test
  void shouldRefuseAnyDamageWithAnException() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    byte[] whole =
        FakeServer.messages(5, Entries.begin(4), Entries.insert(1, "name")).toByteArray();
    for (int round = 0; round < 20_000; round++) {
      byte[] damaged = Arrays.copyOf(whole, 1 + random.nextInt(whole.length));
      for (int i = random.nextInt(3); i >= 0; i--) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
      }
      try {
        new Message(damaged).forEachChange(change -> assertThat(describe(change)).isNotNull());
      } catch (CanalException e) {
        assertThat(e).as("seed %d", seed).hasMessageContaining("expected protobuf");
      } catch (Exception e) {
        throw new AssertionError("seed " + seed + ", round " + round, e);
      }
    }
  }

  @Test
  void shouldNotBelieveALength() {
    byte[] lie = {0x12, (byte) 0xFF, (byte) 0xFF, (byte) 0xFF, (byte) 0xFF, 0x07, 1};
    byte[] endless = new byte[11];
    Arrays.fill(endless, (byte) 0xFF);

    assertThatThrownBy(() -> new Message(lie))
        .isInstanceOf(CanalException.class)
        .hasMessageContaining("a field of 2147483647 bytes where 1 remain");
    assertThatThrownBy(() -> new Message(endless))
        .isInstanceOf(CanalException.class)
        .hasMessageContaining("a number of more than ten bytes");
  }

  private static Message message(Messages messages, boolean descending) {
    try {
      ByteString bytes = messages.toByteString();
      return new Message((descending ? Entries.descending(bytes) : bytes).toByteArray());
    } catch (java.io.IOException e) {
      throw new AssertionError(e);
    }
  }

  private static ByteString shuffled(Entry entry) throws Exception {
    RowChange change = RowChange.parseFrom(entry.getStoreValue());
    RowChange.Builder rows = RowChange.newBuilder();
    ByteString.Output store = ByteString.newOutput();
    Entries.descending(change.toBuilder().clearRowDatas().build().toByteString()).writeTo(store);
    for (RowData row : change.getRowDatasList()) {
      RowData.Builder columns = RowData.newBuilder();
      for (Column column : row.getBeforeColumnsList()) {
        columns.addBeforeColumns(Column.parseFrom(Entries.descending(column.toByteString())));
      }
      columns.addAllAfterColumns(row.getAfterColumnsList());
      rows.clear()
          .addRowDatas(RowData.parseFrom(Entries.descending(columns.build().toByteString())));
      rows.build().writeTo(store);
    }
    return Entries.descending(
        entry.toBuilder().setStoreValue(store.toByteString()).build().toByteString());
  }

  private static Entry randomEntry(Random random) {
    EventType type = EventType.forNumber(1 + random.nextInt(3));
    RowData[] rows = new RowData[1 + random.nextInt(4)];
    for (int i = 0; i < rows.length; i++) {
      RowData.Builder row = RowData.newBuilder();
      for (int c = random.nextInt(30); c > 0; c--) {
        row.addBeforeColumns(randomColumn(random, c));
      }
      for (int c = random.nextInt(30); c > 0; c--) {
        row.addAfterColumns(randomColumn(random, c));
      }
      rows[i] = row.build();
    }
    return Entries.rows("schema" + random.nextInt(3), "täble" + random.nextInt(100), type, rows);
  }

  private static Column randomColumn(Random random, int index) {
    String value =
        random.nextInt(4) == 0 ? null : "v".repeat(random.nextInt(300)) + random.nextInt();
    return Entries.column(index, random.nextInt(4000) - 1000, "spalte_ü" + index, value, "int")
        .toBuilder()
        .setIsKey(random.nextBoolean())
        .setUpdated(random.nextBoolean())
        .build();
  }

  private static String describe(Entry entry, RowChange change, RowData row) {
    StringBuilder text = new StringBuilder();
    text.append(change.getEventType()).append(' ').append(entry.getHeader().getSchemaName());
    text.append('.').append(entry.getHeader().getTableName());
    for (List<Column> image : List.of(row.getBeforeColumnsList(), row.getAfterColumnsList())) {
      text.append(" |");
      for (Column column : image) {
        text.append(column.getIndex()).append(',').append(column.getSqlType()).append(',');
        text.append(column.getName()).append(',').append(column.getMysqlType()).append(',');
        text.append(column.getIsKey()).append(column.getUpdated()).append(column.getIsNull());
        text.append(column.getIsNull() ? null : column.getValue());
      }
    }
    return text.toString();
  }

  private static String describe(Change change) {
    StringBuilder text = new StringBuilder();
    text.append(change.eventType()).append(' ').append(change.schema());
    text.append('.').append(change.table());
    for (RowImage image : List.of(change.before(), change.after())) {
      text.append(" |");
      for (int i = 0; i < image.size(); i++) {
        io.canal.client.Column column = image.column(i);
        text.append(column.index()).append(',').append(column.sqlType()).append(',');
        text.append(column.name()).append(',').append(column.mysqlType()).append(',');
        text.append(column.isKey()).append(column.isUpdated()).append(column.isNull());
        text.append(column.getString());
      }
    }
    return text.toString();
  }
}
