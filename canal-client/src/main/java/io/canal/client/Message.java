package io.canal.client;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import io.canal.protocol.CanalEntry.Entry;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.List;
import java.util.RandomAccess;

/**
 * One batch of entries, kept as it was received: an entry is parsed when it is first asked for.
 * Immutable and safe from any thread.
 */
public final class Message {
  /** The id of a batch without entries: nothing to acknowledge. */
  public static final long NO_BATCH = -1;

  private final long id;
  private final byte[] messages;
  private final List<ByteString> rawEntries;
  private final List<Entry> entries;

  /**
   * @param messages a serialized {@code Messages}, not changed by anybody any more
   */
  Message(byte[] messages) {
    this.messages = messages;
    long batchId = 0;
    List<ByteString> raw = new ArrayList<>();
    WireReader reader = new WireReader();
    reader.wrap(messages, 0, messages.length);
    while (reader.next()) {
      if (reader.field() == 1) {
        batchId = reader.number();
      } else if (reader.field() == 2) {
        raw.add(UnsafeByteOperations.unsafeWrap(messages, reader.offset(), reader.length()));
      }
    }
    id = batchId;
    rawEntries = List.copyOf(raw);
    entries = new ParsedOnDemand(rawEntries);
  }

  /** The number to acknowledge or roll back, or {@link #NO_BATCH}. */
  public long getId() {
    return id;
  }

  /**
   * The entries as protobuf objects.
   *
   * @throws CanalException from the list's {@code get} with {@link ErrorCode#RETRY} if that entry
   *     is malformed
   */
  public List<Entry> getEntries() {
    return entries;
  }

  /** The entries as they came, each a serialized {@code Entry}. */
  public List<ByteString> getRawEntries() {
    return rawEntries;
  }

  /**
   * Hands each row and statement to a listener without making objects of them; all but {@link
   * ChangeListener#onBatchEnd}.
   */
  public void forEachChange(ChangeListener listener) throws Exception {
    new BatchReader().deliver(messages, 0, messages.length, listener);
  }

  @Override
  public String toString() {
    return "batch " + id + " of " + rawEntries.size() + " entries";
  }

  private static final class ParsedOnDemand extends AbstractList<Entry> implements RandomAccess {
    private final List<ByteString> raw;
    // an entry is immutable, so that two threads may both parse it
    private final Entry[] parsed;

    ParsedOnDemand(List<ByteString> raw) {
      this.raw = raw;
      parsed = new Entry[raw.size()];
    }

    @Override
    public Entry get(int place) {
      Entry entry = parsed[place];
      if (entry == null) {
        try {
          entry = Entry.parseFrom(raw.get(place));
        } catch (InvalidProtocolBufferException e) {
          throw new CanalException(ErrorCode.RETRY, "entry " + place + " is malformed", e);
        }
        parsed[place] = entry;
      }
      return entry;
    }

    @Override
    public int size() {
      return parsed.length;
    }
  }
}
