package io.canal.parser.binlog;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.charset.Charset;

/**
 * The character set of a statement's text, by the number of {@code character_set_client} in a QUERY
 * event. Only sets that a client may use are here: none of two or four bytes per character.
 */
final class ClientCharset {
  private ClientCharset() {}

  static Charset of(int collation) {
    return switch (collation) {
      case 5, 8, 15, 31, 47, 48, 49, 94 -> named("windows-1252"); // latin1
      case 2, 9, 21, 27, 77 -> named("ISO-8859-2"); // latin2
      case 30, 78 -> named("ISO-8859-9"); // latin5
      case 20, 41, 42, 79 -> named("ISO-8859-13"); // latin7
      case 25, 70 -> named("ISO-8859-7"); // greek
      case 16, 71 -> named("ISO-8859-8"); // hebrew
      case 18, 89 -> named("TIS-620"); // tis620
      case 26, 34, 44, 66, 99 -> named("windows-1250"); // cp1250
      case 14, 23, 50, 51, 52 -> named("windows-1251"); // cp1251
      case 57, 67 -> named("windows-1256"); // cp1256
      case 29, 58, 59 -> named("windows-1257"); // cp1257
      case 4, 80 -> named("IBM850"); // cp850
      case 40, 81 -> named("IBM852"); // cp852
      case 36, 68 -> named("IBM866"); // cp866
      case 7, 74 -> named("KOI8-R"); // koi8r
      case 22, 75 -> named("KOI8-U"); // koi8u
      case 39, 53 -> named("x-MacRoman"); // macroman
      case 38, 43 -> named("x-MacCentralEurope"); // macce
      case 1, 84 -> named("Big5"); // big5
      case 24, 86 -> named("GB2312"); // gb2312
      case 28, 87 -> named("GBK"); // gbk
      case 248, 249, 250 -> named("GB18030"); // gb18030
      case 13, 88 -> named("Shift_JIS"); // sjis
      case 95, 96 -> named("windows-31j"); // cp932
      case 12, 91 -> named("EUC-JP"); // ujis
      case 97, 98 -> named("x-eucJP-Open"); // eucjpms
      case 19, 85 -> named("EUC-KR"); // euckr
      // dec8, hp8, swe7, armscii8, keybcs2, geostd8: Java has none of them
      case 3, 69, 6, 72, 10, 82, 32, 64, 37, 73, 92, 93 -> ISO_8859_1;
      default -> UTF_8; // utf8mb3, utf8mb4, ascii, binary, and what is not known
    };
  }

  private static Charset named(String name) {
    // sets beyond the standard ones live in a module that a trimmed runtime may lack
    return Charset.isSupported(name) ? Charset.forName(name) : ISO_8859_1;
  }
}
