package io.canal.parser.entry;

import io.canal.protocol.WriteBuffer;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * A few bytes that stand in many entries, copied in whole words: of a call to copy them the call
 * would cost the most. Immutable.
 */
final class Constant {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());

  private final byte[] words;
  private final int length;

  private Constant(byte[] words, int length) {
    this.words = words;
    this.length = length;
  }

  /** What {@code content} writes. */
  static Constant of(Consumer<WriteBuffer> content) {
    WriteBuffer out = new WriteBuffer(64);
    content.accept(out);
    int length = out.position();
    return new Constant(Arrays.copyOf(out.toByteArray(), (length + 7) & ~7), length);
  }

  int length() {
    return length;
  }

  /** How many bytes {@link #put} may touch. */
  int room() {
    return words.length;
  }

  /** Puts the bytes where there is {@link #room} for them; returns where the next one goes. */
  int put(byte[] target, int at) {
    byte[] source = words;
    for (int i = 0; i < source.length; i += Long.BYTES) {
      LONG.set(target, at + i, (long) LONG.get(source, i));
    }
    return at + length;
  }

  void write(WriteBuffer out) {
    out.reserve(words.length);
    out.position(put(out.array(), out.position()));
  }
}
