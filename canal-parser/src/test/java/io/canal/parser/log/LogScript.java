package io.canal.parser.log;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.canal.protocol.Gtid;
import io.canal.protocol.GtidSet;
import io.canal.protocol.SourcePosition;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * Writes frames as a receiver does. A rows event holds the number of its first row and how many
 * there are, so that a test can tell which rows a reader was given.
 */
public final class LogScript {
  public static final UUID SERVER = UUID.fromString("3e11fa47-71ca-11e1-9e33-c80aa9429562");
  public static final SourcePosition START_WITH_GTIDS =
      new SourcePosition(
          Optional.of(new GtidSet()), Optional.of(SERVER), "binlog.000001", 4, Optional.empty());
  public static final SourcePosition START =
      new SourcePosition(
          Optional.empty(), Optional.of(SERVER), "binlog.000001", 4, Optional.empty());
  public static final RowCounter ROW_COUNTER = LogScript::rowCount;

  private static final int EVENT_HEADER = 19;
  private static final int CHECKSUM = 4;

  /** Bytes of the events in the file. */
  public static final int BEGIN_LENGTH = 60;

  public static final int END_LENGTH = EVENT_HEADER + 8 + CHECKSUM;

  private final ChangeLogWriter writer;
  private final Transaction transaction = new Transaction();
  private LogFile file;
  private int fileNumber;
  private long offset;

  public LogScript(ChangeLog log, String fileName, long offset) {
    writer = log.writer();
    file = new LogFile(Optional.of(SERVER), fileName);
    fileNumber = writer.addFile(file);
    this.offset = offset;
  }

  public LogScript begin(long gtidNumber) throws InterruptedException {
    transaction.set(file, offset, 1_700_000_000L, 1, BEGIN_LENGTH, 7, false);
    transaction.gtid(gtidNumber == 0 ? null : new Gtid(SERVER, "", gtidNumber), 0, 0);
    writer.begin(transaction, fileNumber);
    offset += BEGIN_LENGTH;
    return this;
  }

  /** A rows event with {@code count} rows from {@code first} on. */
  public LogScript rows(int first, int count, int padding) throws InterruptedException {
    int length = EVENT_HEADER + 8 + padding;
    writer.claim(length);
    event(length).putInt(first).putInt(count);
    writer.rows(fileNumber, 0, offset, length);
    writer.tellReaders();
    offset += rowsLength(padding);
    return this;
  }

  /** Bytes in the file of a rows event with that padding. */
  public static int rowsLength(int padding) {
    return EVENT_HEADER + 8 + padding + CHECKSUM;
  }

  public LogScript skipRows(int count) {
    writer.skipRows(count);
    return this;
  }

  LogScript query(String sql) throws InterruptedException {
    byte[] text = sql.getBytes(US_ASCII);
    writer.claim(EVENT_HEADER + text.length);
    event(EVENT_HEADER + text.length).put(text);
    writer.query(fileNumber, offset, EVENT_HEADER + text.length);
    offset += EVENT_HEADER + text.length + 4;
    return this;
  }

  public LogScript end() throws InterruptedException {
    writer.claim(EVENT_HEADER + 8);
    event(EVENT_HEADER + 8).putLong(0);
    writer.end(false, fileNumber, offset, EVENT_HEADER + 8);
    writer.tellReaders();
    offset += END_LENGTH;
    return this;
  }

  public LogScript move(String fileName) throws InterruptedException {
    file = new LogFile(Optional.of(SERVER), fileName);
    fileNumber = writer.addFile(file);
    offset = 4;
    writer.move(fileNumber, offset);
    return this;
  }

  LogScript rollback(long backTo) {
    writer.rollback();
    offset = backTo;
    return this;
  }

  public long offset() {
    return offset;
  }

  private ByteBuffer event(int length) {
    ByteBuffer event =
        ByteBuffer.wrap(writer.array(), writer.bodyOffset(), length)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt(1_700_000_000)
            .put((byte) 30)
            .putInt(1)
            .putInt(length + 4)
            .putInt((int) (offset + length + 4))
            .putShort((short) 0);
    return event;
  }

  private static ByteBuffer body(Frame frame) {
    return ByteBuffer.wrap(frame.array(), frame.bodyOffset() + EVENT_HEADER, 8)
        .order(ByteOrder.LITTLE_ENDIAN);
  }

  private static int rowCount(Frame frame) {
    return body(frame).getInt(frame.bodyOffset() + EVENT_HEADER + 4);
  }

  /** The rows of a frame that its reader is to see. */
  public static List<Integer> rowsOf(Frame frame) {
    int first = body(frame).getInt();
    List<Integer> rows = new ArrayList<>();
    for (int i = frame.rowsToSkip(); i < rowCount(frame); i++) {
      rows.add(first + i);
    }
    return rows;
  }

  /** All rows that a reader finds now. */
  static List<Integer> readRows(ChangeReader reader) {
    List<Integer> rows = new ArrayList<>();
    while (reader.next()) {
      if (reader.frame().kind() == FrameKind.ROWS) {
        rows.addAll(rowsOf(reader.frame()));
      }
    }
    return rows;
  }
}
