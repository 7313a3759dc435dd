package io.canal.parser.source;

import static io.canal.parser.source.Sources.config;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.canal.parser.binlog.EventType;
import io.canal.parser.binlog.SourceErrorException;
import io.canal.protocol.SourcePosition;
import io.canal.testing.DatabaseServer;
import io.canal.testing.MariadbServer;
import io.canal.testing.MysqlServer;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** What must hold on every kind of source, one server after the other. */
class SourceFamiliesIT {
  private static final int ROW_BYTES = 20 * 1024 * 1024;

  @TestFactory
  Stream<DynamicTest> shouldStreamFrom() {
    return Stream.of(
        DynamicTest.dynamicTest("MySQL 8.0", () -> stream(MysqlServer.of("8.0"))),
        DynamicTest.dynamicTest("MySQL 5.7", () -> stream(MysqlServer.of("5.7"))),
        DynamicTest.dynamicTest("MariaDB 11.8", () -> stream(MariadbServer.of("11.8"))),
        DynamicTest.dynamicTest("MariaDB 10.11", () -> stream(MariadbServer.of("10.11"))));
  }

  private static void stream(DatabaseServer server) throws Exception {
    try (server) {
      boolean mariadb = server instanceof MariadbServer;
      server.execute(
          "SET GLOBAL max_allowed_packet = 67108864",
          "CREATE DATABASE s",
          "CREATE TABLE s.t (id INT PRIMARY KEY, v LONGTEXT)",
          "CREATE USER canal IDENTIFIED "
              + (mariadb ? "BY 'pw'" : "WITH mysql_native_password BY 'pw'"),
          "GRANT REPLICATION SLAVE, REPLICATION CLIENT, SELECT ON *.* TO canal");
      SourceConfig config = config(server, "canal", "pw", SslMode.PREFERRED);
      SourcePosition start = resolve(config, new StartPosition.Now());
      server.execute(
          "INSERT INTO s.t VALUES (1, REPEAT('x', " + ROW_BYTES + "))",
          "FLUSH BINARY LOGS",
          "INSERT INTO s.t VALUES (2, 'y')");
      SourcePosition end = resolve(config, new StartPosition.Now());

      assertThat(fatalProblems(config)).isEmpty();
      assertThat(start.gtids().isPresent()).isEqualTo(!mariadb);
      assertDump(config, start);
      assertThat(resolve(config, new StartPosition.At(start.file(), start.offset())))
          .isEqualTo(start);
      assertThat(resolve(config, new StartPosition.At(end.file(), end.offset()))).isEqualTo(end);
      assertThat(resolve(config, new StartPosition.From(Instant.now().plusSeconds(3600))))
          .isEqualTo(end);
      assertThat(resolve(config, new StartPosition.Oldest()).file()).endsWith("000001");
      assertSameServerIdIsNamed(config, end);
    }
  }

  private static void assertDump(SourceConfig config, SourcePosition start) throws IOException {
    int rows = 0;
    long largest = 0;
    try (BinlogDump dump =
        BinlogDump.openUntilEnd(config, new DumpRequest.At(start.file(), start.offset()))) {
      while (dump.events().next()) {
        int type = Sources.take(dump.events()).type();
        if (type == EventType.WRITE_ROWS || type == EventType.WRITE_ROWS_V1) {
          rows++;
          largest = Math.max(largest, dump.events().length());
        }
      }
    }
    assertThat(rows).isEqualTo(2);
    assertThat(largest).isGreaterThan(ROW_BYTES);
  }

  private static void assertSameServerIdIsNamed(SourceConfig config, SourcePosition end)
      throws IOException {
    SourceConfig sameId = config.withServerId(4711);
    DumpRequest request = new DumpRequest.At(end.file(), end.offset());
    try (BinlogDump older = BinlogDump.open(sameId, request)) {
      Sources.await(older.events(), EventType.FORMAT_DESCRIPTION);
      try (BinlogDump newer = BinlogDump.open(sameId, request)) {
        Sources.await(newer.events(), EventType.FORMAT_DESCRIPTION);

        SourceErrorException error =
            catchThrowableOfType(
                SourceErrorException.class, () -> Sources.await(older.events(), EventType.XID));

        assertThat(error.kind())
            .as(error.getMessage())
            .isEqualTo(SourceErrorException.Kind.SAME_SERVER_ID);
      }
    }
  }

  private static SourcePosition resolve(SourceConfig config, StartPosition start)
      throws IOException {
    try (SqlSession session = SqlSession.open(config)) {
      return new StartPositions(SourceInfo.read(session), session, config).resolve(start);
    }
  }

  private static List<String> fatalProblems(SourceConfig config) throws IOException {
    try (SqlSession session = SqlSession.open(config)) {
      return SourceChecks.check(SourceInfo.read(session), session, config).stream()
          .filter(SourceChecks.Problem::fatal)
          .map(SourceChecks.Problem::text)
          .collect(Collectors.toList());
    }
  }
}
