package io.canal.parser.row;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.io.schubfach.DoubleToDecimal;
import com.fasterxml.jackson.core.io.schubfach.FloatToDecimal;
import io.canal.protocol.WriteBuffer;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FloatingTextTest {
  private final WriteBuffer out = new WriteBuffer(16);

  @ParameterizedTest
  @CsvSource({
    "0.0, 0.0",
    "-0.0, -0.0",
    "NaN, NaN",
    "Infinity, Infinity",
    "-Infinity, -Infinity",
    "1.0, 1.0",
    "0.001, 0.001",
    "0.00099, 9.9E-4",
    "9999999.0, 9999999.0",
    "1.0E7, 1.0E7",
    "123.456, 123.456",
    "2.0E-3, 0.002",
    "2.2E-322, 2.2E-322",
    "4.9E-324, 4.9E-324",
    "9.9E-324, 9.9E-324",
    "2.2250738585072014E-308, 2.2250738585072014E-308",
    "1.7976931348623157E308, 1.7976931348623157E308",
    "2.0E23, 2.0E23",
    "9007199254740993.0, 9.007199254740992E15"
  })
  void shouldWriteDoublesAsNewJavaDoes(double value, String text) {
    assertThat(doubleText(value)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({
    "0.0, 0.0",
    "-0.0, -0.0",
    "NaN, NaN",
    "-Infinity, -Infinity",
    "0.1, 0.1",
    "1.0E10, 1.0E10",
    "3.4028235E38, 3.4028235E38",
    "1.17549435E-38, 1.1754944E-38",
    "1.4E-45, 1.4E-45",
    "2.0E-45, 1.4E-45",
    "9.8E-45, 9.8E-45",
    "1.6777216E7, 1.6777216E7",
    "8388608.5, 8388608.0"
  })
  void shouldWriteFloatsAsNewJavaDoes(float value, String text) {
    assertThat(floatText(value)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({
    // SELECT CAST('[...]' AS JSON)
    "0.0, 0.0",
    "-0.0, -0.0",
    "1.0, 1.0",
    "1e14, 100000000000000.0",
    "1e15, 1e15",
    "123456789012345.6, 123456789012345.6",
    "1234567890123456.7, 1234567890123456.8",
    "9007199254740993.0, 9.007199254740992e15",
    "1e-15, 0.000000000000001",
    "1.5e-15, 0.0000000000000015",
    "1e-16, 1e-16",
    "-1.5e300, -1.5e300",
    "5e-324, 5e-324",
    "4e-323, 4e-323"
  })
  void shouldWriteDoublesInJsonAsMysqlDoes(double value, String text) {
    out.clear();
    FloatingText.writeMysqlDouble(Double.doubleToRawLongBits(value), out);

    assertThat(text()).isEqualTo(text);
  }

  @Test
  void shouldAgreeWithTheReferenceOnRandomBits() {
    long seed = new SplittableRandom().nextLong();
    SplittableRandom random = new SplittableRandom(seed);

    for (int i = 0; i < 200_000; i++) {
      double d = Double.longBitsToDouble(random.nextLong());
      float f = Float.intBitsToFloat(random.nextInt());
      assertThat(doubleText(d)).as("seed %s", seed).isEqualTo(DoubleToDecimal.toString(d));
      assertThat(floatText(f)).as("seed %s", seed).isEqualTo(FloatToDecimal.toString(f));
    }
  }

  @Test
  void shouldAgreeWithTheReferenceAroundPowersOfTwo() {
    for (int exponent = 0; exponent < 0x7FF; exponent++) {
      for (int step = -2; step <= 2; step++) {
        double d = Double.longBitsToDouble(((long) exponent << 52) + step);
        assertThat(doubleText(d)).isEqualTo(DoubleToDecimal.toString(d));
      }
    }
    for (int exponent = 0; exponent < 0xFF; exponent++) {
      for (int step = -2; step <= 2; step++) {
        float f = Float.intBitsToFloat((exponent << 23) + step);
        assertThat(floatText(f)).isEqualTo(FloatToDecimal.toString(f));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"1e-3", "12.5", "1e22", "8.41e21", "2.98023223876953125e-8", "5e-324"})
  void shouldReadBackAsTheSameNumber(double value) {
    out.clear();
    FloatingText.writeMysqlDouble(Double.doubleToRawLongBits(value), out);

    assertThat(Double.parseDouble(text())).isEqualTo(value);
  }

  private String doubleText(double value) {
    out.clear();
    FloatingText.writeDouble(Double.doubleToRawLongBits(value), out);
    return text();
  }

  private String floatText(float value) {
    out.clear();
    FloatingText.writeFloat(Float.floatToRawIntBits(value), out);
    return text();
  }

  private String text() {
    return new String(out.array(), 0, out.position(), US_ASCII);
  }
}
