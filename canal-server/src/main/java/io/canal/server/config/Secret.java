package io.canal.server.config;

import static java.util.Objects.requireNonNull;

/** A password: its text is read through {@link #value()} only and prints as {@code ***}. */
public record Secret(String value) {
  public Secret {
    requireNonNull(value, "value is null");
  }

  public boolean isEmpty() {
    return value.isEmpty();
  }

  @Override
  public String toString() {
    return "***";
  }
}
