package io.canal.parser.charset;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.canal.parser.charset.MultiByteTranscoder.Tables;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.WriteBuffer;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The transcoder of each character set, made when it is first asked for. Java knows most of them;
 * where MySQL's conversion to utf8mb4 differs, the difference stands here, found by comparing every
 * code with a MySQL 9.7. For all threads.
 */
public final class Transcoders {
  private static final ConcurrentHashMap<String, Transcoder> BY_NAME = new ConcurrentHashMap<>();

  private static final String C1 = "80-9F=\u0080";

  // The characters of sets that Java lacks, from 0xA0, 0xC0 or 0x80 on.
  private static final String ARMSCII8 =
      "\u00A0❁§։)(»«—.՝,-՟…՜՛՞ԱաԲբԳգԴդԵեԶզԷէԸըԹթԺժԻիԼլԽխԾծԿկՀհՁձՂղՃճՄմՅյՆնՇշՈոՉչՊպՋջՌռՍսՎվՏտՐրՑցՒւՓփՔքՕօ"
          + "Ֆֆ’'";

  private static final String HP8 =
      "\u00A0ÀÂÈÊËÎÏ´ˋˆ¨˜ÙÛ₤¯Ýý°ÇçÑñ¡¿¤£¥§ƒ¢âêôûáéóúàèòùäëöüÅîØÆåíøæÄìÖÜÉïßÔÁÃãÐðÍÌÓÒÕõŠšÚŸÿÞþ·µ¶¾—¼½ªº«■»"
          + "±?";

  private static final String GEOSTD8 =
      "აბგდევზჱთიკლმნჲოპჟრსტჳუფქღყშჩცძწჭხჴჯჰჵ???????????????????????№??";

  private static final String KEYBCS2 =
      "ČüéďäĎŤčěĚĹÍľĺÄÁÉžŽôöÓůÚýÖÜŠĽÝŘť"
          + "áíóúňŇŮÔšřŕŔ¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■"
          + "\u00A0";

  /** Bytes that are no text: one character per byte. */
  public static final Transcoder BINARY = SingleByteTranscoder.ISO_8859_1;

  /** Text that is UTF-8 already. */
  public static final Transcoder UTF_8_TEXT =
      (array, offset, length, out) -> out.writeBytes(array, offset, length);

  private Transcoders() {}

  /**
   * The transcoder of a character set.
   *
   * @throws CanalException where this JVM lacks the tables of it
   */
  public static Transcoder of(MysqlCharset charset) {
    return BY_NAME.computeIfAbsent(charset.name(), Transcoders::create);
  }

  /** Text in the character set of a collation id; one that is not known is read as UTF-8. */
  public static String decode(byte[] array, int offset, int length, int collation) {
    Optional<MysqlCharset> charset = MysqlCharsets.byCollation(collation);
    if (charset.isEmpty() || charset.get().name().startsWith("utf8")) {
      return new String(array, offset, length, UTF_8);
    }
    WriteBuffer out = new WriteBuffer(length + length / 2);
    of(charset.get()).write(array, offset, length, out);
    return new String(out.array(), 0, out.position(), UTF_8);
  }

