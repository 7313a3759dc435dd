package io.canal.parser.row;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.WriteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Bytes of MySQL 9.7; RowValuesIT has all types, compared with SELECT. */
class JsonWriterTest {
  private static final byte[] OBJECT =
      // '{"a": 1, "b": [1, 2]}'
      hex("0002001e0012000100130001000501000214006162" + "02000a00" + "050100" + "050200");

  private static final byte[] OPAQUE =
      // JSON_ARRAY(CAST(1.50 AS DECIMAL(5,2)), TIME '-12:34:56.5', x'00ff')
      hex("02030024000f0d000f16000f2000f6070b0280000001320b08e05ef84737ffffff0f0200ff");

  private final JsonWriter writer = new JsonWriter("doc");
  private final WriteBuffer out = new WriteBuffer(4);

  @Test
  void shouldWriteObjectsAndArrays() {
    assertThat(text(OBJECT)).isEqualTo("{\"a\": 1, \"b\": [1, 2]}");
  }

  @Test
  void shouldWriteLiteralsAndNumbers() {
    byte[] array =
        // '[true, false, null, 70000, -1.5]'
        hex("0205001f000401000402000400000713000b170070110100000000000000f8bf");

    assertThat(text(array)).isEqualTo("[true, false, null, 70000, -1.5]");
  }

  @Test
  void shouldEscapeStrings() {
    assertThat(text(hex("0c03" + "782279"))).isEqualTo("\"x\\\"y\"");
    assertThat(text(hex("0c0a" + "5c2f080c0a0d09011f7f")))
        .isEqualTo("\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\u007F\"");
  }

  @Test
  void shouldWriteOpaqueValues() {
    assertThat(text(OPAQUE)).isEqualTo("[1.50, \"-12:34:56.500000\", \"base64:type15:AP8=\"]");
  }

  @Test
  void shouldBreakBase64IntoLines() {
    String bytes = "61".repeat(58);

    assertThat(text(hex("0f0f" + "39" + "61".repeat(57))))
        .isEqualTo("\"base64:type15:" + "YWFh".repeat(19) + "\"");
    assertThat(text(hex("0f0f" + "3a" + bytes)))
        .isEqualTo("\"base64:type15:" + "YWFh".repeat(19) + "\\nYQ==\"");
  }

  @Test
  void shouldReadNothingAsNull() {
    assertThat(text(new byte[0])).isEqualTo("null");
  }

  @ParameterizedTest
  @CsvSource({
    "11, a type that is known",
    "04, 1 bytes",
    "0403, literal 3",
    "0bf8, 8 bytes",
    "0b000000000000f07f, a finite number",
    "0c05616263, a string within 3 bytes",
    "0cffffffffff, the length of a string",
    "0002001e00, within 4 bytes",
    "02ffff0400, 196605 bytes for 65535 elements",
    "02010007000c0900, a value within 7 bytes",
    "'0ff6020502', a value of that many digits"
  })
  void shouldSayWhatIsWrong(String hex, String problem) {
    assertThatThrownBy(() -> text(hex(hex)))
        .isInstanceOfSatisfying(
            CanalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STOP_INSTANCE))
        .hasMessageContaining(problem);
  }

  @Test
  void shouldRefuseArraysThatHoldThemselves() {
    // One element, an array at offset 0 of its own array.
    assertThatThrownBy(() -> text(hex("02" + "0100" + "0700" + "020000")))
        .isInstanceOf(CanalException.class)
        .hasMessageContaining("JSON of column doc");
  }

  @Test
  void shouldRefuseElementsThatShareALargeValue() {
    int elements = 10_000;
    int header = 4 + 3 * elements;
    byte[] value = new byte[1 + header + 2 + 5_000];
    value[0] = 2;
    put16(value, 1, elements);
    put16(value, 3, value.length - 1);
    for (int i = 0; i < elements; i++) {
      value[5 + 3 * i] = 0xC;
      put16(value, 6 + 3 * i, header);
    }
    value[1 + header] = (byte) 0x88; // 5000 in seven bits each
    value[2 + header] = 0x27;

    assertThatThrownBy(() -> text(value)).isInstanceOf(CanalException.class);
    assertThat(out.position()).isLessThan(2 * value.length);
  }

  @Test
  void shouldMeetEveryTruncationWithACanalException() {
    for (byte[] document : new byte[][] {OBJECT, OPAQUE}) {
      for (int length = 1; length < document.length; length++) {
        byte[] cut = Arrays.copyOf(document, length);
        assertThatThrownBy(() -> text(cut)).isInstanceOf(CanalException.class);
      }
    }
  }

  @Test
  void shouldMeetAnyBytesWithTextOrACanalException() {
    long seed = new SplittableRandom().nextLong();
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < 200_000; i++) {
      byte[] document;
      if (random.nextBoolean()) {
        document = random.nextBoolean() ? OBJECT.clone() : OPAQUE.clone();
        for (int k = random.nextInt(1, 4); k > 0; k--) {
          document[random.nextInt(document.length)] = (byte) random.nextInt(256);
        }
      } else {
        document = new byte[random.nextInt(1, 60)];
        random.nextBytes(document);
        document[0] &= 0x0F;
      }
      try {
        text(document);
      } catch (CanalException e) {
        assertThat(e.code()).isEqualTo(ErrorCode.STOP_INSTANCE);
      } catch (RuntimeException e) {
        throw new AssertionError(HexFormat.of().formatHex(document) + ", seed " + seed, e);
      }
    }
  }

  private String text(byte[] document) {
    out.clear();
    writer.write(document, 0, document.length, out);
    return new String(out.array(), 0, out.position(), UTF_8);
  }

  private static void put16(byte[] target, int at, int value) {
    target[at] = (byte) value;
    target[at + 1] = (byte) (value >>> 8);
  }

  private static byte[] hex(String digits) {
    return HexFormat.of().parseHex(digits);
  }
}
