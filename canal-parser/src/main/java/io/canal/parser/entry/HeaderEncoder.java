package io.canal.parser.entry;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.canal.parser.log.Frame;
import io.canal.parser.log.Transaction;
import io.canal.protocol.WriteBuffer;
import java.util.UUID;

/**
 * Writes the headers of entries. What stays the same from entry to entry, the file's name and the
 * transaction's GTIDs, is kept as bytes. Owned by the thread of its {@link EntryEncoder}.
 */
final class HeaderEncoder {
  static final int NO_EVENT_TYPE = -1;
  static final Constant NO_NAMES = names("", "");

  private static final int VERSION = 1;
  private static final int SOURCE_TYPE_MYSQL = 2;
  private static final byte[] HEX_DIGITS = "0123456789abcdef".getBytes(US_ASCII);
  private static final byte[] ROWS_COUNT = pairKey("rowsCount");
  private static final byte[] CURRENT_GTID = pairKey("curtGtid");
  private static final byte[] SEQUENCE_NUMBER = pairKey("curtGtidSn");
  private static final byte[] LAST_COMMITTED = pairKey("curtGtidLct");
  private static final Constant ONE_ROW = Constant.of(out -> writeNumberPair(ROWS_COUNT, 1, out));

  private final boolean showGtids;

  // owned by the encoding thread
  private int width = 2;
  private String fileName = "";
  private Constant start = start(fileName);
  // fields of the transaction that sid, tag, number and executed name
  private final WriteBuffer gtidFields = new WriteBuffer(256);
  private UUID sid;
  private String tag = "";
  private long number;
  private String executed = "";

  HeaderEncoder(boolean showGtids) {
    this.showGtids = showGtids;
  }

  /** The fields of all headers of a file. */
  private static Constant start(String fileName) {
    return Constant.of(
        out -> {
          out.writeByte(EntryFields.HEADER_VERSION);
          out.writeByte(VERSION);
          writeText(EntryFields.HEADER_SERVEREN_CODE, "UTF-8", out);
          out.writeByte(EntryFields.HEADER_SOURCE_TYPE);
          out.writeByte(SOURCE_TYPE_MYSQL);
          writeText(EntryFields.HEADER_LOGFILE_NAME, fileName, out);
        });
  }

  private static byte[] pairKey(String key) {
    WriteBuffer out = new WriteBuffer(16);
    writeText(EntryFields.PAIR_KEY, key, out);
    return out.toByteArray();
  }

  /** The fields schemaName and tableName, to be kept and given to {@link #write}. */
  static Constant names(String schemaName, String tableName) {
    return Constant.of(
        out -> {
          if (!schemaName.isEmpty()) {
            writeText(EntryFields.HEADER_SCHEMA_NAME, schemaName, out);
          }
          if (!tableName.isEmpty()) {
            writeText(EntryFields.HEADER_TABLE_NAME, tableName, out);
          }
        });
  }

  /** Writes the header of a transaction's BEGIN as Entry's field. */
  void writeBegin(Transaction transaction, String executedGtids, WriteBuffer out) {
    int mark = begin(out);
    writeEvent(
        transaction.file().name(),
        transaction.offset(),
        transaction.serverId(),
        transaction.timestampSeconds(),
        transaction.eventLength(),
        out);
    writeGtids(transaction, executedGtids, out);
    width = out.endMessage(mark, width);
  }

  /**
   * Writes the header of an event as Entry's field.
   *
   * @param eventType a number of EventType, or {@link #NO_EVENT_TYPE}
   * @param names of {@link #names}
   * @param rows of a rows event, else 0
   */
  void write(
      Frame frame,
      int eventType,
      Constant names,
      int rows,
      Transaction transaction,
      String executedGtids,
      WriteBuffer out) {
    int mark = begin(out);
    writeEvent(
        frame.file().name(),
        frame.eventOffset(),
        frame.serverId(),
        frame.timestampSeconds(),
        frame.eventLength(),
        out);
    names.write(out);
    if (eventType != NO_EVENT_TYPE) {
      out.writeByte(EntryFields.HEADER_EVENT_TYPE);
      out.writeByte(eventType);
    }
    writeGtids(transaction, executedGtids, out);
    if (rows == 1) {
      ONE_ROW.write(out);
    } else if (rows > 0) {
      writeNumberPair(ROWS_COUNT, rows, out);
    }
    width = out.endMessage(mark, width);
  }