  private static Transcoder create(String name) {
    return switch (name) {
      case "utf8mb4", "utf8mb3", "ascii" -> UTF_8_TEXT;
      case "binary" -> SingleByteTranscoder.ISO_8859_1;
      case "ucs2", "utf16" -> UnicodeTranscoder.UTF_16;
      case "utf16le" -> UnicodeTranscoder.UTF_16_LE;
      case "utf32" -> UnicodeTranscoder.UTF_32;

      case "armscii8" -> singleByte("ISO-8859-1", from(0xA0, ARMSCII8));
      case "cp1250" -> singleByte("windows-1250", "");
      case "cp1251" -> singleByte("windows-1251", "");
      case "cp1256" -> singleByte("windows-1256", "8A=? 8F=? 98=? 9A=? 9F=? AA=? C0=? FF=?");
      case "cp1257" -> singleByte("windows-1257", "");
      case "cp850" -> singleByte("IBM850", "");
      case "cp852" -> singleByte("IBM852", "");
      case "cp866" -> singleByte("IBM866", "FC=ⁿ FD=²");
      case "dec8" ->
          singleByte(
              "ISO-8859-1",
              "A4=? A6=? A8=¤ AC=? AD=? AE=? AF=? B4=? B8=? BE=? D0=? D7=Œ DD=Ÿ DE=? F0=? F7=œ FD=ÿ"
                  + " FE=? FF=?");
      case "geostd8" ->
          singleByte(
              "windows-1252",
              "83=? 88=? 8A=? 8C=? 8E=? 98=? 99=? 9A=? 9C=? 9E=? 9F=? " + from(0xC0, GEOSTD8));
      case "greek" -> singleByte("ISO-8859-7", "A1=ʽ A2=ʼ A4=? A5=? AA=?");
      case "hebrew" -> singleByte("ISO-8859-8", "AF=‾");
      case "hp8" -> singleByte("ISO-8859-1", from(0xA0, HP8));
      case "keybcs2" -> singleByte("ISO-8859-1", from(0x80, KEYBCS2));
      case "koi8r" -> singleByte("KOI8-R", "");
      case "koi8u" -> singleByte("KOI8-U", "95=•");
      // What windows-1252 leaves undefined are control characters in MySQL.
      case "latin1" ->
          singleByte("windows-1252", "81=\u0081 8D=\u008D 8F=\u008F 90=\u0090 9D=\u009D");
      case "latin2" -> singleByte("ISO-8859-2", "");
      case "latin5" -> singleByte("ISO-8859-9", "");
      case "latin7" -> singleByte("ISO-8859-13", "");
      case "macce" -> singleByte("x-MacCentralEurope", "");
      case "macroman" -> singleByte("x-MacRoman", "");
      case "swe7" ->
          singleByte("US-ASCII", "40=É 5B=Ä 5C=Ö 5D=Å 5E=Ü 60=é 7B=ä 7C=ö 7D=å 7E=ü 7F=?");
      case "tis620" ->
          singleByte(
              "TIS-620",
              C1
                  + " A0=\uFFFD DB=\uFFFD DC=\uFFFD DD=\uFFFD DE=\uFFFD FC=\uFFFD FD=\uFFFD FE=\uFFFD"
                  + " FF=\uFFFD");

      case "big5" ->
          multiByte(
              "big5",
              "Big5",
              "A15A=\uFFFD A1C3=\uFFFD A1C5=\uFFFD A1FE=\uFFFD A240=\uFFFD A2CC=\uFFFD A2CE=\uFFFD"
                  + " F9D6=碁 F9D7=銹 F9D8=裏 F9D9=墻 F9DA=恒 F9DB=粧 F9DC=嫺");
      case "cp932" -> multiByte("cp932", "windows-31j", "");
      case "euckr" -> multiByte("euckr", "x-windows-949", "");
      case "gb2312" -> multiByte("gb2312", "GB2312", "");
      case "gbk" -> multiByte("gbk", "x-mswin-936", "");
      case "sjis" -> multiByte("sjis", "Shift_JIS", "815C=\u2015 815F=\\");
      // MySQL keeps to the edition of 2005, Java follows that of 2022.
      case "gb18030" ->
          multiByte(
              "gb18030",
              "GB18030",
              "A6D9=\uE78D A6DA=\uE78E A6DB=\uE78F A6DC=\uE790 A6DD=\uE791 A6DE=\uE792 A6DF=\uE793"
                  + " A6EC=\uE794 A6ED=\uE795 A6F3=\uE796 FE59=\uE81E FE61=\uE826 FE66=\uE82B"
                  + " FE67=\uE82C FE6D=\uE832 FE7E=\uE843 FE90=\uE854 FEA0=\uE864"
                  + " 82359037=\u9FB4 82359038=\u9FB5 82359039=\u9FB6 82359130=\u9FB7 82359131=\u9FB8"
                  + " 82359132=\u9FB9 82359133=\u9FBA 82359134=\u9FBB 84318236=\uFE10 84318237=\uFE11"
                  + " 84318238=\uFE12 84318239=\uFE13 84318330=\uFE14 84318331=\uFE15 84318332=\uFE16"
                  + " 84318333=\uFE17 84318334=\uFE18 84318335=\uFE19");
      case "ujis" -> multiByte("ujis", "EUC-JP", "A1BD=\u2015 A1C0=\\ 8FA2B7=~");
      case "eucjpms" ->
          multiByte(
              "eucjpms",
              "EUC-JP",
              "A1BD=\u2015 A1C1=\uFF5E A1C2=\u2225 A1DD=\uFF0D A1F1=\uFFE0 A1F2=\uFFE1 A2CC=\uFFE2 8FA2C3=\uFFE4");
      default ->
          throw new CanalException(
              ErrorCode.STOP_INSTANCE, "character set " + name + ": expected one that is known");
    };
  }

