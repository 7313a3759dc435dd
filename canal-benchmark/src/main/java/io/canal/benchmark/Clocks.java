package io.canal.benchmark;

import java.time.Instant;

/** The wall clock, which all processes of this machine share. */
final class Clocks {
  private Clocks() {}

  static long nowMicros() {
    Instant now = Instant.now();
    return now.getEpochSecond() * 1_000_000 + now.getNano() / 1000;
  }
}
