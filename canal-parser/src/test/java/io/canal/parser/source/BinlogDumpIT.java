package io.canal.parser.source;

import static io.canal.parser.source.Sources.await;
import static io.canal.parser.source.Sources.config;
import static io.canal.parser.source.Sources.take;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.canal.parser.binlog.BinlogEventStream;
import io.canal.parser.binlog.BinlogPosition;
import io.canal.parser.binlog.EventType;
import io.canal.parser.binlog.FormatDescription;
import io.canal.parser.binlog.GtidEvent;
import io.canal.parser.binlog.HeartbeatEvent;
import io.canal.parser.binlog.QueryEvent;
import io.canal.parser.binlog.RotateEvent;
import io.canal.parser.binlog.SourceErrorException;
import io.canal.protocol.Gtid;
import io.canal.protocol.GtidSet;
import io.canal.protocol.SourcePosition;
import io.canal.testing.MysqlServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class BinlogDumpIT {
  @RegisterExtension
  static final MysqlServer mysql =
      MysqlServer.of("9.7").withOptions("--max-allowed-packet=256M", "--binlog-row-metadata=FULL");

  @Test
  void shouldReceiveATransactionByFileAndOffset() throws Exception {
    String schema = mysql.createSchema("dump");
    mysql.execute("CREATE TABLE " + schema + ".t (id INT PRIMARY KEY, v VARCHAR(20))");
    SourcePosition start = now();

    mysql.execute("INSERT INTO " + schema + ".t VALUES (1, 'one')");

    BinlogPosition position = new BinlogPosition(start.file(), start.offset());
    List<Integer> types = new ArrayList<>();
    try (BinlogDump dump =
        BinlogDump.open(config(mysql), new DumpRequest.At(start.file(), start.offset()))) {
      BinlogEventStream events = dump.events();
      while (!types.contains(EventType.XID) && events.next()) {
        types.add(events.type());
        Sources.Event event = take(events);
        position.advance(event.type(), events.flags(), events.logPos(), events.length());
        if (event.type() == EventType.ROTATE) {
          RotateEvent rotate = RotateEvent.decode(event.raw(), 0, event.raw().length);
          assertThat(rotate).isEqualTo(new RotateEvent(start.file(), start.offset(), true));
          position.rotate(rotate);
        } else if (event.type() == EventType.FORMAT_DESCRIPTION) {
          FormatDescription format = FormatDescription.decode(event.raw(), 0, event.raw().length);
          assertThat(format.serverVersion()).startsWith("9.7");
          assertThat(format.checksum()).isTrue();
          assertThat(format.postHeaderLength(EventType.WRITE_ROWS)).isEqualTo(10);
        } else if (event.type() == EventType.QUERY) {
          QueryEvent query = QueryEvent.decode(event.raw(), 0, event.raw().length);
          assertThat(query.sql()).isEqualTo("BEGIN");
          assertThat(QueryEvent.isBegin(event.raw(), 0, event.raw().length)).isTrue();
        }
      }
    }
    assertThat(types)
        .containsExactly(
            EventType.ROTATE,
            EventType.FORMAT_DESCRIPTION,
            EventType.GTID,
            EventType.QUERY,
            EventType.TABLE_MAP,
            EventType.WRITE_ROWS,
            EventType.XID);
    assertThat(position.file()).isEqualTo(start.file());
    assertThat(position.offset()).isEqualTo(now().offset());
  }

  @Test
  void shouldSendOnlyTransactionsThatASetLacks() throws Exception {
    String schema = mysql.createSchema("dump");
    mysql.execute("CREATE TABLE " + schema + ".t (id INT PRIMARY KEY)");
    GtidSet executed = now().gtids().orElseThrow();
    mysql.execute(
        "SET gtid_next = 'automatic:red'",
        "INSERT INTO " + schema + ".t VALUES (1)",
        "SET gtid_next = 'automatic'",
        "INSERT INTO " + schema + ".t VALUES (2)",
        "SET gtid_next = 'automatic:blue'",
        "INSERT INTO " + schema + ".t VALUES (3)");
    GtidSet after = now().gtids().orElseThrow();

    GtidSet received = new GtidSet();
    try (BinlogDump dump =
        BinlogDump.openUntilEnd(config(mysql), new DumpRequest.After(executed))) {
      while (dump.events().next()) {
        if (EventType.beginsTransaction(dump.events().type())) {
          received.add(gtid(take(dump.events())));
        }
      }
    }

    GtidSet expected = after.copy();
    expected.removeAll(executed);
    assertThat(expected.toIntervals()).hasSize(3);
    assertThat(received).isEqualTo(expected);

    // and with tags in the set that is sent
    try (BinlogDump dump = BinlogDump.open(config(mysql), new DumpRequest.After(after))) {
      mysql.execute("INSERT INTO " + schema + ".t VALUES (4)");
      while (dump.events().next() && !EventType.beginsTransaction(dump.events().type())) {
        // heads of files
      }
      Gtid next = gtid(take(dump.events()));
      assertThat(after.contains(next)).isFalse();
      assertThat(next.tag()).isEmpty();
    }
  }

  private static Gtid gtid(Sources.Event event) {
    return new GtidEvent().read(event.raw(), 0, event.raw().length).gtid().orElseThrow();
  }

  @Test
  void shouldJoinAnEventOfSeveralPackets() throws Exception {
    String schema = mysql.createSchema("dump");
    mysql.execute("CREATE TABLE " + schema + ".t (id INT PRIMARY KEY, v LONGTEXT)");
    SourcePosition start = now();
    int size = 40 * 1024 * 1024;
    mysql.execute(
        "INSERT INTO " + schema + ".t VALUES (1, REPEAT('0123456789abcdef', " + size / 16 + "))",
        "INSERT INTO " + schema + ".t VALUES (2, 'small')");
    DumpRequest.At request = new DumpRequest.At(start.file(), start.offset());

    for (SslMode mode : new SslMode[] {SslMode.DISABLED, SslMode.REQUIRED}) {
      SourceConfig config = config(mysql, mysql.user(), mysql.password(), mode);
      try (BinlogDump dump = BinlogDump.openUntilEnd(config, request)) {
        Sources.Event large = await(dump.events(), EventType.WRITE_ROWS);
        Sources.Event small = await(dump.events(), EventType.WRITE_ROWS);

        assertThat(large.raw().length).isGreaterThan(size);
        int end = large.raw().length;
        byte[] pattern = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
        for (int at = end - size; at < end; at += 16) {
          assertThat(Arrays.equals(large.raw(), at, at + 16, pattern, 0, 16))
              .as("bytes at %d", at)
              .isTrue();
        }
        assertThat(new String(small.raw(), StandardCharsets.ISO_8859_1)).endsWith("small");
      }
      try (BinlogDump dump = BinlogDump.openUntilEnd(config, request)) {
        int skipped = 0;
        while (dump.events().next()) {
          skipped++;
        }
        assertThat(skipped).isGreaterThan(10);
        assertThat(dump.events().bytesReceived()).isGreaterThan(size);
      }
    }
  }

  @Test
  void shouldNameAReplicaWithTheSameServerId() throws Exception {
    SourcePosition start = now();
    DumpRequest.At request = new DumpRequest.At(start.file(), start.offset());
    SourceConfig config = config(mysql).withServerId(4711);

    try (BinlogDump older = BinlogDump.open(config, request)) {
      assertThat(older.serverId()).isEqualTo(4711);
      await(older.events(), EventType.FORMAT_DESCRIPTION);
      try (BinlogDump newer = BinlogDump.open(config, request)) {
        await(newer.events(), EventType.FORMAT_DESCRIPTION);

        SourceErrorException error =
            catchThrowableOfType(
                SourceErrorException.class, () -> await(older.events(), EventType.XID));

        assertThat(error.kind()).isEqualTo(SourceErrorException.Kind.SAME_SERVER_ID);
        assertThat(error.number()).isEqualTo(1236);
        await(newer.events(), EventType.HEARTBEAT);
      }
    }
  }

  @Test
  void shouldChooseAnIdOfItsOwnForEachDump() throws Exception {
    SourcePosition start = now();
    DumpRequest.At request = new DumpRequest.At(start.file(), start.offset());

    try (BinlogDump one = BinlogDump.open(config(mysql), request);
        BinlogDump two = BinlogDump.open(config(mysql), request)) {
      assertThat(one.serverId()).isNotEqualTo(two.serverId());
      await(two.events(), EventType.HEARTBEAT);
      Sources.Event heartbeat = await(one.events(), EventType.HEARTBEAT);
      HeartbeatEvent decoded = HeartbeatEvent.decode(heartbeat.raw(), 0, heartbeat.raw().length);
      assertThat(decoded).isEqualTo(new HeartbeatEvent(start.file(), now().offset()));
    }
  }

  @Test
  void shouldNameWhatTheSourceNoLongerHas() throws Exception {
    assertDumpFails(new DumpRequest.At("binlog.999999", 4), SourceErrorException.Kind.PURGED);
    assertDumpFails(
        new DumpRequest.At(now().file(), now().offset() + 1_000_000),
        SourceErrorException.Kind.FATAL_DUMP);
  }

  private static void assertDumpFails(DumpRequest request, SourceErrorException.Kind kind)
      throws IOException {
    try (BinlogDump dump = BinlogDump.open(config(mysql), request)) {
      SourceErrorException error =
          catchThrowableOfType(
              SourceErrorException.class, () -> await(dump.events(), EventType.XID));
      assertThat(error.kind()).as(error.getMessage()).isEqualTo(kind);
    }
  }

  @Test
  void shouldFollowTheChecksumOfEachFile() throws Exception {
    String schema = mysql.createSchema("dump");
    mysql.execute("CREATE TABLE " + schema + ".t (id INT PRIMARY KEY)");
    SourcePosition start = now();
    DumpRequest.At request = new DumpRequest.At(start.file(), start.offset());
    try {
      mysql.execute(
          "INSERT INTO " + schema + ".t VALUES (1)",
          "SET GLOBAL binlog_checksum = NONE",
          "INSERT INTO " + schema + ".t VALUES (2)");
      assertXids(request, 2);
      mysql.execute(
          "SET GLOBAL binlog_checksum = CRC32", "INSERT INTO " + schema + ".t VALUES (3)");
      assertXids(request, 3);
    } finally {
      mysql.execute("SET GLOBAL binlog_checksum = CRC32");
    }
  }

  private static void assertXids(DumpRequest request, int expected) throws IOException {
    int xids = 0;
    try (BinlogDump dump = BinlogDump.openUntilEnd(config(mysql), request)) {
      while (dump.events().next()) {
        if (take(dump.events()).type() == EventType.XID) {
          xids++;
        }
      }
    }
    assertThat(xids).isEqualTo(expected);
  }

  @Test
  void shouldEndABlockingReadWhenClosed() throws Exception {
    SourcePosition start = now();
    DumpRequest.At request = new DumpRequest.At(start.file(), start.offset());
    for (SslMode mode : new SslMode[] {SslMode.DISABLED, SslMode.REQUIRED}) {
      BinlogDump dump =
          BinlogDump.open(config(mysql, mysql.user(), mysql.password(), mode), request);
      await(dump.events(), EventType.FORMAT_DESCRIPTION);
      Thread closer =
          new Thread(
              () -> {
                try {
                  dump.close();
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });

      closer.start();

      assertThatThrownBy(() -> await(dump.events(), EventType.XID)).isInstanceOf(IOException.class);
      closer.join();
      dump.close();
    }
  }

  @Test
  void shouldBeginWhereTheCommandCannotSay() throws Exception {
    String schema = mysql.createSchema("dump");
    SourcePosition start = now();
    mysql.execute("CREATE TABLE " + schema + ".t (id INT PRIMARY KEY)");

    try (BinlogDump dump =
        BinlogDump.openUntilEnd(config(mysql), new DumpRequest.At(start.file(), 4))) {
      dump.events().skipUntil(start.offset());

      assertThat(dump.events().next()).isTrue();
      assertThat(dump.events().logPos() - dump.events().length()).isEqualTo(start.offset());
      assertThat(dump.events().type()).isEqualTo(EventType.GTID);
    }
  }

  private static SourcePosition now() throws IOException {
    SourceConfig config = config(mysql);
    try (SqlSession session = SqlSession.open(config)) {
      return new StartPositions(SourceInfo.read(session), session, config)
          .resolve(new StartPosition.Now());
    }
  }
}
