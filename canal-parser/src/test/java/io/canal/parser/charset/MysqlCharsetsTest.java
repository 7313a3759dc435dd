package io.canal.parser.charset;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.canal.protocol.WriteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bytes of {@code SELECT HEX(CONVERT('…' USING …))} on MySQL 9.7. */
class MysqlCharsetsTest {
  private final WriteBuffer out = new WriteBuffer(4);

  @ParameterizedTest
  @CsvSource({
    "8, latin1", // latin1_swedish_ci
    "33, utf8mb3", // utf8mb3_general_ci
    "45, utf8mb4", // utf8mb4_general_ci
    "63, binary",
    "83, utf8mb3", // utf8mb3_bin
    "101, utf16", // utf16_unicode_ci
    "159, ucs2", // ucs2_general_mysql500_ci
    "224, utf8mb4", // utf8mb4_unicode_ci
    "250, gb18030", // gb18030_unicode_520_ci
    "255, utf8mb4", // utf8mb4_0900_ai_ci
    "309, utf8mb4", // utf8mb4_0900_bin
    "576, utf8mb3", // MariaDB's utf8mb3_croatian_ci
    "1032, latin1", // MariaDB's latin1_swedish_nopad_ci
    "1270, utf8mb4", // MariaDB's utf8mb4_unicode_520_nopad_ci
    "2304, utf8mb4", // MariaDB's utf8mb4_uca1400_ai_ci
    "3271, utf32" // MariaDB's utf32_uca1400_croatian_nopad_as_cs
  })
  void shouldKnowTheCharacterSetOfACollation(int collation, String name) {
    assertThat(MysqlCharsets.byCollation(collation)).map(MysqlCharset::name).contains(name);
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 0, 17, 100, 999, 4000, Integer.MAX_VALUE})
  void shouldNotKnowOtherCollations(int collation) {
    assertThat(MysqlCharsets.byCollation(collation)).isEmpty();
  }

  @Test
  void shouldKnowCharacterSetsByName() {
    assertThat(MysqlCharsets.byName("utf8mb4")).contains(new MysqlCharset("utf8mb4", 4, 255));
    assertThat(MysqlCharsets.byName("utf8")).contains(new MysqlCharset("utf8mb3", 3, 33));
    assertThat(MysqlCharsets.byName("cp1251")).contains(new MysqlCharset("cp1251", 1, 51));
    assertThat(MysqlCharsets.byName("klingon")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "armscii8, B2B3, Աա",
    "ascii, 61, a",
    "big5, A4A4A4E5, 中文",
    "big5, F9D6, 碁",
    "cp1250, 9E, ž",
    "cp1251, CFF0, Пр",
    "cp1256, C7, ا",
    "cp1256, 8A, ?",
    "cp1257, F0, š",
    "cp850, 84D5, äı",
    "cp852, A7, ž",
    "cp866, 8FFC, Пⁿ",
    "cp932, 93FA965CB6, 日暴ｶ",
    "dec8, D7A8, Œ¤",
    "eucjpms, C6FCADA18EB6, 日①ｶ",
    "eucjpms, 8FA2C3, ￤",
    "euckr, C7D1, 한",
    "gb18030, D6D081308938, 中ß",
    "gb18030, 9439FC36, 😀",
    "gb18030, 84318236, ︐",
    "gb2312, D6D0CEC4, 中文",
    "gbk, D6D0, 中",
    "geostd8, C0CD, ან",
    "greek, C5A1, Εʽ",
    "hebrew, F2AF, ע‾",
    "hp8, E0BA, Á¤",
    "keybcs2, 80A8, Čš",
    "koi8r, F0, П",
    "koi8u, A4B795, єЇ•",
    "latin1, 80E4, €ä",
    "latin2, BE, ž",
    "latin5, FD, ı",
    "latin7, F0, š",
    "macce, EC, ž",
    "macroman, 8ADB, ä€",
    "sjis, 93FAB6815F, 日ｶ\\",
    "swe7, 7B7C5B, äöÄ",
    "tis620, E4B7C2, ไทย",
    "ucs2, 00E420AC, ä€",
    "ujis, C6FC8EB68FB0A1A1C0, 日ｶ丂\\",
    "utf16, 00E4D83DDE00, ä😀",
    "utf16le, E4003DD800DE, ä😀",
    "utf32, 000000E40001F600, ä😀",
    "utf8mb3, C3A4, ä",
    "utf8mb4, F09F9880, 😀"
  })
  void shouldConvertToUtf8AsMysqlDoes(String charset, String hex, String text) {
    assertThat(convert(charset, HexFormat.of().parseHex(hex))).isEqualTo(text);
  }

  @Test
  void shouldKeepTheControlCharactersOfLatin1() {
    // The five bytes that cp1252 leaves undefined.
    assertThat(convert("latin1", HexFormat.of().parseHex("818D8F909D")))
        .isEqualTo("\u0081\u008D\u008F\u0090\u009D");
  }

  @ParameterizedTest
  @CsvSource({
    "utf16, 00E4D8, ä?",
    "utf16, D83D0041, ?A",
    "utf16, DE00, ?",
    "utf32, 0000D83D00110000FF, ???",
    "gbk, D6, ?",
    "gb18030, 9439FC, ?",
    "gb18030, FE39FE39, ?",
    "ujis, 8FB0, ?",
    "sjis, 93, ?"
  })
  void shouldWriteAQuestionMarkForWhatIsNoCharacter(String charset, String hex, String text) {
    assertThat(convert(charset, HexFormat.of().parseHex(hex))).isEqualTo(text);
  }

  @Test
  void shouldConvertTextLongerThanAChunk() {
    byte[] gbk = new byte[200_001];
    Arrays.fill(gbk, (byte) 'a');
    for (int i = 8190; i < 190_000; i += 2) {
      gbk[i + 1] = (byte) 0xD6;
      gbk[i + 2] = (byte) 0xD0;
    }

    String text = convert("gbk", gbk);

    assertThat(text).startsWith("a".repeat(8191) + "中中").endsWith("中" + "a".repeat(10_000));
    assertThat(text.codePointCount(0, text.length())).isEqualTo(200_001 - (190_000 - 8190) / 2);
  }

  @Test
  void shouldMeetAnyBytesWithUtf8() {
    long seed = new SplittableRandom().nextLong();
    SplittableRandom random = new SplittableRandom(seed);
    for (int collation = 0; collation < 256; collation++) {
      MysqlCharset charset = MysqlCharsets.byCollation(collation).orElse(null);
      if (charset == null || charset.name().startsWith("utf8") || charset.name().equals("ascii")) {
        continue; // copied as they are
      }
      for (int i = 0; i < 500; i++) {
        byte[] text = new byte[random.nextInt(40)];
        random.nextBytes(text);

        convert(charset.name(), text);

        byte[] utf8 = out.toByteArray();
        assertThat(new String(utf8, UTF_8).getBytes(UTF_8))
            .as("%s, seed %s", charset.name(), seed)
            .isEqualTo(utf8);
      }
    }
  }

  private String convert(String charset, byte[] text) {
    out.clear();
    Transcoders.of(MysqlCharsets.byName(charset).orElseThrow()).write(text, 0, text.length, out);
    return new String(out.array(), 0, out.position(), UTF_8);
  }
}
