package io.canal.parser.source;

import static io.canal.parser.source.Sources.config;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.canal.parser.binlog.EventType;
import io.canal.parser.binlog.SourceErrorException;
import io.canal.protocol.CanalException;
import io.canal.protocol.GtidSet;
import io.canal.protocol.SourcePosition;
import io.canal.testing.MysqlServer;
import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** On a log of several files whose transactions were written at known times. */
class StartPositionsIT {
  // in the future, so that files follow each other in time as they do in life
  private static final long T = 2_000_000_000;

  @RegisterExtension static final MysqlServer mysql = MysqlServer.of("9.7");

  /** One row of SHOW BINLOG EVENTS. */
  private record Shown(String type, long start, long end) {}

  private static SourcePosition beforeAll;

  @BeforeAll
  static void writeFiles() throws Exception {
    mysql.execute("CREATE DATABASE s", "CREATE TABLE s.t (id INT PRIMARY KEY)");
    beforeAll = resolve(new StartPosition.Now());
    mysql.execute(
        "SET timestamp = " + T,
        "FLUSH BINARY LOGS",
        "INSERT INTO s.t VALUES (1)",
        "SET timestamp = " + (T + 10),
        "INSERT INTO s.t VALUES (2)",
        "SET timestamp = " + (T + 20),
        "FLUSH BINARY LOGS",
        "INSERT INTO s.t VALUES (3)",
        "SET timestamp = " + (T + 30),
        "SET gtid_next = 'automatic:tag'",
        "INSERT INTO s.t VALUES (4)",
        "SET gtid_next = 'automatic'",
        "INSERT INTO s.t VALUES (5)",
        "SET timestamp = " + (T + 40),
        "FLUSH BINARY LOGS",
        "INSERT INTO s.t VALUES (6)");
  }

  private static SourcePosition resolve(StartPosition start) throws IOException {
    SourceConfig config = config(mysql);
    try (SqlSession session = SqlSession.open(config)) {
      return new StartPositions(SourceInfo.read(session), session, config).resolve(start);
    }
  }

  private static List<String> files() throws Exception {
    return column("SHOW BINARY LOGS");
  }

  private static List<String> column(String sql) throws Exception {
    List<String> values = new ArrayList<>();
    try (Connection connection = mysql.connect();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      while (rows.next()) {
        values.add(rows.getString(1));
      }
    }
    return values;
  }

  private static List<Shown> shown(String file) throws Exception {
    List<Shown> events = new ArrayList<>();
    try (Connection connection = mysql.connect();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("SHOW BINLOG EVENTS IN '" + file + "'")) {
      while (rows.next()) {
        events.add(new Shown(rows.getString(3), rows.getLong(2), rows.getLong(5)));
      }
    }
    return events;
  }

  /** What a start by that set and one by that place both send first: one row is one transaction. */
  private static void assertSetFitsPlace(SourcePosition position, int transactionsLeft)
      throws Exception {
    GtidSet left = GtidSet.parse(column("SELECT @@GLOBAL.gtid_executed").get(0));
    left.removeAll(position.gtids().orElseThrow());
    long count = left.toIntervals().stream().mapToLong(i -> i.last() - i.first() + 1).sum();
    assertThat(count).isEqualTo(transactionsLeft);

    int began = 0;
    try (BinlogDump dump =
        BinlogDump.openUntilEnd(
            config(mysql), new DumpRequest.At(position.file(), position.offset()))) {
      while (dump.events().next()) {
        if (EventType.beginsTransaction(dump.events().type())) {
          began++;
        }
      }
    }
    assertThat(began).isEqualTo(transactionsLeft);
  }

  @Test
  void shouldStartNow() throws Exception {
    SourcePosition now = resolve(new StartPosition.Now());

    assertThat(now.file()).isEqualTo(files().get(files().size() - 1));
    assertThat(now.serverUuid().orElseThrow().toString())
        .isEqualTo(column("SELECT @@server_uuid").get(0));
    assertSetFitsPlace(now, 0);
  }

  @Test
  void shouldStartAtTheOldestChange() throws Exception {
    SourcePosition oldest = resolve(new StartPosition.Oldest());

    assertThat(oldest.file()).isEqualTo(files().get(0));
    assertThat(oldest.gtids().orElseThrow().isEmpty()).isTrue();
  }

  @Test
  void shouldLearnTheSetAtEachPlaceOfEachFile() throws Exception {
    int left = 6;
    for (String file : files().subList(files().indexOf(beforeAll.file()) + 1, files().size())) {
      long transaction = -1;
      for (Shown event : shown(file)) {
        if (event.type().startsWith("Gtid")) {
          transaction = event.start();
        }
        boolean inside = transaction >= 0 && !event.type().equals("Rotate");

        SourcePosition at = resolve(new StartPosition.At(file, event.start()));

        assertThat(at.file()).isEqualTo(file);
        assertSetFitsPlace(at, left);
        if (inside) {
          assertThat(at.offset()).as(event.toString()).isEqualTo(transaction);
        }
        if (event.type().equals("Xid")) {
          left--;
          transaction = -1;
          assertSetFitsPlace(resolve(new StartPosition.At(file, event.end())), left);
        }
      }
    }
    assertThat(left).isZero();
  }

