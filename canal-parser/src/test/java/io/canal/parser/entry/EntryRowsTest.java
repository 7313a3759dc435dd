package io.canal.parser.entry;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import io.canal.parser.binlog.EventType;
import io.canal.parser.log.ChangeLog;
import io.canal.parser.log.ChangeLogWriter;
import io.canal.parser.log.ChangeReader;
import io.canal.parser.log.LogFile;
import io.canal.parser.log.Transaction;
import io.canal.parser.row.ValueWriter;
import io.canal.parser.row.ValueWriters;
import io.canal.parser.schema.Column;
import io.canal.parser.schema.ColumnDefinition;
import io.canal.parser.schema.ColumnType;
import io.canal.parser.schema.TableSchemas;
import io.canal.protocol.CanalEntry;
import io.canal.protocol.CanalEntry.Entry;
import io.canal.protocol.CanalEntry.RowChange;
import io.canal.protocol.CanalEntry.RowData;
import io.canal.protocol.CanalPacket.Messages;
import io.canal.protocol.SourcePosition;
import io.canal.protocol.WriteBuffer;
import java.io.ByteArrayOutputStream;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Rows of random tables, against what protobuf's own classes make of the same values; but for empty
 * ones, which protobuf leaves out.
 */
class EntryRowsTest {
  private static final int TABLE_ID = 90;

  /** How a type looks in a TABLE_MAP, and how long the length in front of a value is. */
  @SuppressWarnings("ArrayRecordComponent") // constants of this class
  private record Type(String sql, Optional<String> charset, int code, byte[] metadata, int prefix) {
    Type(String sql, int code, int... metadata) {
      this(sql, Optional.empty(), code, bytes(metadata), 0);
    }
  }

  private static final List<Type> TYPES =
      List.of(
          new Type("int", ColumnType.LONG),
          new Type("tinyint unsigned", ColumnType.TINY),
          new Type("bigint unsigned", ColumnType.LONGLONG),
          new Type("decimal(10,2)", ColumnType.NEWDECIMAL, 10, 2),
          new Type("datetime(6)", ColumnType.DATETIME2, 6),
          new Type("double", ColumnType.DOUBLE, 8),
          new Type("varchar(60)", Optional.of("utf8mb4"), ColumnType.VARCHAR, bytes(240, 0), 1),
          new Type("varchar(90)", Optional.of("latin1"), ColumnType.VARCHAR, bytes(90, 0), 1),
          new Type("blob", Optional.empty(), ColumnType.BLOB, bytes(2), 2),
          new Type("json", Optional.empty(), ColumnType.JSON, bytes(4), 4));

  private final long seed = new SplittableRandom().nextLong();
  private final SplittableRandom random = new SplittableRandom(seed);
  private final List<Type> types = new ArrayList<>();
  private final List<ColumnDefinition> definitions = new ArrayList<>();
  private final TableSchemas schemas =
      new TableSchemas((database, table) -> Optional.of(definitions));
  private final ChangeLog log =
      new ChangeLog(
          64 << 20,
          new SourcePosition(Optional.empty(), Optional.empty(), Events.FILE, 4, Optional.empty()),
          frame -> 1);
  private final ChangeLogWriter writer = log.writer();
  private final TableEncodings tables = new TableEncodings(schemas, ZoneOffset.UTC);
  private final EntryEncoder encoder = new EntryEncoder(tables, false);
  private int file;

  @Test
  void shouldWriteTheBytesThatProtobufWrites() throws Exception {
    file = writer.addFile(new LogFile(Optional.empty(), Events.FILE));
    ChangeReader reader = log.openAtOldest("test");
    for (int round = 0; round < 100; round++) {
      int version = randomTable(round);
      List<Column> columns = schemas.get(version).schema().columns();
      int kind = EventType.WRITE_ROWS + random.nextInt(3);
      List<RowData> expected = new ArrayList<>();
      byte[] event = randomEvent(kind, columns, expected);

      byte[] change = encode(reader, version, event);

      RowChange parsed = RowChange.parseFrom(change);
      assertThat(parsed.getRowDatasList()).as("seed %s, round %s", seed, round).isEqualTo(expected);
      assertThat(parsed.toByteArray()).as("seed %s, round %s", seed, round).isEqualTo(change);
    }
  }

