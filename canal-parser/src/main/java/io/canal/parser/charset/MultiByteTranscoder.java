package io.canal.parser.charset;

import static java.util.Objects.requireNonNull;

import io.canal.protocol.WriteBuffer;

/**
 * The Chinese, Japanese and Korean character sets: ASCII below 0x80, and above it single bytes,
 * pairs, EUC's triples behind 0x8F, and GB 18030's four bytes.
 */
final class MultiByteTranscoder implements Transcoder {
  private static final int CHUNK = 8192;
  private static final int FIRST_OF_TRIPLE = 0x8F;
  private static final int FIRST_SUPPLEMENTARY = 189_000; // 0x90308130 = U+10000

  /** What a lead byte and its followers mean; 0 in a table stands for no character. */
  @SuppressWarnings("ArrayRecordComponent") // tables, never handed out
  record Tables(char[] singles, char[] pairs, char[] triples, char[] quads) {
    static final int SINGLES = 0x80;
    static final int PAIRS = 0x8000;
    static final int QUADS = 39_420; // 0x8431A439, the last that may be in the BMP

    Tables {
      requireNonNull(singles, "singles is null");
      requireNonNull(pairs, "pairs is null");
      requireNonNull(triples, "triples is null");
      requireNonNull(quads, "quads is null");
    }

    /** Where a pair of bytes stands, the first from 0x80. */
    static int pair(int first, int second) {
      return ((first - 0x80) << 8) | second;
    }
  }

  private final Tables tables;

  MultiByteTranscoder(Tables tables) {
    this.tables = tables;
  }

  @Override
  public void write(byte[] array, int offset, int length, WriteBuffer out) {
    int end = offset + length;
    int at = offset;
    while (at < end) {
      int chunkEnd = at + Math.min(CHUNK, end - at);
      byte[] target = out.reserve((chunkEnd - at) * Utf8.MAX_BYTES);
      int position = out.position();
      while (at < chunkEnd) {
        int lead = array[at] & 0xFF;
        if (lead < 0x80) {
          target[position++] = (byte) lead;
          at++;
          continue;
        }
        int width = width(array, at, end);
        int codePoint = width > end - at ? 0 : codePoint(array, at, width);
        position = Utf8.put(target, position, codePoint == 0 ? '?' : codePoint);
        at += width;
      }
      out.position(position);
    }
  }

  private int width(byte[] array, int at, int end) {
    int lead = array[at] & 0xFF;
    if (tables.singles[lead - 0x80] != 0) {
      return 1;
    }
    if (lead == FIRST_OF_TRIPLE && tables.triples.length > 0) {
      return 3;
    }
    if (tables.quads.length > 0 && end - at > 1 && isDigit(array[at + 1])) {
      return 4;
    }
    return 2;
  }

  private int codePoint(byte[] array, int at, int width) {
    int first = array[at] & 0xFF;
    int second = width > 1 ? array[at + 1] & 0xFF : 0;
    return switch (width) {
      case 1 -> tables.singles[first - 0x80];
      case 2 -> tables.pairs[Tables.pair(first, second)];
      case 3 -> second < 0x80 ? 0 : tables.triples[Tables.pair(second, array[at + 2] & 0xFF)];
      default -> quad(first, second, array[at + 2] & 0xFF, array[at + 3]);
    };
  }

  private int quad(int first, int second, int third, byte fourth) {
    if (third < 0x81 || third > 0xFE || !isDigit(fourth)) {
      return 0;
    }
    int index = ((first - 0x81) * 10 + second - '0') * 1260 + (third - 0x81) * 10 + fourth - '0';
    if (index >= 0 && index < tables.quads.length) {
      return tables.quads[index];
    }
    int supplementary = index - FIRST_SUPPLEMENTARY + Character.MIN_SUPPLEMENTARY_CODE_POINT;
    return Character.isSupplementaryCodePoint(supplementary) ? supplementary : 0;
  }

  private static boolean isDigit(byte value) {
    return value >= '0' && value <= '9';
  }
}
