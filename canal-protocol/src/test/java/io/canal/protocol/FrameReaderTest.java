package io.canal.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.canal.protocol.CanalPacket.Get;
import io.canal.protocol.CanalPacket.Packet;
import io.canal.protocol.CanalPacket.PacketType;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.ProtocolException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FrameReaderTest {
  private static final int MAX = 1 << 26;

  @Test
  void shouldFrameAPacketAsProtobufWritesIt() throws IOException {
    Get get = Get.newBuilder().setDestination("example").setFetchSize(1000).build();
    WriteBuffer out = new WriteBuffer(0);

    Frames.append(out, PacketType.GET, get);

    Packet packet =
        Packet.newBuilder()
            .setVersion(1)
            .setType(PacketType.GET)
            .setBody(get.toByteString())
            .build();
    assertThat(out.toByteArray()).isEqualTo(frame(packet.toByteArray()));
  }

  @Test
  void shouldCutFramesHoweverTheyArrive() throws IOException {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    List<ByteBuffer> bodies = new ArrayList<>();
    WriteBuffer stream = new WriteBuffer(0);
    for (int i = 0; i < 60; i++) {
      byte[] body = new byte[random.nextInt(1 << random.nextInt(19))];
      random.nextBytes(body);
      bodies.add(ByteBuffer.wrap(body)); // equal by content, short as text
      stream.writeBytes(frame(body));
    }
    for (int piece : new int[] {1, 3, 4096, 1 << 20}) {
      FrameReader reader = new FrameReader(new Pieces(stream.toByteArray(), piece), MAX);

      List<ByteBuffer> found = new ArrayList<>();
      while (reader.next()) {
        found.add(ByteBuffer.wrap(body(reader)));
      }

      assertThat(found).as("seed %d, pieces of %d", seed, piece).isEqualTo(bodies);
    }
  }

  @Test
  void shouldDropTheBufferOfALargeFrame() throws IOException {
    byte[] large = frame(new byte[20 << 20]);
    byte[] small = frame(new byte[] {1, 2, 3});
    FrameReader reader = new FrameReader(new Pieces(concat(large, small), 1 << 16), MAX);

    assertThat(reader.next()).isTrue();
    assertThat(reader.length()).isEqualTo(20 << 20);
    assertThat(reader.next()).isTrue();

    assertThat(body(reader)).containsExactly(1, 2, 3);
    assertThat(reader.array().length).isLessThan(1 << 20);
  }

  @Test
  void shouldTakeTheLargestFrameAndRefuseOneByteMore() throws IOException {
    FrameReader fits = new FrameReader(new ByteArrayInputStream(frame(new byte[100])), 100);
    FrameReader tooLong = new FrameReader(new ByteArrayInputStream(frame(new byte[101])), 100);

    assertThat(fits.next()).isTrue();
    assertThatThrownBy(tooLong::next)
        .isInstanceOf(ProtocolException.class)
        .hasMessage("a frame of 101 bytes, expected at most 100");
  }

  @Test
  void shouldRefuseANegativeLength() {
    FrameReader reader =
        new FrameReader(new ByteArrayInputStream(new byte[] {-1, -1, -1, -1}), MAX);

    assertThatThrownBy(reader::next)
        .isInstanceOf(ProtocolException.class)
        .hasMessageStartingWith("a frame of 4294967295 bytes");
  }

  @Test
  void shouldAllocateLittleForALengthThatIsALie() {
    byte[] lie = ByteBuffer.allocate(14).putInt(1 << 30).array();
    FrameReader reader = new FrameReader(new ByteArrayInputStream(lie), 1 << 30);

    assertThatThrownBy(reader::next).isInstanceOf(EOFException.class);

    assertThat(reader.array().length).isLessThanOrEqualTo(4 << 20);
  }

  @Test
  void shouldTellAnEndBetweenFramesFromOneWithin() throws IOException {
    byte[] bytes = frame(new byte[] {1, 2, 3});

    assertThat(new FrameReader(new ByteArrayInputStream(new byte[0]), MAX).next()).isFalse();
    for (int length = 1; length < bytes.length; length++) {
      FrameReader reader =
          new FrameReader(new ByteArrayInputStream(Arrays.copyOf(bytes, length)), MAX);
      assertThatThrownBy(reader::next).as("%d bytes", length).isInstanceOf(EOFException.class);
    }
  }

  private static byte[] frame(byte[] body) {
    return ByteBuffer.allocate(4 + body.length).putInt(body.length).put(body).array();
  }

  private static byte[] body(FrameReader reader) {
    return Arrays.copyOfRange(reader.array(), reader.offset(), reader.offset() + reader.length());
  }

  private static byte[] concat(byte[] left, byte[] right) {
    return ByteBuffer.allocate(left.length + right.length).put(left).put(right).array();
  }

  /** Gives at most so many bytes at once. */
  private static final class Pieces extends InputStream {
    private final byte[] bytes;
    private final int piece;
    private int position;

    Pieces(byte[] bytes, int piece) {
      this.bytes = bytes;
      this.piece = piece;
    }

    @Override
    public int read() {
      return position == bytes.length ? -1 : bytes[position++] & 0xFF;
    }

    @Override
    public int read(byte[] target, int offset, int length) {
      if (position == bytes.length) {
        return -1;
      }
      int count = Math.min(Math.min(length, piece), bytes.length - position);
      System.arraycopy(bytes, position, target, offset, count);
      position += count;
      return count;
    }
  }
}
