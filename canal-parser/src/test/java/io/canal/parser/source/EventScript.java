package io.canal.parser.source;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.github.luben.zstd.Zstd;
import io.canal.parser.binlog.BinlogEventStream;
import io.canal.parser.binlog.EventHeader;
import io.canal.parser.binlog.EventType;
import io.canal.protocol.Gtid;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.Deflater;

/**
 * What a source sends on one dump connection until that breaks off, made by hand, without
 * checksums. Tables have one column, an INT; rows of them are numbers.
 */
final class EventScript {
  private static final int INT_TYPE = 3;

  private final ByteArrayOutputStream packets = new ByteArrayOutputStream();
  private final ByteArrayOutputStream events = new ByteArrayOutputStream();
  private int sequence = 1;
  private long offset;

  /** A connection that says nothing of files: the events to come stand at that offset. */
  EventScript(long offset) {
    this.offset = offset;
  }

  /** A connection as a source begins it, with a ROTATE that it makes up. */
  static EventScript at(String file, long offset) {
    return new EventScript(offset).rotateTo(file, offset, true);
  }

  private static ByteBuffer body(int length) {
    return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
  }

  private EventScript event(int type, int flags, boolean standsInFile, ByteBuffer body) {
    int length = EventHeader.LENGTH + body.capacity();
    if (standsInFile) {
      offset += length;
    }
    byte[] packet = new byte[5 + length];
    ByteBuffer.wrap(packet)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt((1 + length) | (sequence++ & 0xFF) << 24)
        .put((byte) 0)
        .putInt(1_700_000_000)
        .put((byte) type)
        .putInt(1)
        .putInt(length)
        .putInt(standsInFile ? (int) offset : 0)
        .putShort((short) flags)
        .put(body.flip());
    packets.writeBytes(packet);
    events.write(packet, 5, length);
    return this;
  }

  private EventScript event(int type, ByteBuffer body) {
    return event(type, 0, true, body);
  }

  EventScript rotate(String file) {
    return rotateTo(file, 4, false);
  }

  private EventScript rotateTo(String file, long position, boolean artificial) {
    byte[] name = file.getBytes(UTF_8);
    int flags = artificial ? EventHeader.ARTIFICIAL : 0;
    event(EventType.ROTATE, flags, !artificial, body(8 + name.length).putLong(position).put(name));
    offset = position;
    return this;
  }

  EventScript gtid(Gtid gtid) {
    return event(
        EventType.GTID,
        body(42)
            .put((byte) 1)
            .put(
                ByteBuffer.allocate(16)
                    .putLong(gtid.sid().getMostSignificantBits())
                    .putLong(gtid.sid().getLeastSignificantBits())
                    .flip())
            .putLong(gtid.number())
            .put((byte) 2)
            .putLong(0)
            .putLong(1));
  }

  EventScript query(String sql) {
    byte[] text = sql.getBytes(UTF_8);
    return event(
        EventType.QUERY,
        body(18 + text.length)
            .putInt(7)
            .putInt(0)
            .put((byte) 4)
            .putShort((short) 0)
            .putShort((short) 0)
            .put("shop".getBytes(UTF_8))
            .put((byte) 0)
            .put(text));
  }

  EventScript begin(Gtid gtid) {
    return gtid(gtid).query("BEGIN");
  }

  EventScript tableMap(long tableId, String table) {
    byte[] name = table.getBytes(UTF_8);
    return event(
        EventType.TABLE_MAP,
        body(20 + name.length)
            .putInt((int) tableId)
            .putInt(0)
            .put((byte) 4)
            .put("shop".getBytes(UTF_8))
            .put((byte) 0)
            .put((byte) name.length)
            .put(name)
            .put((byte) 0)
            .put((byte) 1)
            .put((byte) INT_TYPE)
            .put((byte) 0)
            .put((byte) 1));
  }

  /** Inserts of the numbers from {@code first} on, in one event. */
  EventScript rows(long tableId, int first, int count) {
    ByteBuffer body =
        body(12 + 5 * count)
            .putInt((int) tableId)
            .putInt(0)
            .putShort((short) 2)
            .put((byte) 1)
            .put((byte) 1);
    for (int i = 0; i < count; i++) {
      body.put((byte) 0).putInt(first + i);
    }
    return event(EventType.WRITE_ROWS, body);
  }

  /** The same rows as MariaDB compresses them. */
  EventScript compressedRows(long tableId, int first, int count) {
    byte[] images = new byte[5 * count];
    ByteBuffer into = ByteBuffer.wrap(images).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < count; i++) {
      into.put((byte) 0).putInt(first + i);
    }
    byte[] zlib = new byte[64 + 6 * count];
    Deflater deflater = new Deflater();
    deflater.setInput(images);
    deflater.finish();
    int length = deflater.deflate(zlib);
    deflater.end();
    return event(
        EventType.MARIADB_WRITE_ROWS_COMPRESSED_V1,
        body(10 + 5 + length)
            .putInt((int) tableId)
            .putInt(0)
            .put((byte) 1)
            .put((byte) 1)
            .put((byte) 0x84)
            .putInt(Integer.reverseBytes(images.length))
            .put(zlib, 0, length));
  }

  /** The events of another script, compressed to one. */
  EventScript payload(EventScript inner) {
    byte[] raw = inner.events.toByteArray();
    byte[] compressed = Zstd.compress(raw);
    return event(
        EventType.TRANSACTION_PAYLOAD,
        body(15 + compressed.length)
            .put((byte) 2)
            .put((byte) 1)
            .put((byte) 0)
            .put((byte) 3)
            .put((byte) 9)
            .put((byte) 0xFE)
            .putLong(raw.length)
            .put((byte) 0)
            .put(compressed));
  }

  EventScript xid() {
    return event(EventType.XID, body(8).putLong(99));
  }

  /** Where the last event ends in its file. */
  long offset() {
    return offset;
  }

  BinlogEventStream stream() {
    return new BinlogEventStream(new ByteArrayInputStream(packets.toByteArray()), false);
  }
}
