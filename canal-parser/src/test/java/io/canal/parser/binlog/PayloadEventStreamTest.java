package io.canal.parser.binlog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import com.github.luben.zstd.Zstd;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PayloadEventStreamTest {
  private static final int MAX_PACKET = 0xFFFFFF;
  private static final int ZSTD = 0;
  private static final int NONE = 255;

  private final PayloadEventStream payload = new PayloadEventStream();

  @AfterEach
  void close() {
    payload.close();
  }

  private static byte[] event(int type, byte[] body, boolean checksum) {
    int size = EventHeader.LENGTH + body.length + (checksum ? 4 : 0);
    ByteBuffer event = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    event.putInt(1_700_000_000).put((byte) type).putInt(7).putInt(size).putInt(0);
    event.putShort((short) 0).put(body);
    if (checksum) {
      CRC32 crc = new CRC32();
      crc.update(event.array(), 0, size - 4);
      event.putInt((int) crc.getValue());
    }
    return event.array();
  }

  private static byte[] random(int length, Random random) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  private static byte[] join(List<byte[]> parts) {
    ByteArrayOutputStream joined = new ByteArrayOutputStream();
    parts.forEach(joined::writeBytes);
    return joined.toByteArray();
  }

  /** The body of a TRANSACTION_PAYLOAD event: three fields, the end of the fields, the payload. */
  private static byte[] body(int compression, long uncompressedSize, byte[] compressed) {
    ByteBuffer head = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
    if (compression < 0xFB) {
      head.put((byte) 2).put((byte) 1).put((byte) compression);
    } else {
      head.put((byte) 2).put((byte) 3).put((byte) 0xFC).putShort((short) compression);
    }
    head.put((byte) 3).put((byte) 9).put((byte) 0xFE).putLong(uncompressedSize);
    head.put((byte) 1).put((byte) 9).put((byte) 0xFE).putLong(compressed.length);
    head.put((byte) 0);
    return join(List.of(Arrays.copyOf(head.array(), head.position()), compressed));
  }

  private static byte[] compressed(byte[] events) {
    return body(ZSTD, events.length, Zstd.compress(events));
  }

  /** One payload event with a checksum, and an XID behind it, as they come on the wire. */
  private static byte[] wire(byte[] body) {
    ByteArrayOutputStream packets = new ByteArrayOutputStream();
    int sequence = 1;
    for (byte[] event :
        List.of(
            event(EventType.TRANSACTION_PAYLOAD, body, true),
            event(EventType.XID, new byte[8], true))) {
      byte[] message = join(List.of(new byte[1], event));
      for (int sent = 0, count = MAX_PACKET; count == MAX_PACKET; sent += count) {
        count = Math.min(MAX_PACKET, message.length - sent);
        packets.writeBytes(
            new byte[] {(byte) count, (byte) (count >> 8), (byte) (count >> 16), (byte) sequence});
        packets.write(message, sent, count);
        sequence = (sequence + 1) & 0xFF;
      }
    }
    return packets.toByteArray();
  }

  private static InputStream pieces(byte[] wire, Random random) {
    return new ByteArrayInputStream(wire) {
      @Override
      public int read(byte[] target, int offset, int length) {
        return super.read(target, offset, Math.min(length, 1 + random.nextInt(20_000)));
      }
    };
  }

  private static byte[] take(EventStream stream, Random random) throws IOException {
    switch (random.nextInt(3)) {
      case 0 -> {
        int length = stream.load();
        return Arrays.copyOfRange(stream.array(), stream.offset(), stream.offset() + length);
      }
      case 1 -> {
        byte[] target = new byte[3 + EventHeader.LENGTH + (int) stream.bodyLength()];
        stream.read(target, 3);
        return Arrays.copyOfRange(target, 3, target.length);
      }
      default -> {
        return new byte[0]; // passed over
      }
    }
  }

  private void assertEvents(List<byte[]> events, byte[] body, Random random) throws IOException {
    BinlogEventStream stream =
        new BinlogEventStream(pieces(wire(body), random), true, 4096 + random.nextInt(100_000));
    assertThat(stream.next()).isTrue();
    assertThat(stream.type()).isEqualTo(EventType.TRANSACTION_PAYLOAD);
    payload.open(stream);
    for (byte[] event : events) {
      assertThat(payload.next()).isTrue();
      assertThat(payload.type()).isEqualTo(event[4] & 0xFF);
      assertThat(payload.length()).isEqualTo(event.length);
      byte[] taken = take(payload, random);
      if (taken.length > 0) {
        assertThat(taken).isEqualTo(event);
      }
    }
    assertThat(payload.next()).isFalse();
    assertThat(stream.next()).isTrue();
    assertThat(stream.type()).isEqualTo(EventType.XID);
  }

  @Test
  void shouldGiveTheEventsOfPayloadsOfEverySize() throws IOException {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int largest : new int[] {1, 100, 5_000, 200_000, 20_000_000}) {
      List<byte[]> events = new ArrayList<>();
      for (int i = largest > 1_000_000 ? 3 : 50; i > 0; i--) {
        events.add(event(EventType.WRITE_ROWS, random(random.nextInt(largest), random), false));
      }
      events.add(event(EventType.XID, new byte[8], false));
      byte[] all = join(events);
      try {
        assertEvents(events, compressed(all), random);
        assertEvents(events, body(NONE, all.length, all), random);
      } catch (CanalException | IOException e) {
        fail("seed " + seed + ", events of up to " + largest + " bytes", e);
      }
    }
  }

  @Test
  void shouldProveTheChecksumBeforeTheLastEventIsHandedOut() throws IOException {
    byte[] rows = event(EventType.WRITE_ROWS, random(300_000, new Random(1)), false);
    byte[] xid = event(EventType.XID, new byte[8], false);
    byte[] wire = wire(compressed(join(List.of(rows, xid))));
    wire[wire.length - 36 - 1] ^= 1; // in front of the packet of the XID: the checksum
    BinlogEventStream stream = new BinlogEventStream(new ByteArrayInputStream(wire), true);
    assertThat(stream.next()).isTrue();
    payload.open(stream);
    assertThat(payload.next()).isTrue();
    payload.skip();
    assertThat(payload.next()).isTrue();

    assertThatThrownBy(payload::load)
        .isInstanceOf(CanalException.class)
        .hasMessageContaining("checksum");
  }

  private void assertRefused(byte[] body, String message) {
    assertThatThrownBy(
            () -> {
              BinlogEventStream stream =
                  new BinlogEventStream(new ByteArrayInputStream(wire(body)), true);
              stream.next();
              payload.open(stream);
              while (payload.next()) {
                payload.load();
              }
            })
        .isInstanceOfSatisfying(
            CanalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STOP_INSTANCE))
        .hasMessageContaining(message);
  }

  @Test
  void shouldRefuseAPayloadThatDoesNotFitItsHeader() {
    byte[] xid = event(EventType.XID, new byte[8], false);
    byte[] zstd = Zstd.compress(xid);
    byte[] longer = xid.clone();
    longer[9]++;

    assertRefused(body(1, xid.length, zstd), "compression type 1");
    assertRefused(body(ZSTD, xid.length - 1, zstd), "event of type 16 and 27 bytes");
    assertRefused(body(ZSTD, 2L * xid.length, zstd), "before its uncompressed size");
    assertRefused(body(ZSTD, xid.length, Zstd.compress(join(List.of(xid, xid)))), "goes on behind");
    assertRefused(compressed(longer), "event of type 16 and 28 bytes, of which 27 are left");
    assertRefused(body(ZSTD, xid.length, Arrays.copyOf(zstd, zstd.length - 3)), "inside a frame");
    assertRefused(body(ZSTD, xid.length, new byte[40]), "zstd stream");
    assertRefused(body(ZSTD, 1L << 31, zstd), "2147483648 bytes, compressed to");
    assertRefused(new byte[] {0}, "no uncompressed size");
    assertRefused(new byte[] {3, 9, (byte) 0xFE}, "");
    assertRefused(new byte[] {77, (byte) 200, 1}, "field 77 of 200 bytes");
  }

  @Test
  void shouldMeetDamagedBytesWithNothingButItsOwnError() throws IOException {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    byte[] rows = event(EventType.WRITE_ROWS, random(2_000, random), false);
    byte[] sound = compressed(join(List.of(rows, rows, event(EventType.XID, new byte[8], false))));
    int refused = 0;

    for (int round = 0; round < 3_000; round++) {
      byte[] damaged = Arrays.copyOf(sound, sound.length - random.nextInt(3));
      for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
        damaged[random.nextInt(random.nextBoolean() ? 40 : damaged.length)] =
            (byte) random.nextInt(256);
      }
      BinlogEventStream stream =
          new BinlogEventStream(new ByteArrayInputStream(wire(damaged)), true);
      stream.next();
      try {
        payload.open(stream);
        while (payload.next()) {
          payload.load();
        }
      } catch (CanalException | IOException e) {
        refused++;
      } catch (RuntimeException | OutOfMemoryError e) {
        fail("seed " + seed + ": " + HexFormat.of().formatHex(damaged), e);
      }
    }

    assertThat(refused).isGreaterThan(1_000);
  }
}
