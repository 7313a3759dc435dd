package io.canal.benchmark.process;

import io.canal.client.CanalClient;
import io.canal.client.Change;
import io.canal.client.ChangeListener;
import io.canal.client.Operation;
import io.canal.client.RowImage;
import io.canal.client.Subscription;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/**
 * Reads with our client from a server in another process: of each row its operation and key, or
 * {@link Setting#VALUES every value}; with one subscription or {@link Setting#CONSUMERS several}.
 */
public final class SdkRunner implements Runner {
  private static final int FIRST_CLIENT_ID = 1001;

  @Override
  public Pass run(Segment segment) throws InterruptedException {
    int consumers = Setting.CONSUMERS.number(1);
    int stopped = Setting.STOPPED.number(0);
    CountDownLatch ended = new CountDownLatch(consumers - stopped);
    CountDownLatch released = new CountDownLatch(1);
    Usage usage = Usage.start();
    List<Reading> readings = new ArrayList<>();
    List<Subscription> subscriptions = new ArrayList<>();
    for (int i = 0; i < consumers; i++) {
      ChangeListener listener;
      if (i < stopped) {
        listener = change -> released.await();
      } else {
        Reading reading = new Reading(new Tally(segment), ended);
        readings.add(reading);
        listener = reading;
      }
      CanalClient client =
          CanalClient.builder()
              .server(Segment.HOST, Setting.PORT.number(0))
              .clientId(FIRST_CLIENT_ID + i)
              .build();
      subscriptions.add(client.subscribe(CanalServerHost.DESTINATION, "", listener));
    }
    ended.await();
    Pass pass = Pass.sum(usage, readings.stream().map(reading -> reading.tally.pass()).toList());
    released.countDown();
    subscriptions.forEach(Subscription::close);
    if (readings.stream().anyMatch(reading -> reading.read == 0)) {
      throw new IllegalStateException("nothing was read");
    }
    return pass;
  }

  private static final class Reading implements ChangeListener {
    private final boolean readsValues = Setting.VALUES.isTrue();
    private final CountDownLatch ended;

    // owned by the subscription's thread until ended
    private final Tally tally;
    // sum of what was read, so that reading cannot be optimized away
    private long read;

    Reading(Tally tally, CountDownLatch ended) {
      this.tally = tally;
      this.ended = ended;
    }

    @Override
    public void onChange(Change change) {
      if (tally.hasEnded()) {
        return; // what lies behind the segment
      }
      Operation operation = change.operation();
      RowImage row = operation == Operation.DELETE ? change.before() : change.after();
      read += row.getLong("id");
      if (readsValues) {
        read += readAll(change.before()) + readAll(change.after());
      }
      switch (operation) {
        case INSERT -> insert(change);
        case UPDATE -> tally.update(1);
        case DELETE -> tally.delete(1);
        case DDL -> throw new IllegalStateException("a statement: " + change.sql());
      }
    }

    private void insert(Change change) {
      boolean last = false;
      switch (change.table()) {
        case Segment.MARKER_TABLE -> last = tally.mark();
        case Segment.LATENCY_TABLE -> last = tally.sample(change.after().getLong("stamp"));
        default -> tally.insert(1);
      }
      if (last) {
        ended.countDown();
      }
    }

    private static long readAll(RowImage row) {
      long length = 0;
      for (int i = 0; i < row.size(); i++) {
        String value = row.column(i).getString();
        length += value == null ? 0 : value.length();
      }
      return length;
    }
  }
}
