package io.canal.parser.binlog;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.Gtid;
import io.canal.protocol.GtidSet;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Events as MySQL 9.7.4 and MariaDB 11.8.9 wrote them, without their checksums. */
class ControlEventsTest {
  private static final UUID SID = UUID.fromString("737b33c0-e860-11f1-97ae-02fc00000001");

  private static final String FORMAT_DESCRIPTION =
      "7920066b0f6c5200007b0000007f00000000000400392e372e342d32000000000000000000000000000000000000"
          + "000000000000000000000000000000000000000000000000007920066b13000d0008000000000400040000"
          + "006300041a08000000000000020000000a0a0a2a2a001234000a28000001";
  private static final String MARIADB_FORMAT_DESCRIPTION =
      "dc2a066b0f6d520000fc000000000100000000040031312e382e392d4d6172696144422d302b646562313375312066"
          + "726f6d2044656269616e2d6c6f6700000000000000000000dc2a066b13380d000800120004040404120000"
          + "e400041a08000000080808020000000a0a0a0000000000000a0a0a"
          + "00".repeat(119)
          + "041304000d0808080a0a0a01";
  // FLUSH BINARY LOGS
  private static final String ROTATE =
      "cd21066b046c5200002c000000a00400000000040000000000000062696e6c6f672e303030303032";
  // INSERT
  private static final String GTID =
      "cd21066b216c5200004f0000007c020000000000737b33c0e86011f197ae02fc0000000103000000000000000202"
          + "000000000000000300000000000000ce5f4c510e6106fc270150620100";
  // SET gtid_next = 'automatic:tagx'; INSERT
  private static final String GTID_TAGGED =
      "cd21066b2a6c5200004f000000a30300000000027000000002e6f6660103a103c022c5035d02b90204f103000000"
          + "02040406087461677808080a100c7fde724c510e61061081041283120b";
  private static final String PREVIOUS_GTIDS_EMPTY =
      "7920066b236c5200001f0000009e00000080000000000000000000";
  private static final String PREVIOUS_GTIDS_TAGGED =
      "cd21066b236c52000075000000f400000080000102000000000001737b33c0e86011f197ae02fc00000001000100"
          + "00000000000001000000000000000400000000000000737b33c0e86011f197ae02fc000000010874616778"
          + "010000000000000001000000000000000200000000000000";
  private static final String BEGIN =
      "cd21066b026c52000047000000c302000008000a000000000000000000001d000000000000012000a04500000000"
          + "060373746404ff00ff00ff0012ff0000424547494e";
  // SET NAMES latin1; CREATE TABLE u(v INT COMMENT 'x')
  private static final String CREATE_TABLE_LATIN1 =
      "db2a066b026c52000073000000c008000000000d000000000000000100002c000000000000012000a04500000000"
          + "06037374640408000800ff000c01740011340000000000000012ff00130074006372656174652074616265"
          + "65";
  private static final String XID = "cd21066b106c5200001f0000005403000000001300000000000000";
  // XA PREPARE 'g','b',4294967295
  private static final String XA_PREPARE =
      "db2a066b266c520000260000004f070000000000ffffffff01000000010000006762";
  // XA COMMIT 'h' ONE PHASE
  private static final String XA_ONE_PHASE =
      "db2a066b266c520000250000007f02000000000101000000010000000000000068";
  // SET binlog_rows_query_log_events = 1; insert into t.a values (5,'w')
  private static final String ROWS_QUERY =
      "cd21066b1d6c52000036000000f4030000800000696e7365727420696e746f20742e612076616c7565732028352c"
          + "27772729";
  private static final String MARIADB_GTID =
      "0a2b066ba26d52000031000000"
          + "5d04000008000500000000000000000000004c0100000001006711ff04000000";
  // create table t.a(id int primary key, v varchar(300)), with log_bin_compress
  private static final String MARIADB_QUERY_COMPRESSED =
      "0a2b066ba56d520000840000006e0200000000040000000000000000000023000000000001010000205400000000"
          + "060373746404000900090009810200000000000000008134789c4b2e4a4d2c495528494cca01927a891a99"
          + "290a9979250a054599b98945950ad9a9953a0a650a658945c91989451ac606069a9a00e8221183";
  // made by hand: no source sends version 2 below 4 GiB
  private static final String HEARTBEAT_V2 =
      "00000000296c520000310000000000000000000110"
          + "62696e6c6f672e303030303036303030"
          + "0204fd"
          + "040302"
          + "00";
  private static final String HEARTBEAT =
      "000000001b6c52000024000000e8030000000062696e6c6f672e303030303031";
  // made by hand: 1 is LOST_EVENTS
  private static final String INCIDENT = "cd21066b1a6c5200001d0000000000000000000100036f6f70";

