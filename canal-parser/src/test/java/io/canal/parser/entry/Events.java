package io.canal.parser.entry;

import java.util.HexFormat;

/**
 * Raw events as MySQL 9.7 wrote them with binlog_row_metadata=FULL into {@link #FILE}, in database
 * {@code shop} by server 21600: event header and body, without the checksum.
 */
final class Events {
  static final String FILE = "binlog.000002";

  // CREATE TABLE rowsx (id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20),
  //   price DECIMAL(10,2), big BIGINT UNSIGNED, ts TIMESTAMP NULL, js JSON, e ENUM('a','b'),
  //   bin VARBINARY(4)), in lower case
  static final byte[] CREATE =
      HexFormat.of()
          .parseHex(
              "1628066b02605400001d0100003202000000000900000000000000040000310000000000"
                  + "00012000a04500000000060373746404ff00ff00ff000c0173686f70001001111d000000"
                  + "0000000012ff00130073686f7000637265617465207461626c6520726f77737820286964"
                  + "20696e7420756e7369676e6564206e6f74206e756c6c206175746f5f696e6372656d656e"
                  + "74207072696d617279206b65792c206e616d652076617263686172283230292c20707269"
                  + "636520646563696d616c2831302c32292c2062696720626967696e7420756e7369676e65"
                  + "642c2074732074696d657374616d70206e756c6c2c206a73206a736f6e2c206520656e75"
                  + "6d282761272c276227292c2062696e2076617262696e61727928342929");

  static final long CREATE_OFFSET = 277;

  // the TABLE_MAP of that table
  static final byte[] TABLE_MAP =
      HexFormat.of()
          .parseHex(
              "1628066b13605400007c00000050030000000076000000000001000473686f700005726f"
                  + "7773780008030ff60811f5fe0f0a50000a020004f7010400fe0101a00304fcff003f041e"
                  + "026964046e616d6505707269636503626967027473026a7301650362696e0a03fcff0006"
                  + "0502016101620801000c01ff");

  static final long TABLE_MAP_OFFSET = 724;

  // INSERT INTO rowsx VALUES (1,'ä',1.5,18446744073709551615,'2024-01-02 03:04:05','{"a": 1}',
  //   'b',x'00ff'), (4000000000,NULL,NULL,7,NULL,NULL,NULL,NULL), at UTC
  static final byte[] INSERT =
      HexFormat.of()
          .parseHex(
              "1628066b1e605400005e000000ae03000000007600000000001100020008ff0001000000"
                  + "02c3a48000000132ffffffffffffffff65937d250d0000000001000c000b000100050100"
                  + "61020200fff600286bee0700000000000000");

  static final long INSERT_OFFSET = 848;

  // UPDATE rowsx SET name='b', big=8 WHERE id=4000000000
  static final byte[] UPDATE =
      HexFormat.of()
          .parseHex(
              "1628066b1f60540000400000006a04000000007600000000001100020008fffff600286b"
                  + "ee0700000000000000f400286bee01620800000000000000");

  static final long UPDATE_OFFSET = 1066;

  // DELETE FROM rowsx WHERE id=1
  static final byte[] DELETE =
      HexFormat.of()
          .parseHex(
              "1628066b2060540000510000003705000000007600000000001100020008ff0001000000"
                  + "02c3a48000000132ffffffffffffffff65937d250d0000000001000c000b000100050100"
                  + "61020200ff");

  static final long DELETE_OFFSET = 1254;

  // COMMIT
  static final byte[] XID =
      HexFormat.of().parseHex("1628066b10605400001f0000005605000000001f00000000000000");

  static final long XID_OFFSET = 1335;

  // UPDATE rowsx SET price=3 WHERE id=4000000000, with binlog_row_image=MINIMAL
  static final byte[] MINIMAL_UPDATE =
      HexFormat.of()
          .parseHex(
              "1628066b1f605400002f000000a40600000000760000000000110002000801040000286b"
                  + "ee008000000300");

  static final long MINIMAL_UPDATE_OFFSET = 1653;

  // RENAME TABLE rowsx TO rowsy
  static final byte[] RENAME =
      HexFormat.of()
          .parseHex(
              "1628066b02605400007100000081070000000009000000000000000400002d0000000000"
                  + "00012000a04500000000060373746404ff00ff00ff000c0173686f700011260000000000"
                  + "000012ff0073686f700072656e616d65207461626c6520726f77737820746f20726f7773"
                  + "79");

  static final long RENAME_OFFSET = 1808;

  // COMMIT of a transaction of MyISAM
  static final byte[] COMMIT =
      HexFormat.of()
          .parseHex(
              "1628066b02605400004c0000008b090000080009000000000000000400001d0000000000"
                  + "00012000a04500000000060373746404ff00ff00ff0012ff0073686f7000434f4d4d4954");

  static final long COMMIT_OFFSET = 2367;

  // TRUNCATE TABLE shop.rowsy
  static final byte[] TRUNCATE =
      HexFormat.of()
          .parseHex(
              "1628066b026054000068000000fc0a000000000900000000000000040000260000000000"
                  + "00012000a04500000000060373746404ff00ff00ff00112a0000000000000012ff007368"
                  + "6f70007472756e63617465207461626c652073686f702e726f777379");

  static final long TRUNCATE_OFFSET = 2708;

  private Events() {}
}
