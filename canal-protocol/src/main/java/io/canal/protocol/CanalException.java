package io.canal.protocol;

import static java.util.Objects.requireNonNull;

/**
 * The one exception of Canal. Its message says where, what was expected and what was found; its
 * {@link ErrorCode} says what happens next.
 */
public final class CanalException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ErrorCode code;

  public CanalException(ErrorCode code, String message) {
    super(message);
    this.code = requireNonNull(code, "code is null");
  }

  public CanalException(ErrorCode code, String message, Throwable cause) {
    super(message, cause);
    this.code = requireNonNull(code, "code is null");
  }

  public ErrorCode code() {
    return code;
  }
}