  private interface Decoder<T> {
    T decode(byte[] array, int offset, int length);
  }

  private static byte[] bytes(String hex) {
    return HexFormat.of().parseHex(hex);
  }

  /** Decodes the event in the middle of a larger array, as it lies in a log. */
  private static <T> T decode(Decoder<T> decoder, String hex) {
    byte[] event = bytes(hex);
    byte[] array = new byte[event.length + 20];
    Arrays.fill(array, (byte) 0xEE);
    System.arraycopy(event, 0, array, 7, event.length);
    return decoder.decode(array, 7, event.length);
  }

  @Test
  void shouldReadTheHeader() {
    byte[] event = bytes(XID);

    assertThat(EventHeader.timestampSeconds(event, 0)).isEqualTo(0x6b0621cdL);
    assertThat(EventHeader.type(event, 0)).isEqualTo(EventType.XID);
    assertThat(EventHeader.serverId(event, 0)).isEqualTo(21100);
    assertThat(EventHeader.length(event, 0)).isEqualTo(event.length + 4);
    assertThat(EventHeader.logPos(event, 0)).isEqualTo(852);
    assertThat(EventHeader.flags(event, 0)).isZero();
  }

  @Test
  void shouldDecodeFormatDescriptions() {
    FormatDescription mysql = decode(FormatDescription::decode, FORMAT_DESCRIPTION);
    FormatDescription mariadb = decode(FormatDescription::decode, MARIADB_FORMAT_DESCRIPTION);

    assertThat(mysql.serverVersion()).isEqualTo("9.7.4-2");
    assertThat(mysql.createdSeconds()).isEqualTo(0x6b062079L);
    assertThat(mysql.checksum()).isTrue();
    assertThat(mysql.postHeaderLength(EventType.WRITE_ROWS)).isEqualTo(10);
    assertThat(mysql.postHeaderLength(EventType.WRITE_ROWS_V1)).isEqualTo(0);
    assertThat(mysql.postHeaderLength(EventType.GTID_TAGGED)).isZero();
    assertThat(mysql.postHeaderLength(EventType.MARIADB_GTID)).isEqualTo(-1);
    assertThat(mariadb.serverVersion()).isEqualTo("11.8.9-MariaDB-0+deb13u1 from Debian-log");
    assertThat(mariadb.checksum()).isTrue();
    assertThat(mariadb.postHeaderLength(EventType.MARIADB_GTID)).isEqualTo(19);
  }

  @Test
  void shouldDecodeRotate() {
    assertThat(decode(RotateEvent::decode, ROTATE))
        .isEqualTo(new RotateEvent("binlog.000002", 4, false));
  }

  @Test
  void shouldDecodeGtids() {
    GtidEvent event = new GtidEvent();

    assertGtid(decode(event::read, GTID), Optional.of(new Gtid(SID, "", 3)), 2, 3);
    assertGtid(decode(event::read, GTID_TAGGED), Optional.of(new Gtid(SID, "tagx", 1)), 2, 4);
    byte[] anonymous = bytes(GTID);
    anonymous[4] = EventType.ANONYMOUS_GTID;
    assertGtid(event.read(anonymous, 0, anonymous.length), Optional.empty(), 2, 3);
    event.clear();
    assertGtid(event, Optional.empty(), 0, 0);
  }

  private static void assertGtid(
      GtidEvent event, Optional<Gtid> gtid, long lastCommitted, long sequenceNumber) {
    assertThat(event.gtid()).isEqualTo(gtid);
    assertThat(event.lastCommitted()).isEqualTo(lastCommitted);
    assertThat(event.sequenceNumber()).isEqualTo(sequenceNumber);
  }

  @Test
  void shouldKeepTheUuidOfAServerWhileItsGtidsFollowEachOther() {
    GtidEvent event = new GtidEvent();
    UUID first = decode(event::read, GTID).sid();
    byte[] other = bytes(GTID);
    other[EventHeader.LENGTH + 1] ^= 1;

    assertThat(decode(event::read, GTID_TAGGED).sid()).isSameAs(first);
    assertThat(event.read(other, 0, other.length).sid())
        .isEqualTo(
            new UUID(first.getMostSignificantBits() ^ 1L << 56, first.getLeastSignificantBits()));
  }

