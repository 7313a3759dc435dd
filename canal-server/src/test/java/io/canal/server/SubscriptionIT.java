package io.canal.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.canal.client.CanalClient;
import io.canal.client.CanalConnector;
import io.canal.client.Change;
import io.canal.client.ChangeListener;
import io.canal.client.Subscription;
import io.canal.testing.MysqlServer;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The SDK's listener API at a real server, with batches so small that the next one is ahead. */
@Timeout(180)
class SubscriptionIT {
  @RegisterExtension static final MysqlServer mysql = MysqlServer.shared();

  private static final String DESTINATION = "ahead";
  private static final int ROWS = 3000;
  private static final int SUBSCRIPTIONS = 5;

  /** Keeps a batch once it is whole, as one who writes to a database would. */
  private static final class Keeper implements ChangeListener {
    private final Random random;
    private final List<Long> kept = Collections.synchronizedList(new ArrayList<>());
    private final List<Long> inHand = new ArrayList<>();
    private final AtomicInteger failures = new AtomicInteger();

    Keeper(long seed) {
      random = new Random(seed);
    }

    @Override
    public void onChange(Change change) throws IOException {
      if (random.nextInt(400) == 0) {
        inHand.clear();
        failures.incrementAndGet();
        throw new IOException("disk full");
      }
      inHand.add(change.after().getLong("id"));
    }

    @Override
    public void onBatchEnd() {
      kept.addAll(inHand);
      inHand.clear();
    }
  }

  @Test
  void shouldNeitherLoseNorRepeatWhatWasAcknowledged() throws Exception {
    long seed = System.nanoTime();
    String schema = mysql.createSchema("ahead");
    mysql.execute("CREATE TABLE " + schema + ".t (id INT PRIMARY KEY, v VARCHAR(200))");
    Keeper keeper = new Keeper(seed);
    try (CanalHome home = CanalHome.create().destination(DESTINATION, mysql);
        CanalServer server = home.start()) {
      home.awaitServing(DESTINATION);
      CanalClient client = home.client().batchSize(1).errorHandler((s, e) -> {}).build();
      CanalConnector first = client.newConnector(DESTINATION);
      first.connect();
      first.subscribe(schema + "\\.t"); // begins here
      first.disconnect();
      insert(schema, new Random(seed));

      for (int i = 1; i <= SUBSCRIPTIONS; i++) {
        int enough = ROWS * i / SUBSCRIPTIONS;
        Subscription subscription = client.subscribe(DESTINATION, schema + "\\.t", keeper);
        try {
          Await.until(
              enough + " rows",
              Duration.ofSeconds(60),
              () -> "seed " + seed + ", " + keeper.kept.size() + " rows",
              () -> keeper.kept.size() >= enough);
        } finally {
          subscription.close();
        }
        assertThat(subscription.closed()).succeedsWithin(10, TimeUnit.SECONDS);
      }

      assertThat(server.status().instances()).hasSize(1);
    }
    assertThat(keeper.kept)
        .as("seed %d, %d failures", seed, keeper.failures.get())
        .isEqualTo(LongStream.rangeClosed(1, ROWS).boxed().toList());
    assertThat(keeper.failures.get()).as("seed %d", seed).isPositive();
  }

  private static void insert(String schema, Random random) throws Exception {
    int id = 1;
    while (id <= ROWS) {
      List<String> rows = new ArrayList<>();
      for (int last = Math.min(ROWS, id + random.nextInt(20)); id <= last; id++) {
        rows.add("(%d, '%s')".formatted(id, "v".repeat(random.nextInt(200))));
      }
      mysql.execute("INSERT INTO " + schema + ".t VALUES " + String.join(", ", rows));
    }
  }
}
