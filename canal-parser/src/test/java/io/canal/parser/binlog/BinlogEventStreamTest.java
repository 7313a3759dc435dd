package io.canal.parser.binlog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class BinlogEventStreamTest {
  private static final int MAX_PACKET = 0xFFFFFF;

  /** What a source sends after a dump command. */
  private static final class Wire {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private int sequence = 1;
    private int offset = 4;

    Wire event(int type, byte[] body, boolean checksum) {
      byte[] event = raw(type, body, checksum, offset);
      offset += event.length;
      byte[] packet = new byte[event.length + 1];
      System.arraycopy(event, 0, packet, 1, event.length);
      return payload(packet);
    }

    Wire payload(byte[] payload) {
      int sent = 0;
      int count;
      do {
        count = Math.min(MAX_PACKET, payload.length - sent);
        packet(count, sequence, Arrays.copyOfRange(payload, sent, sent + count));
        sequence = (sequence + 1) & 0xFF;
        sent += count;
      } while (count == MAX_PACKET);
      return this;
    }

    Wire packet(int length, int number, byte[] payload) {
      bytes.write(length);
      bytes.write(length >> 8);
      bytes.write(length >> 16);
      bytes.write(number);
      bytes.writeBytes(payload);
      return this;
    }

    byte[] toByteArray() {
      return bytes.toByteArray();
    }

    BinlogEventStream stream(boolean checksummed) {
      return new BinlogEventStream(new ByteArrayInputStream(toByteArray()), checksummed);
    }
  }

  private static byte[] raw(int type, byte[] body, boolean checksum, int offset) {
    int size = EventHeader.LENGTH + body.length + (checksum ? 4 : 0);
    ByteBuffer buffer = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    buffer.putInt(1_700_000_000).put((byte) type).putInt(7).putInt(size).putInt(offset + size);
    buffer.putShort((short) 0).put(body);
    if (checksum) {
      CRC32 crc = new CRC32();
      crc.update(buffer.array(), 0, size - 4);
      buffer.putInt((int) crc.getValue());
    }
    return buffer.array();
  }

  /** Takes the event in one of the ways there are. */
  private static byte[] take(BinlogEventStream stream, Random random) throws IOException {
    if (random.nextBoolean()) {
      return read(stream);
    }
    int length = stream.load();
    return Arrays.copyOfRange(stream.array(), stream.offset(), stream.offset() + length);
  }

  private static byte[] read(BinlogEventStream stream) throws IOException {
    byte[] target = new byte[3 + EventHeader.LENGTH + (int) stream.bodyLength()];
    int count = stream.read(target, 3);
    assertThat(count).isEqualTo(target.length - 3);
    return Arrays.copyOfRange(target, 3, target.length);
  }

  private static byte[] filled(int length, long seed) {
    byte[] body = new byte[length];
    new Random(seed).nextBytes(body);
    return body;
  }

  @Test
  void shouldReadHeaderAndBodyWithoutTheChecksum() throws IOException {
    byte[] body = {1, 2, 3};
    BinlogEventStream stream = new Wire().event(EventType.XID, body, true).stream(true);

    assertThat(stream.next()).isTrue();

    assertThat(stream.type()).isEqualTo(EventType.XID);
    assertThat(stream.timestampSeconds()).isEqualTo(1_700_000_000);
    assertThat(stream.serverId()).isEqualTo(7);
    assertThat(stream.length()).isEqualTo(26);
    assertThat(stream.logPos()).isEqualTo(30);
    assertThat(stream.bodyLength()).isEqualTo(3);
    assertThat(read(stream)).isEqualTo(Arrays.copyOf(raw(EventType.XID, body, true, 4), 22));
    assertThatThrownBy(() -> stream.read(new byte[100], 0))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void shouldJoinEventsOfAnySizeAroundThePacketsEnd() throws IOException {
    // packets that end just before, at and after the largest size, once and twice: with the status
    // byte an event of 16 MiB - 2 fills one to the brim
    int full = MAX_PACKET - 1;
    for (int size : new int[] {full - 1, full, full + 1, full + 4, full + 5, full + MAX_PACKET}) {
      byte[] body = new byte[size - EventHeader.LENGTH - 4];
      for (int i = 0; i < body.length; i += 1021) {
        body[i] = (byte) (i >>> 8);
      }
      BinlogEventStream stream =
          new Wire()
                  .event(EventType.WRITE_ROWS, body, true)
                  .event(EventType.XID, new byte[8], true)
                  .stream(true);

      assertThat(stream.next()).isTrue();
      byte[] event = read(stream);
      assertThat(Arrays.equals(event, 19, event.length, body, 0, body.length))
          .as("size %d", size)
          .isTrue();
      assertThat(stream.next()).isTrue();
      assertThat(stream.type()).isEqualTo(EventType.XID);
      stream.skip();
      assertThatThrownBy(stream::next).isInstanceOf(EOFException.class);
    }
  }

  @Test
  void shouldReadAStreamThatArrivesInPieces() throws IOException {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    Wire wire = new Wire();
    byte[][] bodies = new byte[300][];
    for (int i = 0; i < bodies.length; i++) {
      bodies[i] = filled(random.nextInt(i % 50 == 0 ? 300_000 : 200), i);
      wire.event(EventType.WRITE_ROWS, bodies[i], true);
    }
    InputStream pieces =
        new ByteArrayInputStream(wire.toByteArray()) {
          @Override
          public int read(byte[] target, int offset, int length) {
            return super.read(target, offset, Math.min(length, 1 + random.nextInt(2000)));
          }
        };
    BinlogEventStream stream = new BinlogEventStream(pieces, true, 64 + random.nextInt(1000));

    for (int i = 0; i < bodies.length; i++) {
      assertThat(stream.next()).as("seed %d event %d", seed, i).isTrue();
      if (random.nextInt(3) == 0) {
        continue; // passed over by the next call
      }
      byte[] event = take(stream, random);
      assertThat(Arrays.copyOfRange(event, 19, event.length))
          .as("seed %d event %d", seed, i)
          .isEqualTo(bodies[i]);
    }
    assertThatThrownBy(stream::next)
        .isInstanceOf(EOFException.class)
        .hasMessage("the source closed the connection");
    assertThat(stream.bytesReceived()).isEqualTo(wire.toByteArray().length);
  }

  @Test
  void shouldRefuseAWrongChecksumInWhicheverWayTheEventIsTaken() throws IOException {
    byte[] small = new Wire().event(EventType.WRITE_ROWS, filled(100, 1), true).toByteArray();
    assertRefused(small, 1);
    byte[] large = new Wire().event(EventType.WRITE_ROWS, filled(70_000, 1), true).toByteArray();
    assertRefused(large, 997);
  }

  private static void assertRefused(byte[] sound, int step) throws IOException {
    for (int at = 5; at < sound.length; at += step) {
      boolean inLength = at >= 5 + 9 && at < 5 + 13;
      if (inLength || at == 5 + 4) {
        continue; // another error, or another meaning
      }
      byte[] damaged = sound.clone();
      damaged[at] ^= 0x10;

      for (int way = 0; way < 3; way++) {
        BinlogEventStream stream = new BinlogEventStream(new ByteArrayInputStream(damaged), true);
        assertThat(stream.next()).isTrue();
        ThrowingCallable taking =
            switch (way) {
              case 0 -> () -> read(stream);
              case 1 -> stream::load;
              default -> stream::skip;
            };
        CanalException error = catchThrowableOfType(CanalException.class, taking);
        assertThat(error).as("byte %d", at).isNotNull();
        assertThat(error.code()).isEqualTo(ErrorCode.STOP_INSTANCE);
        assertThat(error).hasMessageContaining("checksum").hasMessageContaining("expected");
      }
    }
  }

  @Test
  void shouldFollowTheChecksumOfEachFormatDescription() throws IOException {
    byte[] with = {4, 0, 1};
    byte[] without = {4, 0, 0};
    for (boolean skip : new boolean[] {false, true}) {
      BinlogEventStream stream =
          new Wire()
                  .event(EventType.FORMAT_DESCRIPTION, with, true)
                  .event(EventType.XID, new byte[8], true)
                  .event(EventType.FORMAT_DESCRIPTION, new byte[] {4, 0, 0, 9, 9, 9, 9}, false)
                  .event(EventType.XID, new byte[8], false)
                  .event(EventType.FORMAT_DESCRIPTION, with, true)
                  .event(EventType.XID, new byte[8], true)
                  .stream(false);
      for (int i = 0; i < 3; i++) {
        assertThat(stream.next()).isTrue();
        assertThat(stream.bodyLength()).isEqualTo(without.length);
        if (!skip) {
          assertThat(read(stream)).hasSize(22);
        }
        assertThat(stream.next()).isTrue();
        assertThat(stream.bodyLength()).isEqualTo(8);
        stream.skip();
      }
    }
  }

  @Test
  void shouldEndWhereTheSourceEndsTheDump() throws IOException {
    BinlogEventStream stream =
        new Wire()
                .event(EventType.XID, new byte[8], false)
                .payload(new byte[] {(byte) 0xFE, 0, 0, 2, 0})
                .stream(false);

    assertThat(stream.next()).isTrue();
    assertThat(stream.next()).isFalse();
    assertThat(stream.next()).isFalse();
  }

  @Test
  void shouldThrowTheErrorOfTheSource() {
    byte[] error =
        "?\u00d4\u0004#HY000Could not find first log file name in binary log index file"
            .getBytes(StandardCharsets.ISO_8859_1);
    error[0] = (byte) 0xFF;
    BinlogEventStream stream = new Wire().payload(error).stream(true);

    SourceErrorException thrown = catchThrowableOfType(SourceErrorException.class, stream::next);

    assertThat(thrown.number()).isEqualTo(1236);
    assertThat(thrown.kind()).isEqualTo(SourceErrorException.Kind.PURGED);
  }

  @Test
  void shouldRefusePacketsThatDoNotFitTogether() {
    byte[] event = raw(EventType.XID, new byte[8], false, 4);
    byte[] payload = new byte[event.length + 1];
    System.arraycopy(event, 0, payload, 1, event.length);
    byte[] claimsMore = payload.clone();
    claimsMore[1 + 9 + 3] = 0x7F;
    byte[] claimsLess = payload.clone();
    claimsLess[1 + 9]--;
    byte[] noHeader = Arrays.copyOf(payload, 19);

    assertMalformed(new Wire().packet(payload.length, 2, payload), "packet number 2, expected 1");
    assertMalformed(new Wire().payload(new byte[0]), "without a status byte");
    assertMalformed(new Wire().payload(new byte[] {7, 1}), "packet status 7");
    assertMalformed(new Wire().payload(noHeader), "packet of 19 bytes");
    assertMalformed(new Wire().payload(claimsMore), "its packet carries 27");
    assertMalformed(new Wire().payload(claimsLess), "its packet carries 27");
    assertMalformed(new Wire().payload(new byte[] {(byte) 0xFF, 1}), "error packet of 2 bytes");
  }

  private static void assertMalformed(Wire wire, String message) {
    CanalException error =
        catchThrowableOfType(CanalException.class, () -> wire.stream(false).next());
    assertThat(error).hasMessageContaining(message);
    assertThat(error.code()).isEqualTo(ErrorCode.RETRY);
  }

  @Test
  void shouldRefuseAContinuationOfAnotherLength() throws IOException {
    byte[] whole = raw(EventType.WRITE_ROWS, filled(MAX_PACKET + 1000, 1), true, 4);
    byte[] first = new byte[MAX_PACKET];
    System.arraycopy(whole, 0, first, 1, MAX_PACKET - 1);
    for (int length : new int[] {0, 10, MAX_PACKET}) {
      BinlogEventStream stream =
          new Wire().packet(MAX_PACKET, 1, first).packet(length, 2, new byte[length]).stream(true);
      assertThat(stream.next()).isTrue();

      assertThatThrownBy(stream::skip)
          .isInstanceOf(CanalException.class)
          .hasMessageContaining("packet of " + length + " bytes");
    }
  }

  @Test
  void shouldSayThatTheConnectionEndedInsideAnEvent() throws IOException {
    for (int size : new int[] {1_000, 100_000}) {
      byte[] whole = new Wire().event(EventType.WRITE_ROWS, filled(size, 1), true).toByteArray();
      BinlogEventStream stream =
          new BinlogEventStream(new ByteArrayInputStream(whole, 0, size / 2), true);

      assertThatThrownBy(
              () -> {
                stream.next();
                read(stream);
              })
          .isInstanceOf(EOFException.class)
          .hasMessageContaining("inside an event");
    }
  }

  @Test
  void shouldSayWhetherTheNextEventIsInMemory() throws IOException {
    byte[] two =
        new Wire()
            .event(EventType.XID, new byte[8], false)
            .event(EventType.XID, new byte[8], false)
            .toByteArray();
    int[] served = {0};
    InputStream in =
        new InputStream() {
          @Override
          public int read() {
            throw new UnsupportedOperationException();
          }

          @Override
          public int read(byte[] target, int offset, int length) {
            // the first read ends one byte before the second event
            int count = served[0] == 0 ? two.length - 1 : 1;
            System.arraycopy(two, served[0], target, offset, count);
            served[0] += count;
            return count;
          }
        };
    BinlogEventStream stream = new BinlogEventStream(in, false);

    assertThat(stream.hasBuffered()).isFalse();
    assertThat(stream.next()).isTrue();
    stream.skip();
    assertThat(stream.hasBuffered()).isFalse();
    assertThat(served[0]).isEqualTo(two.length - 1);
    assertThat(stream.next()).isTrue();
    stream.skip();

    assertThat(served[0]).isEqualTo(two.length);
    assertThat(stream.hasBuffered()).isFalse();
  }

  @Test
  void shouldPassOverEventsUpToAnOffset() throws IOException {
    Wire wire = new Wire();
    wire.event(EventType.XID, new byte[8], false); // 27 bytes each, from offset 4 on
    wire.event(EventType.XID, new byte[8], false);
    wire.event(EventType.QUERY, new byte[8], false);
    BinlogEventStream stream = wire.stream(false);
    stream.skipUntil(4 + 27 + 27);

    assertThat(stream.next()).isTrue();

    assertThat(stream.type()).isEqualTo(EventType.QUERY);
    BinlogEventStream inside = wire.stream(false);
    inside.skipUntil(4 + 27 + 20);
    assertThatThrownBy(inside::next)
        .isInstanceOf(CanalException.class)
        .hasMessageContaining("inside an event that ends at 58");
  }
}
