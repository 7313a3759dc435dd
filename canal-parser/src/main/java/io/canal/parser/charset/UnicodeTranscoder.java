package io.canal.parser.charset;

import io.canal.protocol.WriteBuffer;

/** Unicode in units of two bytes (ucs2, utf16, utf16le) or four (utf32). */
final class UnicodeTranscoder implements Transcoder {
  static final UnicodeTranscoder UTF_16 = new UnicodeTranscoder(2, false);
  static final UnicodeTranscoder UTF_16_LE = new UnicodeTranscoder(2, true);
  static final UnicodeTranscoder UTF_32 = new UnicodeTranscoder(4, false);

  private static final int CHUNK = 8192;

  private final int unitBytes;
  private final boolean littleEndian;

  private UnicodeTranscoder(int unitBytes, boolean littleEndian) {
    this.unitBytes = unitBytes;
    this.littleEndian = littleEndian;
  }

  @Override
  public void write(byte[] array, int offset, int length, WriteBuffer out) {
    int end = offset + length;
    int at = offset;
    while (at < end) {
      int chunkEnd = at + Math.min(CHUNK, end - at);
      byte[] target = out.reserve((chunkEnd - at + unitBytes) * Utf8.MAX_BYTES);
      int position = out.position();
      while (at < chunkEnd) {
        int codePoint = unit(array, at, end);
        at += unitBytes;
        if (unitBytes == 2 && Character.isHighSurrogate((char) codePoint)) {
          int low = unit(array, at, end);
          if (Character.isLowSurrogate((char) low)) {
            codePoint = Character.toCodePoint((char) codePoint, (char) low);
            at += unitBytes;
          }
        }
        boolean valid =
            Character.isValidCodePoint(codePoint)
                && (codePoint < Character.MIN_SURROGATE || codePoint > Character.MAX_SURROGATE);
        position = Utf8.put(target, position, valid ? codePoint : '?');
      }
      out.position(position);
    }
  }

  /** The unit at a place; −1, which is no code point, where the text is cut off in it. */
  private int unit(byte[] array, int at, int end) {
    if (end - at < unitBytes) {
      return -1;
    }
    int first = array[at] & 0xFF;
    int second = array[at + 1] & 0xFF;
    if (unitBytes == 2) {
      return littleEndian ? (second << 8) | first : (first << 8) | second;
    }
    return (first << 24) | (second << 16) | ((array[at + 2] & 0xFF) << 8) | (array[at + 3] & 0xFF);
  }
}