  @Test
  void shouldRefuseAPlaceThatIsNoStartOfAnEvent() throws Exception {
    String file = files().get(files().size() - 1);
    Shown last = shown(file).get(shown(file).size() - 1);

    assertThatThrownBy(() -> resolve(new StartPosition.At(file, last.start() + 1)))
        .isInstanceOf(CanalException.class)
        .hasMessageContaining(
            "%s:%d is inside an event, which begins at %d and ends at %d"
                .formatted(file, last.start() + 1, last.start(), last.end()));
    assertThatThrownBy(() -> resolve(new StartPosition.At(file, last.end() + 1)))
        .isInstanceOf(CanalException.class)
        .hasMessageContaining("behind the end of that file, at " + last.end());
    assertThatThrownBy(() -> resolve(new StartPosition.At("binlog.999999", 4)))
        .isInstanceOf(CanalException.class)
        .hasMessageContaining("no binary log 'binlog.999999', the source has " + files().get(0));
  }

  @Test
  void shouldStartAtTheFirstTransactionFromATimeOn() throws Exception {
    int[][] secondsAndLeft = {
      {-1, 6}, {0, 6}, {1, 5}, {10, 5}, {11, 4}, {20, 4}, {21, 3}, {30, 3}, {31, 1}, {40, 1}
    };
    for (int[] pair : secondsAndLeft) {
      assertSetFitsPlace(
          resolve(new StartPosition.From(Instant.ofEpochSecond(T + pair[0]))), pair[1]);
    }
    assertSetFitsPlace(resolve(new StartPosition.From(Instant.ofEpochSecond(T + 10, 1))), 4);
  }

  @Test
  void shouldStartNowWhereATimeIsLaterThanAllChanges() throws Exception {
    assertThat(resolve(new StartPosition.From(Instant.ofEpochSecond(T + 41))))
        .isEqualTo(resolve(new StartPosition.Now()));
  }

  @Test
  void shouldStartAtTheOldestChangeWhereATimeIsEarlierAndNothingIsPurged() throws Exception {
    SourcePosition from = resolve(new StartPosition.From(Instant.EPOCH));

    assertThat(from).isEqualTo(resolve(new StartPosition.Oldest()));
  }

  @Test
  void shouldStartAfterASetThatTheSourceCanComplete() throws Exception {
    GtidSet executed = beforeAll.gtids().orElseThrow();

    SourcePosition after = resolve(new StartPosition.After(executed));

    assertThat(after.gtids()).contains(executed);
    assertThat(after.file()).isEmpty();
  }

  @Test
  void shouldSayWhatTheSourceStillHasOncePurged() throws Exception {
    try (MysqlServer own = MysqlServer.of("9.7")) {
      own.execute("CREATE DATABASE a", "FLUSH BINARY LOGS", "CREATE DATABASE b");
      SourceConfig config = config(own);
      try (SqlSession session = SqlSession.open(config)) {
        StartPositions starts = new StartPositions(SourceInfo.read(session), session, config);
        String oldest = starts.resolve(new StartPosition.Oldest()).file();
        String newest = starts.resolve(new StartPosition.Now()).file();
        session.execute("PURGE BINARY LOGS TO '" + newest + "'");
        String purged = session.query("SELECT @@GLOBAL.gtid_purged").get(0)[0];

        assertThatThrownBy(() -> starts.resolve(new StartPosition.After(new GtidSet())))
            .isInstanceOf(CanalException.class)
            .hasMessageContaining("purged transactions that the start lacks: " + purged);
        assertThatThrownBy(() -> starts.resolve(new StartPosition.At(oldest, 4)))
            .isInstanceOf(CanalException.class)
            .hasMessageContaining("no binary log '" + oldest + "', the source has " + newest);
        assertThatThrownBy(() -> starts.resolve(new StartPosition.From(Instant.EPOCH)))
            .isInstanceOf(CanalException.class)
            .hasMessageContaining("the oldest one, " + newest + ", begins at 20");
        assertThat(starts.resolve(new StartPosition.Oldest()).gtids())
            .contains(GtidSet.parse(purged));
        assertThat(starts.resolve(new StartPosition.After(GtidSet.parse(purged))).gtids())
            .contains(GtidSet.parse(purged));
        try (BinlogDump dump = BinlogDump.open(config, new DumpRequest.After(new GtidSet()))) {
          assertThatThrownBy(() -> Sources.await(dump.events(), EventType.XID))
              .isInstanceOfSatisfying(
                  SourceErrorException.class,
                  e -> assertThat(e.kind()).isEqualTo(SourceErrorException.Kind.PURGED));
        }
      }
    }
  }
}
