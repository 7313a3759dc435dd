package io.canal.parser.entry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.canal.protocol.CanalException;
import io.canal.protocol.CanalPacket.Messages;
import io.canal.protocol.CanalPacket.Packet;
import io.canal.protocol.CanalPacket.PacketType;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BatchFrameTest {
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 100, 127, 128, 16_383, 16_384, 3_000_000})
  void shouldBeWhatProtobufReadsAsAPacket(int size) throws Exception {
    long batchId = 1_700_000_000L << 20;
    byte[] entries =
        Messages.newBuilder()
            .addMessages(ByteString.copyFrom(new byte[size]))
            .addMessages(ByteString.copyFromUtf8("x"))
            .build()
            .toByteArray();

    byte[] start = BatchFrame.start(batchId, entries.length);

    ByteBuffer frame = ByteBuffer.allocate(start.length + entries.length);
    frame.put(start).put(entries).flip();
    assertThat(frame.getInt()).isEqualTo(frame.remaining());
    Packet packet = Packet.parseFrom(frame);
    assertThat(packet.getVersion()).isEqualTo(1);
    assertThat(packet.getType()).isEqualTo(PacketType.MESSAGES);
    Messages messages = Messages.parseFrom(packet.getBody());
    assertThat(messages.getBatchId()).isEqualTo(batchId);
    assertThat(messages.getMessagesCount()).isEqualTo(2);
    assertThat(messages.getMessages(0).size()).isEqualTo(size);
  }

  @Test
  void shouldSayThatThereIsNoData() throws Exception {
    byte[] start = BatchFrame.start(-1, 0);

    Packet packet = Packet.parseFrom(ByteBuffer.wrap(start, 4, start.length - 4));
    assertThat(Messages.parseFrom(packet.getBody()))
        .isEqualTo(Messages.newBuilder().setBatchId(-1).build());
  }

  @Test
  void shouldRefuseABatchThatItsLengthCannotSay() {
    assertThatThrownBy(() -> BatchFrame.start(1, Integer.MAX_VALUE - 8))
        .isInstanceOf(CanalException.class)
        .hasMessageContaining("expected at most 2147483647");
  }
}
