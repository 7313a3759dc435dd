package io.canal.parser.charset;

import io.canal.protocol.WriteBuffer;

/**
 * Writes text in one character set of MySQL as UTF-8, as the server itself converts it: a character
 * that has no code in Unicode, and bytes that are no character, become {@code ?}. Without state,
 * for all threads.
 */
@FunctionalInterface
public interface Transcoder {
  void write(byte[] array, int offset, int length, WriteBuffer out);
}
