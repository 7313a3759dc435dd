package io.canal.parser.row;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;

/** A writer whose values all have one code of java.sql.Types. */
abstract class FixedTypeWriter implements ValueWriter {
  private final int sqlType;

  FixedTypeWriter(int sqlType) {
    this.sqlType = sqlType;
  }

  @Override
  public final int sqlType(byte[] array, int offset, int length) {
    return sqlType;
  }

  @Override
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
