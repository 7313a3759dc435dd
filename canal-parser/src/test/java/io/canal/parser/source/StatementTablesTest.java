package io.canal.parser.source;

import static org.assertj.core.api.Assertions.assertThat;

import io.canal.parser.schema.ResolvedTable;
import io.canal.parser.schema.TableMap;
import io.canal.parser.schema.TableSchema;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StatementTablesTest {
  private static ResolvedTable table(int version) {
    TableMap map =
        new TableMap(
            version,
            "shop",
            "t" + version,
            new int[0],
            new int[0],
            new boolean[0],
            Optional.empty());
    return new ResolvedTable(new TableSchema(version, "shop", "t" + version, List.of()), map, true);
  }

  @Test
  void shouldFindWhatWasLastSaidOfEachId() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    StatementTables tables = new StatementTables();
    Map<Long, ResolvedTable> expected = new HashMap<>();
    ResolvedTable[] all = new ResolvedTable[50];
    for (int i = 0; i < all.length; i++) {
      all[i] = table(i + 1);
    }

    for (int step = 0; step < 20_000; step++) {
      // ids that meet in a slot, 0 and the largest among them
      long id = random.nextInt(3) == 0 ? (1L << 48) - 1 - random.nextInt(40) : random.nextInt(200);
      if (random.nextInt(5_000) == 0) {
        tables.clear();
        expected.clear();
      } else if (random.nextBoolean()) {
        ResolvedTable table = all[random.nextInt(all.length)];
        tables.put(id, table);
        expected.put(id, table);
      } else {
        assertThat(tables.get(id)).as("seed %d step %d", seed, step).isSameAs(expected.get(id));
      }
    }
  }
}
