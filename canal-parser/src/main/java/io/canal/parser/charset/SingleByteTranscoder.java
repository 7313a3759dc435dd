package io.canal.parser.charset;

import io.canal.protocol.WriteBuffer;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** A character set of one byte per character, as a table of UTF-8 sequences. */
final class SingleByteTranscoder implements Transcoder {
  /** One char per byte, as Canal writes bytes that are no text. */
  static final SingleByteTranscoder ISO_8859_1 = iso88591();

  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long TOP_BITS = 0x8080_8080_8080_8080L;
  private static final int MAX_BYTES = 3;
  private static final int CHUNK = 8192;

  /** The sequence in the low three bytes, first byte lowest; its length in the high byte. */
  private final int[] sequences = new int[256];

  /** Whether the characters below 0x80 are those of ASCII, as in all but swe7. */
  private final boolean ascii;

  SingleByteTranscoder(char[] characters) {
    byte[] sequence = new byte[Utf8.MAX_BYTES];
    boolean same = true;
    for (int i = 0; i < 256; i++) {
      int length = Utf8.put(sequence, 0, characters[i]);
      int packed = length << 24;
      for (int k = 0; k < length; k++) {
        packed |= (sequence[k] & 0xFF) << (k << 3);
      }
      sequences[i] = packed;
      same &= i >= 0x80 || characters[i] == i;
    }
    ascii = same;
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
      byte[] target = out.reserve((chunkEnd - at) * MAX_BYTES + Long.BYTES);
      int position = out.position();
      while (at < chunkEnd) {
        if (ascii && chunkEnd - at >= Long.BYTES) {
          long word = (long) LONG.get(array, at);
          if ((word & TOP_BITS) == 0) {
            LONG.set(target, position, word);
            at += Long.BYTES;
            position += Long.BYTES;
            continue;
          }
        }
        int stop = Math.min(at + Long.BYTES, chunkEnd);
        while (at < stop) {
          // Four bytes at once, of which the next sequence overwrites what is too much.
          int sequence = sequences[array[at++] & 0xFF];
          INT.set(target, position, sequence);
          position += sequence >>> 24;
        }
      }
      out.position(position);
    }
  }
}
