package io.canal.server.config;

import static java.util.Objects.requireNonNull;

/**
 * One thing that an operator has to mend.
 *
 * @param source the file as seen from the home directory, or {@code environment variable NAME}
 * @param line the line in the file from 1, or 0 where there is none
 * @param message what was expected and found there
 */
public record Problem(String source, int line, String message) {
  public Problem {
    requireNonNull(source, "source is null");
    requireNonNull(message, "message is null");
  }

  @Override
  public String toString() {
    return source + (line == 0 ? "" : ":" + line) + ": " + message;
  }
}