  /** Patches for codes that follow one another. */
  private static String from(int firstCode, String characters) {
    StringBuilder patches = new StringBuilder();
    for (int i = 0; i < characters.length(); i++) {
      patches.append(i == 0 ? "" : " ").append(Integer.toHexString(firstCode + i));
      patches.append('=').append(characters.charAt(i));
    }
    return patches.toString();
  }

  private static Transcoder singleByte(String javaName, String patches) {
    JavaCodes java = new JavaCodes(javaName);
    char[] characters = new char[256];
    for (int code = 0; code < 256; code++) {
      char character = java.character(code, 1);
      characters[code] = character == 0 && code != 0 ? '?' : character;
    }
    forEachPatch(patches, (code, bytes, character) -> characters[code] = character);
    return new SingleByteTranscoder(characters);
  }

  private static Transcoder multiByte(String name, String javaName, String patches) {
    JavaCodes java = new JavaCodes(javaName);
    char[] singles = new char[Tables.SINGLES];
    for (int code = 0x80; code < 0x100; code++) {
      singles[code - 0x80] = java.character(code, 1);
    }
    char[] pairs = new char[Tables.PAIRS];
    for (int code = 0x8000; code < 0x10000; code++) {
      pairs[code - 0x8000] = singles[(code >>> 8) - 0x80] == 0 ? java.character(code, 2) : 0;
    }
    boolean euc = javaName.equals("EUC-JP");
    char[] triples = new char[euc ? Tables.PAIRS : 0];
    for (int i = 0; i < triples.length; i++) {
      triples[i] = java.character(0x8F8000 + i, 3);
    }
    if (name.equals("eucjpms")) {
      addVendorCharacters(pairs, 0x8000, 2);
      addVendorCharacters(triples, 0x8F8000, 3);
    }
    if (euc) {
      addUserDefined(pairs, '\uE000');
      addUserDefined(triples, '\uE3AC');
    }
    char[] quads = new char[javaName.equals("GB18030") ? Tables.QUADS : 0];
    for (int i = 0; i < quads.length; i++) {
      quads[i] = java.character(quadCode(i), 4);
    }
    Tables tables = new Tables(singles, pairs, triples, quads);
    forEachPatch(
        patches,
        (code, bytes, character) -> {
          switch (bytes) {
            case 2 -> pairs[code - 0x8000] = character;
            case 3 -> triples[code - 0x8F8000] = character;
            default -> quads[quadIndex(code)] = character;
          }
        });
    return new MultiByteTranscoder(tables);
  }

  /** NEC's and IBM's characters, which EUC-JP lacks. */
  private static void addVendorCharacters(char[] table, int firstCode, int bytes) {
    JavaCodes java = new JavaCodes("x-eucJP-Open");
    for (int i = 0; i < table.length; i++) {
      table[i] = table[i] == 0 ? java.character(firstCode + i, bytes) : table[i];
    }
  }

  /** The ten rows from 0xF5 on are user-defined in ujis and eucjpms: one private area each. */
  private static void addUserDefined(char[] table, char first) {
    char character = first;
    for (int row = 0xF5; row <= 0xFE; row++) {
      for (int cell = 0xA1; cell <= 0xFE; cell++) {
        table[Tables.pair(row, cell)] = character++;
      }
    }
  }

  private static int quadCode(int index) {
    return ((0x81 + index / 12600) << 24)
        | ((0x30 + index / 1260 % 10) << 16)
        | ((0x81 + index / 10 % 126) << 8)
        | (0x30 + index % 10);
  }

  private static int quadIndex(int code) {
    int first = code >>> 24;
    int second = (code >>> 16) & 0xFF;
    int third = (code >>> 8) & 0xFF;
    int fourth = code & 0xFF;
    return (first - 0x81) * 12600 + (second - 0x30) * 1260 + (third - 0x81) * 10 + fourth - 0x30;
  }

  @FunctionalInterface
  private interface Patch {
    void apply(int code, int bytes, char character);
  }

  /** Patches are {@code code=character}, or {@code first-last=character of the first}. */
  private static void forEachPatch(String patches, Patch patch) {
    for (int at = 0; at < patches.length(); ) {
      int equals = patches.indexOf('=', at);
      String[] codes = patches.substring(at, equals).split("-", -1);
      int first = Integer.parseUnsignedInt(codes[0], 16);
      int last = Integer.parseUnsignedInt(codes[codes.length - 1], 16);
      char character = patches.charAt(equals + 1);
      for (int code = first; code <= last; code++) {
        patch.apply(code, codes[0].length() / 2, (char) (character + code - first));
      }
      at = equals + 3;
    }
  }
}