  private int begin(WriteBuffer out) {
    out.writeByte(EntryFields.ENTRY_HEADER);
    return out.beginMessage(width);
  }

  private void writeEvent(
      String file, long offset, long serverId, long seconds, long length, WriteBuffer out) {
    if (!file.equals(fileName)) {
      start = start(file);
      fileName = file;
    }
    start.write(out);
    out.writeByte(EntryFields.HEADER_LOGFILE_OFFSET);
    out.writeVarint64(offset);
    out.writeByte(EntryFields.HEADER_SERVER_ID);
    out.writeVarint64(serverId);
    out.writeByte(EntryFields.HEADER_EXECUTE_TIME);
    out.writeVarint64(seconds * 1000);
    out.writeByte(EntryFields.HEADER_EVENT_LENGTH);
    out.writeVarint64(length);
  }

  private void writeGtids(Transaction transaction, String executedGtids, WriteBuffer out) {
    if (!showGtids) {
      return;
    }
    if (number != transaction.number()
        || !executed.equals(executedGtids)
        || (number != 0 && !(transaction.sid().equals(sid) && transaction.tag().equals(tag)))) {
      prepareGtids(transaction, executedGtids);
    }
    out.writeBytes(gtidFields.array(), 0, gtidFields.position());
  }

  private void prepareGtids(Transaction transaction, String executedGtids) {
    gtidFields.clear();
    if (transaction.hasGtid()) {
      writeCurrentGtid(transaction, gtidFields);
      writeNumberPair(SEQUENCE_NUMBER, transaction.sequenceNumber(), gtidFields);
      writeNumberPair(LAST_COMMITTED, transaction.lastCommitted(), gtidFields);
    }
    if (!executedGtids.isEmpty()) {
      writeText(EntryFields.HEADER_GTID, executedGtids, gtidFields);
    }
    sid = transaction.sid();
    tag = transaction.tag();
    number = transaction.number();
    executed = executedGtids;
  }

  /** The text of {@link io.canal.protocol.Gtid}, without making one: there may be one per row. */
  private static void writeCurrentGtid(Transaction transaction, WriteBuffer out) {
    out.writeByte(EntryFields.HEADER_PROPS);
    int pairMark = out.beginMessage(1);
    out.writeBytes(CURRENT_GTID);
    out.writeByte(EntryFields.PAIR_VALUE);
    int valueMark = out.beginMessage(1);
    long high = transaction.sid().getMostSignificantBits();
    long low = transaction.sid().getLeastSignificantBits();
    writeHex(high >>> 32, 8, out);
    out.writeByte('-');
    writeHex(high >>> 16, 4, out);
    out.writeByte('-');
    writeHex(high, 4, out);
    out.writeByte('-');
    writeHex(low >>> 48, 4, out);
    out.writeByte('-');
    writeHex(low, 12, out);
    out.writeByte(':');
    if (!transaction.tag().isEmpty()) {
      out.writeAscii(transaction.tag());
      out.writeByte(':');
    }
    out.writeDecimal(transaction.number());
    out.endMessage(valueMark, 1);
    out.endMessage(pairMark, 1);
  }

  private static void writeHex(long value, int digits, WriteBuffer out) {
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
      out.writeByte(HEX_DIGITS[(int) (value >>> shift) & 0xF]);
    }
  }

  private static void writeNumberPair(byte[] key, long value, WriteBuffer out) {
    out.writeByte(EntryFields.HEADER_PROPS);
    int pairMark = out.beginMessage(1);
    out.writeBytes(key);
    out.writeByte(EntryFields.PAIR_VALUE);
    int valueMark = out.beginMessage(1);
    out.writeDecimal(value);
    out.endMessage(valueMark, 1);
    out.endMessage(pairMark, 1);
  }

  /** Writes a string field. */
  static void writeText(int tag, String text, WriteBuffer out) {
    byte[] bytes = text.getBytes(UTF_8);
    out.writeByte(tag);
    out.writeVarint32(bytes.length);
    out.writeBytes(bytes);
  }
}