  /** Names and types of a column may be longer than 127 bytes, as an ENUM's are. */
  private int randomTable(int round) {
    types.clear();
    definitions.clear();
    int count = 1 + random.nextInt(random.nextInt(10) == 0 ? 70 : 12);
    for (int i = 0; i < count; i++) {
      Type type = TYPES.get(random.nextInt(TYPES.size()));
      String name = "c".repeat(1 + random.nextInt(random.nextInt(10) == 0 ? 130 : 20)) + i;
      types.add(type);
      definitions.add(new ColumnDefinition(name, type.sql(), type.charset(), i == 0));
    }
    byte[] map = tableMap("t" + round);
    return schemas.resolve(map, 0, map.length).version();
  }

  private byte[] randomEvent(int kind, List<Column> columns, List<RowData> expected) {
    boolean before = kind != EventType.WRITE_ROWS;
    boolean after = kind != EventType.DELETE_ROWS;
    boolean full = random.nextInt(3) > 0;
    boolean[] inBefore = present(columns.size(), full);
    boolean[] inAfter = present(columns.size(), full);
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    body.writeBytes(bytes(TABLE_ID, 0, 0, 0, 0, 0, 1, 0, 2, 0, columns.size()));
    if (before) {
      body.writeBytes(bitmap(inBefore, columns.size()));
    }
    if (after) {
      body.writeBytes(bitmap(inAfter, columns.size()));
    }
    for (int rows = 1 + random.nextInt(4); rows > 0; rows--) {
      byte[][] old = values(columns.size(), new byte[columns.size()][], 10);
      byte[][] now = values(columns.size(), old, random.nextInt(11));
      RowData.Builder row = RowData.newBuilder();
      if (before) {
        body.writeBytes(image(inBefore, old));
      }
      if (after) {
        body.writeBytes(image(inAfter, now));
      }
      for (Column column : columns) {
        int i = column.index();
        if (before && inBefore[i]) {
          row.addBeforeColumns(expected(column, old[i], false));
        }
        if (after && inAfter[i]) {
          boolean same = before && inBefore[i] && Arrays.equals(old[i], now[i]);
          row.addAfterColumns(expected(column, now[i], !same));
        }
      }
      expected.add(row.build());
    }
    return event(kind, body.toByteArray());
  }

  private boolean[] present(int columns, boolean full) {
    boolean[] present = new boolean[columns];
    for (int i = 0; i < columns; i++) {
      present[i] = full || random.nextBoolean();
    }
    present[random.nextInt(columns)] = true;
    return present;
  }

  /** Other values for some in ten of the columns; {@code null} is NULL. */
  private byte[][] values(int columns, byte[][] old, int changes) {
    byte[][] values = old.clone();
    for (int i = 0; i < columns; i++) {
      if (random.nextInt(10) < changes) {
        values[i] = random.nextInt(5) == 0 ? null : value(types.get(i));
      }
    }
    return values;
  }

  private byte[] value(Type type) {
    return switch (type.code()) {
      case ColumnType.LONG -> randomBytes(4);
      case ColumnType.TINY -> randomBytes(1);
      case ColumnType.LONGLONG, ColumnType.DOUBLE -> randomBytes(8);
      case ColumnType.NEWDECIMAL ->
          HexFormat.of().parseHex(random.nextBoolean() ? "80bc614e38" : "7fffffeccd");
      case ColumnType.DATETIME2 ->
          HexFormat.of().parseHex(random.nextBoolean() ? "99b242a51e01e240" : "8000000000000000");
      case ColumnType.BLOB -> randomBytes(random.nextInt(1, random.nextInt(9) == 0 ? 20_000 : 90));
      case ColumnType.JSON ->
          HexFormat.of()
              .parseHex(random.nextBoolean() ? "0001000c000b00010005010061" : "0c0568656c6c6f");
      default -> type.sql().equals("varchar(90)") ? randomBytes(random.nextInt(1, 91)) : text();
    };
  }

  private byte[] text() {
    return "ä".repeat(random.nextInt(30)).concat("-".repeat(random.nextInt(1, 60))).getBytes(UTF_8);
  }

