package io.canal.protocol;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.CodedOutputStream;
import io.canal.protocol.CanalEntry.Pair;
import io.canal.protocol.CanalEntry.RowChange;
import io.canal.protocol.CanalEntry.RowData;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WriteBufferTest {
  private static final int PROPS = 3 << 3 | 2;
  private static final int ROW_DATAS = 12 << 3 | 2;

  @Test
  void shouldWriteVarintsAsProtobufDoes() throws IOException {
    for (int bits = 0; bits < 64; bits++) {
      for (long near = -2; near <= 2; near++) {
        long value = (1L << bits) + near;
        WriteBuffer buffer = new WriteBuffer(0);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);

        buffer.writeVarint64(value);
        buffer.writeVarint64(-value);
        buffer.writeVarint32((int) value);
        out.writeUInt64NoTag(value);
        out.writeInt64NoTag(-value);
        out.writeUInt32NoTag((int) value);
        out.flush();

        assertThat(buffer.toByteArray()).as("%d", value).isEqualTo(bytes.toByteArray());
        assertThat(WriteBuffer.varintLength((int) value))
            .as("%d", value)
            .isEqualTo(CodedOutputStream.computeUInt32SizeNoTag((int) value));
      }
    }
  }

  @Test
  void shouldWriteDecimalsAsJavaDoes() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < 20_000; i++) {
      checkDecimal(random.nextLong() >> random.nextInt(64), "seed " + seed);
    }
    for (long power = 1; power > 0 && power <= Long.MAX_VALUE / 10; power *= 10) {
      for (long near = -1; near <= 1; near++) {
        checkDecimal(power * 10 + near, "power of ten");
        checkDecimal(-power * 10 + near, "power of ten");
      }
    }
    for (long value : new long[] {0, 9, 10, 99, 100, Long.MAX_VALUE, Long.MIN_VALUE, -1}) {
      checkDecimal(value, "end of a range");
    }
  }

  private static void checkDecimal(long value, String what) {
    WriteBuffer buffer = new WriteBuffer(0);

    buffer.writeDecimal(value);
    buffer.writeByte(' ');
    buffer.writeUnsignedDecimal(value);

    assertThat(new String(buffer.toByteArray(), US_ASCII))
        .as(what)
        .isEqualTo(value + " " + Long.toUnsignedString(value));
  }

  @Test
  void shouldPadWithZeros() {
    WriteBuffer buffer = new WriteBuffer(1);

    buffer.writePadded(0, 2);
    buffer.writePadded(7, 1);
    buffer.writePadded(42, 6);
    buffer.writePadded(12345, 4);

    assertThat(new String(buffer.toByteArray(), US_ASCII))
        .isEqualTo("00" + "7" + "000042" + "12345");
  }

  @Test
  void shouldNestMessagesOfAnyLengthWithAnyPrediction() throws IOException {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int round = 0; round < 500; round++) {
      RowChange.Builder expected = RowChange.newBuilder();
      WriteBuffer buffer = new WriteBuffer(random.nextInt(8));
      for (int row = random.nextInt(4); row > 0; row--) {
        RowData.Builder rowData = RowData.newBuilder();
        buffer.writeVarint32(ROW_DATAS);
        int rowWidth = 1 + random.nextInt(5);
        int rowMark = buffer.beginMessage(rowWidth);
        for (int pair = random.nextInt(4); pair > 0; pair--) {
          Pair content =
              Pair.newBuilder().setKey("k".repeat(random.nextInt(1 << random.nextInt(16)))).build();
          rowData.addProps(content);
          buffer.writeVarint32(PROPS);
          int width = 1 + random.nextInt(5);
          int mark = buffer.beginMessage(width);
          buffer.writeBytes(content.toByteArray());
          int written = buffer.endMessage(mark, width);
          assertThat(written).isEqualTo(WriteBuffer.varintLength(content.getSerializedSize()));
        }
        buffer.endMessage(rowMark, rowWidth);
        expected.addRowDatas(rowData);
      }

      byte[] bytes = buffer.toByteArray();

      assertThat(bytes).as("seed %d", seed).isEqualTo(expected.build().toByteArray());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152})
  void shouldWriteLengthsAtTheEndsOfEachWidth(int length) throws IOException {
    for (int width = 1; width <= 5; width++) {
      WriteBuffer buffer = new WriteBuffer(0);
      byte[] content = new byte[length];
      new Random(length).nextBytes(content);

      int mark = buffer.beginMessage(width);
      buffer.writeBytes(content);
      buffer.endMessage(mark, width);

      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      CodedOutputStream out = CodedOutputStream.newInstance(bytes);
      out.writeByteArrayNoTag(content);
      out.flush();
      assertThat(buffer.toByteArray()).as("width %d", width).isEqualTo(bytes.toByteArray());
    }
  }

  @Test
  void shouldRepeatAndCopyInWordsWhatArraycopyCopies() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int round = 0; round < 2_000; round++) {
      int length = random.nextInt(140);
      byte[] source = new byte[length + random.nextInt(10)];
      random.nextBytes(source);
      int offset = random.nextInt(source.length - length + 1);
      WriteBuffer buffer = new WriteBuffer(random.nextInt(300));
      buffer.writeByte('<');

      buffer.writeBytes(source, offset, length);
      buffer.repeat(1, length);
      buffer.writeByte('>');

      byte[] expected = new byte[2 * length + 2];
      expected[0] = '<';
      System.arraycopy(source, offset, expected, 1, length);
      System.arraycopy(source, offset, expected, 1 + length, length);
      expected[2 * length + 1] = '>';
      assertThat(buffer.toByteArray()).as("seed %d", seed).isEqualTo(expected);

      byte[] padded = Arrays.copyOf(expected, WriteBuffer.wordsRoom(expected.length));
      byte[] target = new byte[padded.length + 1];
      assertThat(WriteBuffer.putWords(padded, 0, expected.length, target, 1))
          .isEqualTo(expected.length + 1);
      assertThat(Arrays.copyOfRange(target, 1, expected.length + 1)).isEqualTo(expected);
    }
  }

  @Test
  void shouldGrowFromNothingByAnyPiece() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    WriteBuffer buffer = new WriteBuffer(0);
    ByteArrayOutputStream expected = new ByteArrayOutputStream();
    for (int i = 0; i < 2_000; i++) {
      byte[] piece = new byte[random.nextInt(100)];
      random.nextBytes(piece);
      int offset = random.nextInt(piece.length + 1);
      buffer.writeBytes(piece, offset, piece.length - offset);
      expected.write(piece, offset, piece.length - offset);
    }

    assertThat(buffer.toByteArray()).as("seed %d", seed).isEqualTo(expected.toByteArray());
  }

  @Test
  void shouldWriteTextAndTakeItBack() {
    WriteBuffer buffer = new WriteBuffer(2);

    buffer.writeAscii("ascii ");
    int mark = buffer.position();
    buffer.writeUtf8("tö\uD83D\uDE00");
    byte[] all = buffer.toByteArray();
    buffer.position(mark);
    byte[] rest = buffer.toByteArray();
    buffer.clear();

    assertThat(new String(all, UTF_8)).isEqualTo("ascii tö\uD83D\uDE00");
    assertThat(new String(rest, UTF_8)).isEqualTo("ascii ");
    assertThat(buffer.position()).isZero();
  }

  @Test
  void shouldRefuseAPlaceOutsideAndMoreThanAnArrayHolds() {
    WriteBuffer buffer = new WriteBuffer(8);
    buffer.writeByte(1);

    assertThatThrownBy(() -> buffer.position(9)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> buffer.position(-1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> buffer.reserve(Integer.MAX_VALUE - 8))
        .isInstanceOf(CanalException.class)
        .hasMessageContaining("2147483640 bytes");
    assertThat(buffer.toByteArray()).containsExactly(1);
  }
}
