package io.canal.parser.entry;

import io.canal.protocol.WriteBuffer;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * Bytes that stand in many entries, copied in whole words: for so few, the call of a copy would
 * cost the most. Immutable.
 */
final class Constant {
  private final byte[] words;
  private final int length;

  private Constant(byte[] bytes) {
    length = bytes.length;
    words = Arrays.copyOf(bytes, WriteBuffer.wordsRoom(length));
  }

  /** What {@code content} writes. */
  static Constant of(Consumer<WriteBuffer> content) {
    return new Constant(bytes(content));
  }

  static byte[] bytes(Consumer<WriteBuffer> content) {
    WriteBuffer out = new WriteBuffer(64);
    content.accept(out);
    return out.toByteArray();
  }

  void write(WriteBuffer out) {
    byte[] target = out.reserve(words.length);
    WriteBuffer.putWords(words, 0, length, target, out.position());
    out.position(out.position() + length);
  }
}
