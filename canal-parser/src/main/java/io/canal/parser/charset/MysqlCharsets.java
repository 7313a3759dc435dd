package io.canal.parser.charset;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Every character set of MySQL 5.7 to 9.x and MariaDB to 11.8, by collation id and by name. Ids
 * that a server's administrator adds (Index.xml) are not known. Immutable, for all threads.
 *
 * <p>Source: information_schema.COLLATIONS of those servers. MariaDB adds 1024 to an id for its NO
 * PAD twin, and gives 256 ids from 2048 on to each Unicode character set.
 */
public final class MysqlCharsets {
  private static final int FIRST_NO_PAD = 1024;
  private static final int FIRST_UCA_1400 = 2048;
  private static final int UCA_1400_IDS = 256;
  private static final String[] UCA_1400 = {"utf8mb3", "utf8mb4", "ucs2", "utf16", "utf32"};

  private static final Map<String, MysqlCharset> BY_NAME = new HashMap<>();
  private static final MysqlCharset[] BY_COLLATION = new MysqlCharset[FIRST_NO_PAD];

  static {
    add("armscii8", 1, 32, 64);
    add("ascii", 1, 11, 65);
    add("big5", 2, 1, 84);
    add("binary", 1, 63);
    add("cp1250", 1, 26, 34, 44, 66, 99);
    add("cp1251", 1, 51, 14, 23, 50, 52);
    add("cp1256", 1, 57, 67);
    add("cp1257", 1, 59, 29, 58);
    add("cp850", 1, 4, 80);
    add("cp852", 1, 40, 81);
    add("cp866", 1, 36, 68);
    add("cp932", 2, 95, 96);
    add("dec8", 1, 3, 69);
    add("eucjpms", 3, 97, 98);
    add("euckr", 2, 19, 85);
    add("gb18030", 4, 248, 249, 250);
    add("gb2312", 2, 24, 86);
    add("gbk", 2, 28, 87);
    add("geostd8", 1, 92, 93);
    add("greek", 1, 25, 70);
    add("hebrew", 1, 16, 71);
    add("hp8", 1, 6, 72);
    add("keybcs2", 1, 37, 73);
    add("koi8r", 1, 7, 74);
    add("koi8u", 1, 22, 75);
    add("latin1", 1, 8, 5, 15, 31, 47, 48, 49, 94);
    add("latin2", 1, 9, 2, 21, 27, 77);
    add("latin5", 1, 30, 78);
    add("latin7", 1, 41, 20, 42, 79);
    add("macce", 1, 38, 43);
    add("macroman", 1, 39, 53);
    add("sjis", 2, 13, 88);
    add("swe7", 1, 10, 82);
    add("tis620", 1, 18, 89);
    add("ucs2", 2, 35, 90);
    add("ujis", 3, 12, 91);
    add("utf16", 4, 54, 55);
    add("utf16le", 4, 56, 62);
    add("utf32", 4, 60, 61);
    add("utf8mb3", 3, 33, 76, 83);
    add("utf8mb4", 4, 255, 45, 46);
    // Languages and versions of the Unicode Collation Algorithm. Both vendors use the ids below
    // 256 in the same way; MySQL goes on from 255, MariaDB's own are at 576 and above.
    addRange("utf16", 101, 127);
    addRange("ucs2", 128, 159);
    addRange("utf32", 160, 191);
    addRange("utf8mb3", 192, 223);
    addRange("utf8mb4", 224, 247);
    addRange("utf8mb4", 255, 400);
    addRange("utf8mb3", 576, 607);
    addRange("utf8mb4", 608, 639);
    addRange("ucs2", 640, 671);
    addRange("utf16", 672, 703);
    addRange("utf32", 736, 767);
  }

  private MysqlCharsets() {}

  /** The character set of a collation id. */
  public static Optional<MysqlCharset> byCollation(int collation) {
    if (collation < 0) {
      return Optional.empty();
    }
    if (collation >= FIRST_UCA_1400) {
      int block = (collation - FIRST_UCA_1400) / UCA_1400_IDS;
      return block < UCA_1400.length ? byName(UCA_1400[block]) : Optional.empty();
    }
    return Optional.ofNullable(BY_COLLATION[collation % FIRST_NO_PAD]);
  }

  /** The character set of a lower-case name; {@code utf8} is utf8mb3. */
  public static Optional<MysqlCharset> byName(String name) {
    return Optional.ofNullable(BY_NAME.get(name.equals("utf8") ? "utf8mb3" : name));
  }

  private static void add(
      String name, int maxBytesPerChar, int defaultCollation, int... otherCollations) {
    MysqlCharset charset = new MysqlCharset(name, maxBytesPerChar, defaultCollation);
    BY_NAME.put(name, charset);
    BY_COLLATION[defaultCollation] = charset;
    for (int collation : otherCollations) {
      BY_COLLATION[collation] = charset;
    }
  }

  private static void addRange(String name, int first, int last) {
    for (int collation = first; collation <= last; collation++) {
      BY_COLLATION[collation] = BY_NAME.get(name);
    }
  }
}
