package io.canal.parser.row;

import io.canal.parser.charset.Transcoder;
import io.canal.protocol.WriteBuffer;

/** CHAR, VARCHAR and TEXT in the column's character set, and VARBINARY, BLOB and GEOMETRY. */
final class TextWriter extends ValueWriter {
  private final Transcoder transcoder;

  TextWriter(Transcoder transcoder, int sqlType) {
    super(sqlType);
    this.transcoder = transcoder;
  }

  @Override
  public void write(byte[] array, int offset, int length, WriteBuffer out) {
    transcoder.write(array, offset, length, out);
  }
}