  private byte[] randomBytes(int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  private static CanalEntry.Column expected(Column column, byte[] value, boolean updated) {
    ValueWriter writer = ValueWriters.of(column, ZoneOffset.UTC);
    CanalEntry.Column.Builder expected =
        CanalEntry.Column.newBuilder()
            .setIndex(column.index())
            .setName(column.name())
            .setIsKey(column.key())
            .setUpdated(updated)
            .setIsNull(value == null)
            .setMysqlType(column.mysqlType());
    if (value == null) {
      return expected.setSqlType(writer.sqlTypeOfNull()).build();
    }
    WriteBuffer text = new WriteBuffer(16);
    writer.write(value, 0, value.length, text);
    boolean topBit = value.length > 0 && value[value.length - 1] < 0;
    return expected
        .setSqlType(topBit ? writer.sqlTypeOfTopBit() : writer.sqlType())
        .setValue(new String(text.toByteArray(), UTF_8))
        .build();
  }

  private byte[] encode(ChangeReader reader, int version, byte[] event)
      throws InterruptedException, InvalidProtocolBufferException {
    Transaction transaction = new Transaction();
    transaction.set(new LogFile(Optional.empty(), Events.FILE), 641, 0, 1, 87, 8, false);
    writer.begin(transaction, file);
    append(event);
    writer.rows(file, version, 700, event.length);
    append(Events.XID);
    writer.end(false, file, 900, Events.XID.length);
    WriteBuffer out = new WriteBuffer(random.nextInt(64));
    while (reader.next()) {
      encoder.encode(reader.frame(), reader.transaction(), "", out);
    }
    reader.acknowledge(reader.mark());
    Messages messages = Messages.parseFrom(out.toByteArray());
    return Entry.parseFrom(messages.getMessages(1)).getStoreValue().toByteArray();
  }

  private void append(byte[] event) throws InterruptedException {
    writer.claim(event.length);
    System.arraycopy(event, 0, writer.array(), writer.bodyOffset(), event.length);
  }

  // ---- raw events

  private byte[] tableMap(String name) {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    body.writeBytes(bytes(TABLE_ID, 0, 0, 0, 0, 0, 1, 0, 4, 's', 'h', 'o', 'p', 0));
    body.write(name.length());
    body.writeBytes((name + "\0").getBytes(US_ASCII));
    body.write(types.size());
    types.forEach(type -> body.write(type.code()));
    body.write(types.stream().mapToInt(type -> type.metadata().length).sum());
    types.forEach(type -> body.writeBytes(type.metadata()));
    body.writeBytes(new byte[(types.size() + 7) / 8]);
    return event(EventType.TABLE_MAP, body.toByteArray());
  }

  private byte[] image(boolean[] present, byte[][] values) {
    int count = 0;
    boolean[] nulls = new boolean[values.length];
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    for (int i = 0; i < values.length; i++) {
      if (!present[i]) {
        continue;
      }
      nulls[count++] = values[i] == null;
      if (values[i] != null) {
        for (int k = 0; k < types.get(i).prefix(); k++) {
          content.write(values[i].length >>> (8 * k));
        }
        content.writeBytes(values[i]);
      }
    }
    ByteArrayOutputStream image = new ByteArrayOutputStream();
    image.writeBytes(bitmap(nulls, count));
    image.writeBytes(content.toByteArray());
    return image.toByteArray();
  }

  private static byte[] bitmap(boolean[] bits, int count) {
    byte[] bitmap = new byte[(count + 7) / 8];
    for (int i = 0; i < count; i++) {
      bitmap[i / 8] |= (byte) (bits[i] ? 1 << i % 8 : 0);
    }
    return bitmap;
  }

  private static byte[] event(int type, byte[] body) {
    ByteArrayOutputStream event = new ByteArrayOutputStream();
    int length = 19 + body.length + 4;
    event.writeBytes(bytes(0, 0, 0, 0x68, type, 1, 0, 0, 0, length, length >>> 8, length >>> 16));
    event.writeBytes(new byte[7]);
    event.writeBytes(body);
    return event.toByteArray();
  }

  private static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }
}
