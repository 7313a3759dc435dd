package io.canal.server.position;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.GtidSet;
import io.canal.protocol.SourcePosition;
import io.canal.protocol.SourcePosition.OpenTransaction;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What every {@link PositionStore} does. {@link #reopen} is a restart of the server. */
abstract class PositionStoreContract {
  private static final UUID SERVER = UUID.fromString("3e11fa47-71ca-11e1-9e33-c80aa9429562");

  PositionStore store;

  /** Opens the same destination of this test each time. */
  abstract PositionStore open();

  static SourcePosition at(String file, long offset) {
    return new SourcePosition(Optional.empty(), Optional.empty(), file, offset, Optional.empty());
  }

  static StoredConsumer consumer(String filter, long offset) {
    return new StoredConsumer(filter, at("binlog.000042", offset));
  }

  static SortedMap<String, StoredConsumer> only(String name, StoredConsumer consumer) {
    return new TreeMap<>(Map.of(name, consumer));
  }

  StoredPositions reopen() {
    if (store != null) {
      store.close();
    }
    store = open();
    return store.load();
  }

  @AfterEach
  void closeStore() {
    if (store != null) {
      store.close();
    }
  }

  @Test
  void shouldHoldNothingOfADestinationThatNeverRan() {
    assertThat(reopen()).isEqualTo(StoredPositions.NONE);
  }

  static Stream<SourcePosition> positions() {
    Optional<UUID> server = Optional.of(SERVER);
    Optional<GtidSet> gtids = Optional.of(GtidSet.parse(SERVER + ":1-5:8:tag:1-3"));
    return Stream.of(
        at("", 0),
        at("binlog.000001", 4),
        at("mysql-bin.1000000", (1L << 32) + 7),
        at("name with space;=%+\u00e9.000001", Long.MAX_VALUE),
        new SourcePosition(gtids, Optional.empty(), "", 0, Optional.empty()),
        new SourcePosition(Optional.of(new GtidSet()), server, "b.1", 4, Optional.empty()),
        new SourcePosition(gtids, server, "binlog.000042", 1187, Optional.empty()),
        new SourcePosition(
            gtids, server, "b.42", 1187, Optional.of(new OpenTransaction(SERVER + ":6", 12))),
        new SourcePosition(
            Optional.empty(),
            Optional.empty(),
            "b.42",
            1187,
            Optional.of(new OpenTransaction("b.42:1187", Long.MAX_VALUE))));
  }

  @ParameterizedTest
  @MethodSource("positions")
  void shouldKeepEveryShapeOfPosition(SourcePosition position) {
    reopen();

    store.saveStart(position);
    store.saveConsumers(only("1001", new StoredConsumer("", position)));

    StoredPositions stored = reopen();
    assertThat(stored.start()).contains(position);
    assertThat(stored.consumers()).isEqualTo(only("1001", new StoredConsumer("", position)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ".*\\..*",
        "shop\\.(a|b),\"quoted\"",
        "\u5546\u5e97\\..*",
        "\ud83d\ude00\n\t\u0001\u007f",
        " "
      })
  void shouldKeepFilter(String filter) {
    reopen();

    store.saveConsumers(only("1001", consumer(filter, 4)));

    assertThat(reopen().consumers()).isEqualTo(only("1001", consumer(filter, 4)));
  }

  @Test
  void shouldReplaceFilterAndPosition() {
    reopen();
    store.saveConsumers(only("1001", consumer("a", 4)));

    store.saveConsumers(only("1001", consumer("b", 5)));
    assertThat(reopen().consumers()).isEqualTo(only("1001", consumer("b", 5)));
    store.saveConsumers(only("1001", consumer("", 5)));
    assertThat(reopen().consumers()).isEqualTo(only("1001", consumer("", 5)));
    store.saveConsumers(only("1001", consumer("c", 6)));
    assertThat(reopen().consumers()).isEqualTo(only("1001", consumer("c", 6)));
  }

  @Test
  void shouldReplaceStartAndLeaveConsumers() {
    reopen();
    store.saveStart(at("a", 1));
    store.saveConsumers(only("1001", consumer("", 4)));

    store.saveStart(at("a", 2));

    StoredPositions stored = reopen();
    assertThat(stored.start()).contains(at("a", 2));
    assertThat(stored.consumers()).hasSize(1);
  }

  @Test
  void shouldKeepManyConsumers() {
    reopen();
    SortedMap<String, StoredConsumer> all = new TreeMap<>();
    for (int id = -300; id < 700; id++) {
      all.put(Integer.toString(id), consumer("shop\\.t" + id, 1000 + id));
    }
    store.saveConsumers(all);

    SortedMap<String, StoredConsumer> moved = new TreeMap<>();
    all.forEach((name, consumer) -> moved.put(name, consumer(consumer.filter(), 5000)));
    moved.remove("0");
    store.saveConsumers(moved);

    all.putAll(moved);
    assertThat(reopen().consumers()).isEqualTo(all);
  }

  @Test
  void shouldForgetADeletedConsumer() {
    reopen();
    store.saveConsumers(only("1001", consumer("a", 4)));
    store.saveConsumers(only("kafka-orders", consumer("", 4)));

    store.deleteConsumer("1001");
    store.deleteConsumer("1001");
    store.deleteConsumer("1002");

    assertThat(reopen().consumers()).isEqualTo(only("kafka-orders", consumer("", 4)));
    store.deleteConsumer("kafka-orders");
    assertThat(reopen()).isEqualTo(StoredPositions.NONE);
    store.saveConsumers(only("1001", consumer("b", 9)));
    assertThat(reopen().consumers()).isEqualTo(only("1001", consumer("b", 9)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", ".", "..", "a/b", "/", "a b", "a\nb", "\u00e9", "running", "cluster", "parse", "start"
      })
  void shouldRefuseOddName(String name) {
    reopen();

    assertThatThrownBy(() -> store.saveConsumers(only(name, consumer("", 4))))
        .isInstanceOfSatisfying(
            CanalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BAD_REQUEST));
    assertThatThrownBy(() -> store.deleteConsumer(name)).isInstanceOf(CanalException.class);
    assertThat(reopen()).isEqualTo(StoredPositions.NONE);
  }

  @Test
  void shouldRefuseToSaveBeforeALoad() {
    reopen();
    store.saveConsumers(only("1001", consumer("a", 4)));
    store.close();

    store = open();

    assertThatThrownBy(() -> store.saveConsumers(only("1002", consumer("", 4))))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> store.saveStart(at("a", 1))).isInstanceOf(IllegalStateException.class);
    assertThat(reopen().consumers()).isEqualTo(only("1001", consumer("a", 4)));
  }

  @Test
  void shouldHoldWhatAMapWouldHold() {
    long seed = new Random().nextLong();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    SortedMap<String, StoredConsumer> expected = new TreeMap<>();
    reopen();

    for (int i = 0; i < 100; i++) {
      String name = Integer.toString(random.nextInt(8));
      switch (random.nextInt(5)) {
        case 0 -> {
          store.deleteConsumer(name);
          expected.remove(name);
        }
        case 1 -> assertThat(reopen().consumers()).as("seed " + seed).isEqualTo(expected);
        default -> {
          String filter = random.nextBoolean() ? "" : "f" + random.nextInt(3);
          SortedMap<String, StoredConsumer> moved = only(name, consumer(filter, i));
          moved.put("9", consumer("", i));
          store.saveConsumers(moved);
          expected.putAll(moved);
        }
      }
    }

    assertThat(reopen().consumers()).as("seed " + seed).isEqualTo(expected);
  }
}
