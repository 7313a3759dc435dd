package io.canal.server.subscription;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.canal.parser.consumer.CatchUps;
import io.canal.parser.log.ChangeLog;
import io.canal.parser.log.ChangeLogWriter;
import io.canal.parser.log.Frame;
import io.canal.parser.log.LogFile;
import io.canal.parser.log.Transaction;
import io.canal.protocol.Gtid;
import io.canal.protocol.GtidSet;
import io.canal.protocol.SourcePosition;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.UUID;

/**
 * A change log that a test fills by hand, as the receiver would. The version of a table is its
 * number; each rows event holds one row, a text.
 */
public final class LogFixture {
  public static final int EVENT_HEADER = 19;
  static final UUID SERVER = UUID.fromString("3e11fa47-71ca-11e1-9e33-c80aa9429562");

  public final ChangeLog log;
  private final ChangeLogWriter writer;
  private final LogFile file = new LogFile(Optional.of(SERVER), "binlog.000001");
  private final int fileNumber;
  private final Transaction transaction = new Transaction();
  private long offset = 4;
  private long gtid;

  public LogFixture(long budgetBytes) {
    SourcePosition start =
        new SourcePosition(
            Optional.of(new GtidSet()), Optional.of(SERVER), file.name(), offset, Optional.empty());
    log = new ChangeLog(budgetBytes, start, frame -> 1);
    writer = log.writer();
    fileNumber = writer.addFile(file);
  }

  /** For a log that is never left. */
  public static CatchUps noCatchUps() {
    return new CatchUps(
        "example",
        (connection, position) -> {
          throw new AssertionError("nothing catches up, yet a consumer asks at " + position);
        },
        Runnable::run,
        System::nanoTime);
  }

  public LogFixture begin() throws InterruptedException {
    return begin(false);
  }

  private LogFixture begin(boolean statement) throws InterruptedException {
    gtid++;
    transaction.set(file, offset, 1_700_000_000L + gtid, 1, 60, 7, statement);
    transaction.gtid(new Gtid(SERVER, "", gtid), 0, 0);
    writer.begin(transaction, fileNumber);
    offset += 60;
    return this;
  }

  public LogFixture row(int table, String text) throws InterruptedException {
    return row(table, text, text.length());
  }

  /** A row that takes {@code length} bytes of its event's body. */
  public LogFixture row(int table, String text, int length) throws InterruptedException {
    int eventLength = EVENT_HEADER + 4 + length;
    writer.claim(eventLength);
    event(30, eventLength).putInt(text.length()).put(text.getBytes(US_ASCII));
    writer.rows(fileNumber, table, offset, eventLength);
    writer.tellReaders();
    offset += eventLength + 4;
    return this;
  }

  public LogFixture end() throws InterruptedException {
    writer.claim(EVENT_HEADER + 8);
    event(16, EVENT_HEADER + 8).putLong(gtid);
    writer.end(false, fileNumber, offset, EVENT_HEADER + 8);
    writer.tellReaders();
    offset += EVENT_HEADER + 8 + 4;
    return this;
  }

  /** A transaction of one row. */
  public LogFixture insert(int table, String text) throws InterruptedException {
    return begin().row(table, text).end();
  }

  /** A statement that is its own transaction. */
  public LogFixture ddl(String sql) throws InterruptedException {
    begin(true);
    int eventLength = EVENT_HEADER + 4 + sql.length();
    writer.claim(eventLength);
    event(2, eventLength).putInt(sql.length()).put(sql.getBytes(US_ASCII));
    writer.query(fileNumber, offset, eventLength);
    offset += eventLength + 4;
    writer.claim(0);
    writer.end(true, fileNumber, offset, 0);
    writer.tellReaders();
    return this;
  }

  private ByteBuffer event(int type, int length) {
    return ByteBuffer.wrap(writer.array(), writer.bodyOffset(), length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(1_700_000_000)
        .put((byte) type)
        .putInt(1)
        .putInt(length + 4)
        .putInt((int) (offset + length + 4))
        .putShort((short) 0);
  }

  /** The text that {@link #row} or {@link #ddl} was given. */
  static String textOf(Frame frame) {
    int at = frame.bodyOffset() + EVENT_HEADER;
    int length = ByteBuffer.wrap(frame.array(), at, 4).order(ByteOrder.LITTLE_ENDIAN).getInt();
    return new String(frame.array(), at + 4, length, US_ASCII);
  }
}
