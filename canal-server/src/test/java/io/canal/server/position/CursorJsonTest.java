package io.canal.server.position;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.canal.protocol.GtidSet;
import io.canal.protocol.SourcePosition;
import java.io.IOException;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CursorJsonTest {
  private static final String UUID_TEXT = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
  private static final String ALIBABA =
      """
      {"@type":"com.alibaba.otter.canal.protocol.position.LogPosition",\
      "identity":{"slaveId":-1,"sourceAddress":{"address":"db1","port":3306}},\
      "postion":{"gtid":"GTID","included":false,"journalName":"mysql-bin.000001","position":123,\
      "serverId":1,"timestamp":1510214405000}}""";

  @Test
  void shouldWriteWhatAlibabaCanalReadsAndOurOwnPosition() throws IOException {
    SourcePosition position =
        new SourcePosition(
            Optional.of(GtidSet.parse(UUID_TEXT + ":1-5")),
            Optional.of(UUID.fromString(UUID_TEXT)),
            "binlog.000042",
            1187,
            Optional.empty());

    String json = CursorJson.format(new StoredConsumer("f", position), "db1", 3306);

    assertThat(json)
        .isEqualTo(
            """
            {"@type":"com.alibaba.otter.canal.protocol.position.LogPosition",\
            "identity":{"slaveId":-1,"sourceAddress":{"address":"db1","port":3306}},\
            "postion":{"gtid":"UUID:1-5","included":false,"journalName":"binlog.000042","position":1187,\
            "timestamp":0},\
            "canal":"file=binlog.000042;offset=1187;server=UUID;gtids=UUID:1-5"}"""
                .replace("UUID", UUID_TEXT));
    assertThat(CursorJson.parse("f", json)).isEqualTo(new StoredConsumer("f", position));
  }

  @Test
  void shouldMigrateFileAndOffset() throws IOException {
    String json = ALIBABA.replace("GTID", "");

    StoredConsumer migrated = CursorJson.parse("f", json);

    assertThat(migrated.position()).hasToString("file=mysql-bin.000001;offset=123");
    assertThat(migrated.migratedFrom())
        .contains(
            new AlibabaCursor("db1", 3306, "mysql-bin.000001", 123, "", 1, 1_510_214_405_000L));
    // a new filter before the first acknowledgement must not lose whose file it is
    assertThat(CursorJson.format(migrated, "db2", 3307)).isEqualTo(json);
  }

  @Test
  void shouldMigrateGtids() throws IOException {
    StoredConsumer migrated = CursorJson.parse("", ALIBABA.replace("GTID", UUID_TEXT + ":1-5:7"));

    assertThat(migrated.position().gtids()).contains(GtidSet.parse(UUID_TEXT + ":1-5:7"));
    assertThat(migrated.position().file()).isEqualTo("mysql-bin.000001");
  }

  @Test
  void shouldMigrateFileAndOffsetOfMariadb() throws IOException {
    StoredConsumer migrated = CursorJson.parse("", ALIBABA.replace("GTID", "0-1-270, 1-2-3"));

    assertThat(migrated.position()).hasToString("file=mysql-bin.000001;offset=123");
    assertThat(migrated.migratedFrom().orElseThrow().gtid()).isEqualTo("0-1-270, 1-2-3");
  }

  @Test
  void shouldMakeNoClassThatAPayloadNames() throws IOException {
    String json = ALIBABA.replace("GTID", "").replaceFirst("com[.a-zA-Z]+", "io.canal.NoSuchClass");

    assertThat(CursorJson.parse("", json).position().offset()).isEqualTo(123);
  }

  @Test
  void shouldReadAMinimalCursor() throws IOException {
    StoredConsumer migrated =
        CursorJson.parse(
            "", "{\"postion\":{\"journalName\":\"b.1\",\"position\":4,\"gtid\":null}}");

    assertThat(migrated.migratedFrom()).contains(new AlibabaCursor("", 0, "b.1", 4, "", 0, 0));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          `{}`                                                     | postion: expected an object, found nothing
          `[]`                                                     | document: expected an object
          `{"postion":{"position":4}}`                             | postion: expected a journalName or a gtid
          `{"postion":{"journalName":"b.1","position":-4}}`        | postion.position: expected a whole number
          `{"postion":{"journalName":7,"position":4}}`             | postion.journalName: expected a text, found 7
          `{"postion":{"journalName":"b.1","gtid":"x"}}`           | 'x' is no GTID set
          `{"postion":{"journalName":"b.1"},"canal":"x"}`          | canal: 'x' is no position
          `{"postion":{"journalName":"b.1","position":4},"canal":"file=b.1;offset=5"}` | remove the field canal
          `{"postion":{"journalName":"b.2","position":5},"canal":"file=b.1;offset=5"}` | remove the field canal
          `{"postion":{"journalName":"b.1","position":5,"gtid":"y"},"canal":"file=b.1;offset=5"}` | remove the field canal
          """)
  void shouldSayWhatIsWrong(String payload, String message) {
    assertThatThrownBy(() -> CursorJson.parse("", payload))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }
}
