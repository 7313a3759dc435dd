package io.canal.parser.charset;

import io.canal.protocol.WriteBuffer;

/** A character set of one byte per character, as a table of UTF-8 sequences. */
final class SingleByteTranscoder implements Transcoder {
  /** One char per byte, as Canal writes bytes that are no text. */
  static final SingleByteTranscoder ISO_8859_1 = iso88591();

  private static final int MAX_BYTES = 3;
  private static final int CHUNK = 8192;

  /** The sequence in the low three bytes, first byte lowest; its length in the high byte. */
  private final int[] sequences = new int[256];

  SingleByteTranscoder(char[] characters) {
    byte[] sequence = new byte[Utf8.MAX_BYTES];
    for (int i = 0; i < 256; i++) {
      int length = Utf8.put(sequence, 0, characters[i]);
      int packed = length << 24;
      for (int k = 0; k < length; k++) {
        packed |= (sequence[k] & 0xFF) << (k << 3);
      }
      sequences[i] = packed;
    }
  }

  private static SingleByteTranscoder iso88591() {
    char[] characters = new char[256];
    for (int i = 0; i < 256; i++) {
      characters[i] = (char) i;
    }
    return new SingleByteTranscoder(characters);
  }

  @Override
  public void write(byte[] array, int offset, int length, WriteBuffer out) {
    int end = offset + length;
    int at = offset;
    while (at < end) {
      int chunkEnd = at + Math.min(CHUNK, end - at);
      out.reserve((chunkEnd - at) * MAX_BYTES + 1);
      byte[] target = out.array();
      int position = out.position();
      while (at < chunkEnd) {
        int sequence = sequences[array[at++] & 0xFF];
        target[position] = (byte) sequence;
        if (sequence >>> 24 > 1) {
          target[position + 1] = (byte) (sequence >>> 8);
          target[position + 2] = (byte) (sequence >>> 16);
        }
        position += sequence >>> 24;
      }
      out.position(position);
    }
  }
}
