package io.canal.server.position;

import static io.canal.server.position.PositionStoreContract.at;
import static io.canal.server.position.PositionStoreContract.consumer;
import static io.canal.server.position.PositionStoreContract.only;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.SourcePosition;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PositionSaverTest {
  private static final Duration INTERVAL = Duration.ofSeconds(1);

  /** Keeps tasks until the test lets the interval pass. */
  private static final class HandDriven implements PositionSaver.Scheduler {
    final Queue<Runnable> tasks = new ArrayDeque<>();

    @Override
    public void schedule(Runnable task, Duration delay) {
      assertThat(delay).isEqualTo(INTERVAL);
      tasks.add(task);
    }

    void passInterval() {
      for (int due = tasks.size(); due > 0; due--) {
        tasks.remove().run();
      }
    }
  }

  /** Keeps positions in memory, writes a list of its saves, fails when told. */
  private static final class MemoryStore implements PositionStore {
    final SortedMap<String, StoredConsumer> consumers = new TreeMap<>();
    final List<String> calls = new ArrayList<>();
    CanalException failure;
    Runnable duringSave = () -> {};

    @Override
    public StoredPositions load() {
      return new StoredPositions(Optional.empty(), consumers);
    }

    @Override
    public void saveStart(SourcePosition start) {
      call("start " + start.offset());
    }

    @Override
    public void saveConsumers(SortedMap<String, StoredConsumer> moved) {
      StringBuilder text = new StringBuilder("save");
      moved.forEach((name, c) -> text.append(' ' + name + "=" + c.position().offset()));
      call(text.toString());
      duringSave.run();
      consumers.putAll(moved);
    }

    @Override
    public void deleteConsumer(String name) {
      call("delete " + name);
      consumers.remove(name);
    }

    @Override
    public void close() {
      calls.add("close");
    }

    private void call(String text) {
      calls.add(text);
      if (failure != null) {
        throw failure;
      }
    }
  }

  private final HandDriven time = new HandDriven();
  private final MemoryStore store = new MemoryStore();
  private final PositionSaver saver = new PositionSaver("example", store, time, INTERVAL);

  @BeforeEach
  void startWithTwoConsumers() {
    store.consumers.put("1001", consumer("f", 1));
    store.consumers.put("1002", consumer("", 1));
    saver.start();
  }

  private void move(String name, long offset) {
    saver.moved(name, at("binlog.000042", offset));
  }

  @Test
  void shouldSaveTheNewestOfAllThatMovedOnceAnInterval() {
    move("1001", 2);
    move("1002", 2);
    move("1001", 3);
    assertThat(store.calls).isEmpty();

    time.passInterval();

    assertThat(store.calls).containsExactly("save 1001=3 1002=2");
    assertThat(store.consumers.get("1001")).isEqualTo(consumer("f", 3));
  }

  @Test
  void shouldCostNothingWhileNothingMoves() {
    move("1001", 2);
    time.passInterval();
    assertThat(time.tasks).isEmpty();

    move("1001", 3);
    move("1001", 4);
    assertThat(time.tasks).hasSize(1);
    time.passInterval();
    assertThat(store.calls).containsExactly("save 1001=2", "save 1001=4");
  }

  @Test
  void shouldSaveLaterWhatMovesDuringASave() {
    store.duringSave =
        () -> {
          store.duringSave = () -> {};
          move("1001", 3);
        };
    move("1001", 2);

    time.passInterval();
    assertThat(store.calls).containsExactly("save 1001=2");
    time.passInterval();

    assertThat(store.calls).containsExactly("save 1001=2", "save 1001=3");
    assertThat(time.tasks).isEmpty();
  }

  @Test
  void shouldStoreANewConsumerBeforeItReturns() {
    saver.save("1003", consumer("g", 7));
    assertThat(store.consumers.get("1003")).isEqualTo(consumer("g", 7));

    move("1003", 8);
    time.passInterval();

    assertThat(store.consumers.get("1003")).isEqualTo(consumer("g", 8));
  }

  @Test
  void shouldNotUndoAFilterOrPositionThatWasSet() {
    move("1001", 5);

    saver.save("1001", consumer("new", 2));
    time.passInterval();

    assertThat(store.consumers.get("1001")).isEqualTo(consumer("new", 2));
  }

  @Test
  void shouldForgetADeletedConsumerWhateverStillArrives() {
    move("1001", 5);

    saver.delete("1001");
    move("1001", 6);
    time.passInterval();
    saver.close();

    assertThat(store.calls).containsExactly("delete 1001", "close");
  }

  @Test
  void shouldKeepAConsumerThatCouldNotBeDeleted() {
    store.failure = new CanalException(ErrorCode.RETRY, "disk");
    assertThatThrownBy(() -> saver.delete("1001")).isSameAs(store.failure);
    store.failure = null;

    move("1001", 6);
    time.passInterval();

    assertThat(store.consumers.get("1001")).isEqualTo(consumer("f", 6));
  }

  @Test
  void shouldTryAgainAfterAPassingError() {
    store.failure = new CanalException(ErrorCode.RETRY, "disk");
    move("1001", 2);
    time.passInterval();
    time.passInterval();
    assertThat(saver.lastError()).contains(store.failure);

    store.failure = null;
    move("1001", 3);
    time.passInterval();

    assertThat(store.calls).containsExactly("save 1001=2", "save 1001=2", "save 1001=3");
    assertThat(saver.lastError()).isEmpty();
    assertThat(time.tasks).isEmpty();
  }

  @Test
  void shouldNotTryAgainAfterAnErrorThatStaysButSayIt() {
    store.failure = new CanalException(ErrorCode.STOP_INSTANCE, "another server");
    move("1001", 2);
    time.passInterval();
    assertThat(time.tasks).isEmpty();

    move("1001", 3);
    time.passInterval();

    assertThat(store.calls).containsExactly("save 1001=2");
    assertThat(saver.lastError()).contains(store.failure);
  }

  @Test
  void shouldSaveTheLastOnClose() {
    move("1001", 2);

    saver.close();
    saver.close();
    time.passInterval();

    assertThat(store.calls).containsExactly("save 1001=2", "close");
  }

  @Test
  void shouldCloseTheStoreWhenTheLastSaveFails() {
    store.failure = new CanalException(ErrorCode.RETRY, "disk");
    move("1001", 2);

    assertThatThrownBy(saver::close).isSameAs(store.failure);

    assertThat(store.calls).containsExactly("save 1001=2", "close");
  }

  @Test
  void shouldSaveAtOnceOnFlush() {
    move("1001", 2);

    saver.flush();
    saver.flush();
    time.passInterval();

    assertThat(store.calls).containsExactly("save 1001=2");
    assertThat(store.consumers).isEqualTo(both(2, 1));
  }

  private static SortedMap<String, StoredConsumer> both(long first, long second) {
    SortedMap<String, StoredConsumer> both = only("1001", consumer("f", first));
    both.put("1002", consumer("", second));
    return both;
  }
}
