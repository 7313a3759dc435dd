package io.canal.parser.log;

/** What a frame of the change log holds. A transaction is BEGIN, then ROWS and QUERY, then END. */
public enum FrameKind {
  /** A transaction's identity: see {@link Transaction}. */
  BEGIN(0),
  /** One rows event as the source wrote it. */
  ROWS(1),
  /** One QUERY event: DDL, or a statement that is no row change. */
  QUERY(2),
  /** The XID or COMMIT event; without a body where a statement is its own transaction. */
  END(3),
  /** No change, a later position: the source went on to another file. */
  MOVE(4);

  private static final FrameKind[] BY_CODE = values();

  final byte code;

  FrameKind(int code) {
    this.code = (byte) code;
  }

  static FrameKind of(byte code) {
    return BY_CODE[code];
  }
}
