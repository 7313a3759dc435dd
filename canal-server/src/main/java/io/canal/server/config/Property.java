package io.canal.server.config;

import static java.util.Objects.requireNonNull;

/** One {@code key = value} of a properties file; {@code line} counts from 1 and is its first. */
record Property(String key, String value, int line) {
  Property {
    requireNonNull(key, "key is null");
    requireNonNull(value, "value is null");
    if (line < 1) {
      throw new IllegalArgumentException("line is " + line);
    }
  }
}
