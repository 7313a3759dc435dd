package io.canal.parser.row;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.canal.protocol.WriteBuffer;

/**
 * Base64 as MySQL writes it into JSON text: lines of 76 characters, each new line as {@code \n}.
 */
final class Base64Text {
  private static final int LINE_BYTES = 57;
  private static final byte[] DIGITS =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".getBytes(US_ASCII);

  private Base64Text() {}

  static void write(byte[] array, int offset, int length, WriteBuffer out) {
    int end = offset + length;
    for (int at = offset; at < end; at += 3) {
      if (at > offset && (at - offset) % LINE_BYTES == 0) {
        out.writeAscii("\\n");
      }
      int bytes = Math.min(3, end - at);
      int bits = (array[at] & 0xFF) << 16;
      bits |= bytes > 1 ? (array[at + 1] & 0xFF) << 8 : 0;
      bits |= bytes > 2 ? array[at + 2] & 0xFF : 0;
      out.writeByte(DIGITS[bits >>> 18]);
      out.writeByte(DIGITS[((bits >>> 12) & 0x3F)]);
      out.writeByte(bytes > 1 ? DIGITS[((bits >>> 6) & 0x3F)] : '=');
      out.writeByte(bytes > 2 ? DIGITS[bits & 0x3F] : '=');
    }
  }
}
