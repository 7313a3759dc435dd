package io.canal.server.subscription;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.canal.parser.log.Frame;
import io.canal.parser.log.FrameFilter;
import io.canal.parser.log.FrameKind;
import io.canal.parser.log.Transaction;
import io.canal.protocol.CanalEntry.Entry;
import io.canal.protocol.CanalEntry.EntryType;
import io.canal.protocol.CanalException;
import io.canal.protocol.CanalPacket.Messages;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.GtidSet;
import io.canal.protocol.WriteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Writes the rows of {@link LogFixture} as entries whose store value is the row's text, as long as
 * the event.
 */
public final class TextEntries implements EntryWriter {
  private final AtomicLong written;

  public TextEntries() {
    this(new AtomicLong());
  }

  /**
   * @param written counts the rows
   */
  TextEntries(AtomicLong written) {
    this.written = written;
  }

  /** A filter is a regular expression for {@code t} and the number of a table. */
  public static FrameFilter filter(String expression) {
    if (expression.isEmpty()) {
      return frame -> true;
    }
    Pattern pattern;
    try {
      pattern = Pattern.compile(expression);
    } catch (PatternSyntaxException e) {
      throw new CanalException(
          ErrorCode.BAD_REQUEST, "filter '" + expression + "', character " + (e.getIndex() + 1), e);
    }
    return frame -> {
      String table =
          frame.kind() == FrameKind.ROWS ? "t" + frame.tableVersion() : LogFixture.textOf(frame);
      return pattern.matcher(table).matches();
    };
  }

  @Override
  public void writeBegin(Transaction transaction, Optional<GtidSet> executed, WriteBuffer out) {
    append(EntryType.TRANSACTIONBEGIN, "begin " + transaction.number(), 0, out);
  }

  @Override
  public int write(
      Frame frame, Transaction transaction, Optional<GtidSet> executed, WriteBuffer out) {
    if (frame.kind() == FrameKind.END) {
      append(EntryType.TRANSACTIONEND, "end " + transaction.number(), 0, out);
      return 0;
    }
    String text = LogFixture.textOf(frame);
    if (text.equals("broken")) {
      throw new CanalException(ErrorCode.STOP_INSTANCE, "a row that cannot be read");
    }
    written.incrementAndGet();
    append(EntryType.ROWDATA, text, frame.bodyLength() - LogFixture.EVENT_HEADER - 4, out);
    return frame.kind() == FrameKind.ROWS ? 1 : 0;
  }

  private static void append(EntryType type, String text, int length, WriteBuffer out) {
    byte[] value = new byte[Math.max(length, text.length())];
    java.util.Arrays.fill(value, (byte) ' ');
    for (int i = 0; i < text.length(); i++) {
      value[i] = (byte) text.charAt(i);
    }
    byte[] entry =
        Entry.newBuilder()
            .setEntryType(type)
            .setStoreValue(ByteString.copyFrom(value))
            .build()
            .toByteArray();
    out.writeByte(2 << 3 | 2);
    out.writeVarint32(entry.length);
    out.writeBytes(entry);
  }

  /** What the entries say, from the body of a {@code Messages}. */
  public static List<String> read(Messages messages) {
    return messages.getMessagesList().stream().map(TextEntries::text).toList();
  }

  private static String text(ByteString bytes) {
    try {
      return Entry.parseFrom(bytes).getStoreValue().toStringUtf8().strip();
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError(e);
    }
  }
}
