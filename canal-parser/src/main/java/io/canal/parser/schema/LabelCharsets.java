package io.canal.parser.schema;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.charset.Charset;
import java.util.Map;

/** Decodes the labels of ENUM and SET columns, which a TABLE_MAP holds in the column's charset. */
final class LabelCharsets {
  /** Java's name where it is not MySQL's. */
  private static final Map<String, String> JAVA_NAMES =
      Map.ofEntries(
          Map.entry("ascii", "US-ASCII"),
          Map.entry("binary", "ISO-8859-1"),
          Map.entry("cp1250", "windows-1250"),
          Map.entry("cp1251", "windows-1251"),
          Map.entry("cp1256", "windows-1256"),
          Map.entry("cp1257", "windows-1257"),
          Map.entry("cp850", "IBM850"),
          Map.entry("cp852", "IBM852"),
          Map.entry("cp866", "IBM866"),
          Map.entry("cp932", "windows-31j"),
          Map.entry("eucjpms", "EUC-JP"),
          Map.entry("euckr", "EUC-KR"),
          Map.entry("greek", "ISO-8859-7"),
          Map.entry("hebrew", "ISO-8859-8"),
          Map.entry("koi8r", "KOI8-R"),
          Map.entry("koi8u", "KOI8-U"),
          Map.entry("latin1", "windows-1252"),
          Map.entry("latin2", "ISO-8859-2"),
          Map.entry("latin5", "ISO-8859-9"),
          Map.entry("latin7", "ISO-8859-13"),
          Map.entry("macce", "x-MacCentralEurope"),
          Map.entry("macroman", "x-MacRoman"),
          Map.entry("sjis", "Shift_JIS"),
          Map.entry("tis620", "TIS-620"),
          Map.entry("ucs2", "UTF-16BE"),
          Map.entry("ujis", "EUC-JP"),
          Map.entry("utf16", "UTF-16BE"),
          Map.entry("utf16le", "UTF-16LE"),
          Map.entry("utf32", "UTF-32BE"),
          Map.entry("utf8mb3", "UTF-8"),
          Map.entry("utf8mb4", "UTF-8"));

  private LabelCharsets() {}

  /** The label's text; a character set that Java lacks is read as UTF-8, as its ASCII part is. */
  static String decode(byte[] label, int collation) {
    return new String(label, charset(collation));
  }

  private static Charset charset(int collation) {
    return MysqlCharsets.byCollation(collation)
        .map(charset -> JAVA_NAMES.getOrDefault(charset.name(), charset.name()))
        .filter(Charset::isSupported)
        .map(Charset::forName)
        .orElse(UTF_8);
  }
}