  @Test
  void shouldDecodePreviousGtids() {
    assertThat(decode(PreviousGtids::decode, PREVIOUS_GTIDS_EMPTY).isEmpty()).isTrue();
    assertThat(decode(PreviousGtids::decode, PREVIOUS_GTIDS_TAGGED))
        .isEqualTo(GtidSet.parse(SID + ":1-3:tagx:1"));
  }

  @Test
  void shouldEncodeWhatItDecodes() {
    byte[] event = bytes(PREVIOUS_GTIDS_TAGGED);
    byte[] set = Arrays.copyOfRange(event, EventHeader.LENGTH, event.length);

    assertThat(PreviousGtids.encode(GtidSet.parse(SID + ":1-3:tagx:1"))).isEqualTo(set);

    for (String text :
        List.of(
            "",
            SID + ":1",
            SID + ":1-5:7-9:11,837b33c0-e860-11f1-97ae-02fc00000001:1-9223372036854775806",
            SID + ":a:1:b_2:4-5,837b33c0-e860-11f1-97ae-02fc00000001:" + "x".repeat(32) + ":2")) {
      GtidSet expected = GtidSet.parse(text);
      byte[] encoded = PreviousGtids.encode(expected);
      byte[] raw = new byte[EventHeader.LENGTH + encoded.length];
      System.arraycopy(encoded, 0, raw, EventHeader.LENGTH, encoded.length);
      assertThat(PreviousGtids.decode(raw, 0, raw.length)).isEqualTo(expected);
    }
  }

  @Test
  void shouldDecodeQueries() {
    QueryEvent begin = decode(QueryEvent::decode, BEGIN);

    assertThat(begin)
        .isEqualTo(
            new QueryEvent(
                10, 0, 0, "", "BEGIN", OptionalLong.of(0x45a00020L), 255, 255, 255, 255));
    assertThat(decode(QueryEvent::isBegin, BEGIN)).isTrue();
    assertThat(decode(QueryEvent::isCommit, BEGIN)).isFalse();
    assertThat(decode(QueryEvent::isBegin, CREATE_TABLE_LATIN1)).isFalse();
  }

  @Test
  void shouldReadTheTextInTheClientsCharacterSet() {
    byte[] event = bytes(CREATE_TABLE_LATIN1);
    event[event.length - 1] = (byte) 0xFC; // latin1 for ü

    QueryEvent query = QueryEvent.decode(event, 0, event.length);

    assertThat(query.sql()).isEqualTo("create tabeü");
    assertThat(query.database()).isEqualTo("t");
    assertThat(query.clientCollation()).isEqualTo(8);
    assertThat(query.serverCollation()).isEqualTo(255);
  }

  @Test
  void shouldStopReadingStatusVariablesAtAnUnknownOne() {
    byte[] event = bytes(BEGIN);
    // catalog_nz, code 6, follows flags2 and sql_mode: make its code one of the future
    event[EventHeader.LENGTH + 13 + 5 + 9] = (byte) 99;

    QueryEvent query = QueryEvent.decode(event, 0, event.length);

    assertThat(query.sql()).isEqualTo("BEGIN");
    assertThat(query.sqlMode()).hasValue(0x45a00020L);
    assertThat(query.clientCollation()).isZero();
  }

  @Test
  void shouldDecodeMariadbsCompressedQuery() {
    QueryEvent query = decode(QueryEvent::decode, MARIADB_QUERY_COMPRESSED);

    assertThat(query.sql()).isEqualTo("create table t.a(id int primary key, v varchar(300))");
  }

  @Test
  void shouldRefuseACompressedTextThatClaimsTooMuch() {
    byte[] event = bytes(MARIADB_QUERY_COMPRESSED);
    int at = HexFormat.of().formatHex(event).indexOf("8134789c") / 2;
    event[at] = (byte) 0x84;
    event[at + 1] = 0x7F;

    assertThatThrownBy(() -> QueryEvent.decode(event, 0, event.length))
        .isInstanceOf(CanalException.class)
        .hasMessageContaining("compressed");
  }

  @Test
  void shouldDecodeEndsOfTransactions() {
    assertThat(decode(XidEvent::decode, XID)).isEqualTo(new XidEvent(19));
    assertThat(decode(XaPrepareEvent::decode, XA_PREPARE))
        .isEqualTo(new XaPrepareEvent(false, 4294967295L, "X'67',X'62',4294967295"));
    assertThat(decode(XaPrepareEvent::decode, XA_ONE_PHASE))
        .isEqualTo(new XaPrepareEvent(true, 1, "X'68',X'',1"));
  }

