package io.canal.parser.charset;

/** Writes code points as UTF-8. */
final class Utf8 {
  /** The most bytes of a code point. */
  static final int MAX_BYTES = 4;

  private Utf8() {}

  /** Writes one code point where there is room for it; returns where the next one goes. */
  static int put(byte[] target, int at, int codePoint) {
    if (codePoint < 0x80) {
      target[at] = (byte) codePoint;
      return at + 1;
    }
    if (codePoint < 0x800) {
      target[at] = (byte) (0xC0 | (codePoint >>> 6));
      target[at + 1] = (byte) (0x80 | (codePoint & 0x3F));
      return at + 2;
    }
    if (codePoint < 0x10000) {
      target[at] = (byte) (0xE0 | (codePoint >>> 12));
      target[at + 1] = (byte) (0x80 | ((codePoint >>> 6) & 0x3F));
      target[at + 2] = (byte) (0x80 | (codePoint & 0x3F));
      return at + 3;
    }
    target[at] = (byte) (0xF0 | (codePoint >>> 18));
    target[at + 1] = (byte) (0x80 | ((codePoint >>> 12) & 0x3F));
    target[at + 2] = (byte) (0x80 | ((codePoint >>> 6) & 0x3F));
    target[at + 3] = (byte) (0x80 | (codePoint & 0x3F));
    return at + 4;
  }
}
