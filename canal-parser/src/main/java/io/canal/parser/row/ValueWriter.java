package io.canal.parser.row;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.WriteBuffer;

/**
 * Writes the values of one column as Canal's text. Made by {@link ValueWriters} once per version of
 * a table; without state, for all threads.
 */
public interface ValueWriter {
  /**
   * Appends the text in UTF-8.
   *
   * @param offset where {@link RowsEvent#valueOffset} says that the value begins
   * @throws CanalException with {@link ErrorCode#STOP_INSTANCE} where the bytes are no value of the
   *     column's type
   */
  void write(byte[] array, int offset, int length, WriteBuffer out);

  /** The code of java.sql.Types for this value: of an unsigned number it depends on the value. */
  int sqlType(byte[] array, int offset, int length);

  /** The code of java.sql.Types where the value is NULL. */
  int sqlTypeOfNull();
}