  @Test
  void shouldDecodeMariadbGtid() {
    MariadbGtidEvent xa = decode(MariadbGtidEvent::decode, MARIADB_GTID);

    assertThat(xa.gtid()).isEqualTo("0-21101-5");
    assertThat(xa.preparedXa()).isTrue();
    assertThat(xa.completedXa()).isFalse();
    assertThat(xa.standalone()).isFalse();
    assertThat(xa.ddl()).isFalse();
  }

  @Test
  void shouldDecodeHeartbeats() {
    assertThat(decode(HeartbeatEvent::decode, HEARTBEAT))
        .isEqualTo(new HeartbeatEvent("binlog.000001", 1000));
    assertThat(decode(HeartbeatEvent::decode, HEARTBEAT_V2))
        .isEqualTo(new HeartbeatEvent("binlog.000006000", 0x020304));
  }

  @Test
  void shouldDecodeNotes() {
    assertThat(decode(RowsQuery::decode, ROWS_QUERY).sql())
        .isEqualTo("insert into t.a values (5,'w')");
    assertThat(decode(IncidentEvent::decode, INCIDENT)).isEqualTo(new IncidentEvent(1, "oop"));
  }

  @Test
  void shouldNameTheEventAndTheByteOfWhatDoesNotFit() {
    byte[] event = bytes(GTID);

    assertThatThrownBy(() -> new GtidEvent().read(event, 0, 30))
        .isInstanceOf(CanalException.class)
        .hasMessage("GTID event: 30 bytes, expected 44 or more");
    byte[] tagged = bytes(GTID_TAGGED);
    assertThatThrownBy(() -> new GtidEvent().read(tagged, 0, 30))
        .isInstanceOf(CanalException.class)
        .hasMessageMatching("GTID event, byte [0-9]+: expected 1 more bytes, found 0");
  }

  @Test
  void shouldMeetDamagedBytesWithNothingButItsOwnError() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    List<String> events =
        List.of(
            FORMAT_DESCRIPTION,
            MARIADB_FORMAT_DESCRIPTION,
            ROTATE,
            GTID,
            GTID_TAGGED,
            PREVIOUS_GTIDS_EMPTY,
            PREVIOUS_GTIDS_TAGGED,
            BEGIN,
            CREATE_TABLE_LATIN1,
            XID,
            XA_PREPARE,
            ROWS_QUERY,
            MARIADB_GTID,
            MARIADB_QUERY_COMPRESSED,
            HEARTBEAT,
            HEARTBEAT_V2,
            INCIDENT);
    List<Decoder<?>> decoders =
        List.of(
            FormatDescription::decode,
            RotateEvent::decode,
            new GtidEvent()::read,
            PreviousGtids::decode,
            QueryEvent::decode,
            QueryEvent::isBegin,
            XidEvent::decode,
            XaPrepareEvent::decode,
            RowsQuery::decode,
            MariadbGtidEvent::decode,
            HeartbeatEvent::decode,
            IncidentEvent::decode);
    int refused = 0;

    for (int round = 0; round < 5_000; round++) {
      byte[] event = bytes(events.get(random.nextInt(events.size())));
      int length = random.nextInt(4) == 0 ? random.nextInt(event.length + 1) : event.length;
      for (int flips = random.nextInt(4); flips > 0; flips--) {
        event[random.nextInt(event.length)] = (byte) random.nextInt(256);
      }
      byte[] cut = Arrays.copyOf(event, length);
      for (Decoder<?> decoder : decoders) {
        try {
          decoder.decode(cut, 0, length);
        } catch (CanalException e) {
          refused++;
          assertThat(e.code()).isEqualTo(ErrorCode.STOP_INSTANCE);
        } catch (RuntimeException | OutOfMemoryError e) {
          fail("seed " + seed + ": " + HexFormat.of().formatHex(cut), e);
        }
      }
    }

    assertThat(refused).isGreaterThan(1000);
  }

  @Test
  void shouldReadErrorsOfTheSource() {
    byte[] text = "..#HY000A replica with the same server_uuid/server_id as this".getBytes(UTF_8);
    byte[] packet = new byte[text.length + 1];
    packet[0] = (byte) 0xFF;
    System.arraycopy(text, 0, packet, 1, text.length);
    packet[1] = (byte) 0xD4;
    packet[2] = 0x04;

    SourceErrorException error = SourceErrorException.parse(packet);

    assertThat(error.number()).isEqualTo(1236);
    assertThat(error.sqlState()).isEqualTo("HY000");
    assertThat(error.kind()).isEqualTo(SourceErrorException.Kind.SAME_SERVER_ID);
    assertThat(error).hasMessageContaining("1236").hasMessageContaining("A replica with");
  }
}
