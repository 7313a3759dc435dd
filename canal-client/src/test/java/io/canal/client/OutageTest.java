package io.canal.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class OutageTest {
  private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 5); // the clock may overflow
  private final Outage outage = new Outage(nanos::get);

  @Test
  void shouldHaveTheFirstFailureLoggedAndOneAMinute() {
    List<Integer> logged = new ArrayList<>();

    for (int second = 0; second < 130; second += 10) {
      if (outage.failed()) {
        logged.add(second);
      }
      nanos.addAndGet(TimeUnit.SECONDS.toNanos(10));
    }

    assertThat(logged).containsExactly(0, 60, 120);
    assertThat(outage.over()).isEqualTo(13);
  }

  @Test
  void shouldBeginAnewAfterASuccess() {
    outage.failed();
    outage.over();

    assertThat(outage.over()).isZero();
    assertThat(outage.failed()).isTrue();
  }
}
