package io.canal.parser.binlog;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BinlogPositionTest {
  private static final long FOUR_GIB = 1L << 32;

  @Test
  void shouldAddLengthsBeyondFourGib() {
    BinlogPosition position = new BinlogPosition("binlog.000001", FOUR_GIB - 100);

    position.advance(EventType.WRITE_ROWS, 0, 900, 1000);

    assertThat(position.offset()).isEqualTo(FOUR_GIB + 900);
  }

  @Test
  void shouldJumpToWhereAFilteredDumpGoesOn() {
    BinlogPosition position = new BinlogPosition("binlog.000001", 500);

    position.advance(EventType.GTID, 0, 10_000, 79);
    assertThat(position.offset()).isEqualTo(10_000);
    position.advance(EventType.GTID, 0, 5_000, 79);

    assertThat(position.offset()).isEqualTo(FOUR_GIB + 5_000);
  }

  @Test
  void shouldAddTheLengthWhereTheSourceSaysNoPlace() {
    BinlogPosition position = new BinlogPosition("binlog.000001", 664);

    position.advance(EventType.MARIADB_ANNOTATE_ROWS, 0, 0, 65);
    position.advance(EventType.TABLE_MAP, 0, 0, 44);

    assertThat(position.offset()).isEqualTo(773);
  }

  @Test
  void shouldStayWhereAnEventStandsInNoFile() {
    BinlogPosition position = new BinlogPosition("binlog.000001", 500);

    position.advance(EventType.ROTATE, EventHeader.ARTIFICIAL, 0, 44);
    position.advance(EventType.FORMAT_DESCRIPTION, 0, 0, 123);
    position.advance(EventType.MARIADB_GTID_LIST, 0, 0, 43);
    position.advance(EventType.MARIADB_START_ENCRYPTION, 0, 0, 36);
    position.advance(EventType.HEARTBEAT, 0, 500, 36);
    position.advance(EventType.HEARTBEAT_V2, 0, 0, 50);

    assertThat(position.offset()).isEqualTo(500);
  }

  @Test
  void shouldGoToWhereAHeartbeatSaysThatAFilteredDumpHasCome() {
    BinlogPosition position = new BinlogPosition("binlog.000001", FOUR_GIB - 100);

    position.heartbeat(new HeartbeatEvent("binlog.000002", 700));
    assertThat(position.offset()).isEqualTo(FOUR_GIB - 100);
    position.heartbeat(new HeartbeatEvent("binlog.000001", 700));
    assertThat(position.offset()).isEqualTo(FOUR_GIB + 700);
    position.heartbeat(new HeartbeatEvent("binlog.000001", FOUR_GIB + 900));

    assertThat(position.offset()).isEqualTo(FOUR_GIB + 900);
  }

  @Test
  void shouldGoOnInTheNextFile() {
    BinlogPosition position = new BinlogPosition("binlog.999999", 500);

    position.rotate(new RotateEvent("binlog.1000000", 4, true));

    assertThat(position.file()).isEqualTo("binlog.1000000");
    assertThat(position.offset()).isEqualTo(4);
  }
}
