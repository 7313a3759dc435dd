package io.canal.parser.row;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.WriteBuffer;

/**
 * Writes the values of one column as Canal's text. Made by {@link ValueWriters} once per version of
 * a table; immutable, for all threads.
 */
public abstract class ValueWriter {
  private final int sqlType;

  ValueWriter(int sqlType) {
    this.sqlType = sqlType;
  }

  /**
   * Appends the text in UTF-8.
   *
   * @param offset where {@link RowsEvent#valueOffset} says that the value begins
   * @throws CanalException with {@link ErrorCode#STOP_INSTANCE} where the bytes are no value of the
   *     column's type
   */
  public abstract void write(byte[] array, int offset, int length, WriteBuffer out);

  /** The code of java.sql.Types for a value. */
  public final int sqlType() {
    return sqlType;
  }

  /**
   * The code where the top bit of the value's last byte is set: of an unsigned number it is the
   * wider type that holds it, else {@link #sqlType()}.
   */
  public int sqlTypeOfTopBit() {
    return sqlType;
  }

  /** The code where the value is NULL. */
  public int sqlTypeOfNull() {
    return sqlType;
  }

  /** Guards a writer that reads a fixed number of bytes. */
  static void expectLength(String type, int expected, int found) {
    if (expected != found) {
      throw new CanalException(
          ErrorCode.STOP_INSTANCE,
          type + ": expected a value of " + expected + " bytes, found " + found);
    }
  }
}
