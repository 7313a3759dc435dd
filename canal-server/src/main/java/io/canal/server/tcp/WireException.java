package io.canal.server.tcp;

/** An error for one client, without a stack trace: it says nothing about this program. */
final class WireException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int code;
  private final boolean answers;

  /**
   * @param answers whether it is the answer to a request, after which the session goes on
   */
  WireException(int code, boolean answers, String message) {
    super(message, null, false, false);
    this.code = code;
    this.answers = answers;
  }

  /** The error code of the {@code Ack} (wire-protocol section 4.8). */
  int code() {
    return code;
  }

  boolean answers() {
    return answers;
  }
}
