package io.canal.benchmark.process;

import java.time.Instant;

/** The wall clock, which all processes of this machine share. */
public final class Clocks {
  private Clocks() {}

  public static long nowMicros() {
    Instant now = Instant.now();
    return now.getEpochSecond() * 1_000_000 + now.getNano() / 1000;
  }
}
