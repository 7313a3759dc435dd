package io.canal.benchmark;

import io.canal.client.CanalClient;
import io.canal.client.Change;
import io.canal.client.ChangeListener;
import io.canal.client.Operation;
import io.canal.client.RowImage;
import io.canal.client.Subscription;
import java.util.concurrent.CountDownLatch;

/**
 * Subscribes to a server in another process and reads of each row its operation and key, or every
 * value.
 */
final class ClientRunner implements ChangeListener {
  private final boolean readsValues;
  private final Tally tally;
  private final CountDownLatch ended = new CountDownLatch(1);

  // owned by the subscription's thread
  private Pass pass;
  // sum of what was read, so that reading cannot be optimized away
  private long read;

  private ClientRunner(boolean readsValues, int latencies) {
    this.readsValues = readsValues;
    this.tally = new Tally(latencies);
  }

  static Pass run(int port, boolean readsValues, int latencies) throws InterruptedException {
    CanalClient client = CanalClient.builder().server(Segment.HOST, port).build();
    ClientRunner runner = new ClientRunner(readsValues, latencies);
    Subscription subscription = client.subscribe("example", "", runner);
    runner.ended.await();
    subscription.close();
    if (runner.read == 0) {
      throw new IllegalStateException("nothing was read");
    }
    return runner.pass;
  }

  @Override
  public void onChange(Change change) {
    if (pass != null) {
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
      case Segment.END_TABLE -> last = true;
      case Workload.LATENCY_TABLE -> last = tally.sample(change.after().getLong("stamp"));
      default -> tally.insert(1);
    }
    if (last) {
      pass = tally.ended();
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
