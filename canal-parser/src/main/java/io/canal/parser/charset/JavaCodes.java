package io.canal.parser.charset;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.UnsupportedCharsetException;

/** What Java makes of one code of one of its charsets. Not thread-safe. */
final class JavaCodes {
  private final CharsetDecoder decoder;
  private final byte[] bytes = new byte[4];
  private final CharBuffer characters = CharBuffer.allocate(4);

  JavaCodes(String javaName) {
    try {
      decoder = Charset.forName(javaName).newDecoder();
    } catch (UnsupportedCharsetException e) {
      throw new CanalException(
          ErrorCode.STOP_INSTANCE,
          "character set " + javaName + ": expected a Java with the module jdk.charsets",
          e);
    }
  }

  /** The character of a code of so many bytes; 0 where it is not exactly one. */
  char character(int code, int length) {
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) (code >>> ((length - 1 - i) << 3));
    }
    decoder.reset();
    characters.clear();
    boolean failed = decoder.decode(ByteBuffer.wrap(bytes, 0, length), characters, true).isError();
    return failed || characters.position() != 1 ? 0 : characters.get(0);
  }
}
