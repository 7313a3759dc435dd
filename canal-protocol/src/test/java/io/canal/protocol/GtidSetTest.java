package io.canal.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.canal.protocol.GtidSet.Interval;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GtidSetTest {
  private static final String A = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
  private static final String B = "f0000000-71ca-11e1-9e33-c80aa9429562";
  private static final UUID SID = UUID.fromString(A);
  private static final long LAST = Long.MAX_VALUE;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        A + ":1",
        A + ":1-5:8:10-12",
        A + ":1-5," + B + ":1",
        A + ":7:tag:1-3:5:zoo:9," + B + ":x:1",
        A + ":1-9223372036854775807"
      })
  void shouldRoundTripText(String text) {
    assertThat(GtidSet.parse(text)).hasToString(text);
  }

  @Test
  void shouldReadWhatMysqlAccepts() {
    GtidSet set =
        GtidSet.parse("\n " + A.toUpperCase(Locale.ROOT) + " : 4 : 1 - 2 :TAG: 3,,\n" + A + ":3,");

    assertThat(set).hasToString(A + ":1-4:tag:3");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        A,
        A + ":",
        A + ":1:",
        A + ":-5",
        A + ":5-",
        A + ":5-3",
        A + ":0",
        A + ":0-3",
        A + ":+1",
        A + ":tag",
        A + ":1:tag",
        A + ":tag:tag2:1",
        A + ":1-2-3",
        A + ":9223372036854775808",
        "1:" + A,
        "3e11fa4-771ca-11e1-9e33-c80aa9429562:1",
        "0-1-5"
      })
  void shouldShowTextThatIsNoSet(String text) {
    assertThatThrownBy(() -> GtidSet.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'" + text + "' is no GTID set");
  }

  @Test
  void shouldOrderSourcesAsMysqlDoes() {
    GtidSet set = GtidSet.parse(B + ":1," + A + ":b:1," + A + ":a:1," + A + ":1");

    assertThat(set).hasToString(A + ":1:a:1:b:1," + B + ":1");
  }

  @ParameterizedTest
  @CsvSource({
    "1-3, 4-5, 1-5",
    "4-5, 1-3, 1-5",
    "1-3, 5-6, 1-3:5-6",
    "1-3:5-6, 4, 1-6",
    "1:3:5:7, 2-6, 1-7",
    "5-9, 6-7, 5-9",
    "5-9, 1-20, 1-20",
    "5-9, 1, 1:5-9",
    "5-9, 11, 5-9:11",
    "1:9223372036854775807, 9223372036854775806, 1:9223372036854775806-9223372036854775807",
    "9223372036854775806, 9223372036854775807, 9223372036854775806-9223372036854775807",
    "9223372036854775805-9223372036854775807, 9223372036854775807, 9223372036854775805-9223372036854775807"
  })
  void shouldMergeWhatTouches(String before, String added, String after) {
    GtidSet set = GtidSet.parse(A + ":" + before);

    set.addAll(GtidSet.parse(A + ":" + added));

    assertThat(set).hasToString(A + ":" + after);
  }

  @Test
  void shouldRefuseEmptyAndNegativeIntervals() {
    GtidSet set = new GtidSet();

    assertThatThrownBy(() -> set.add(SID, "", 0, 1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> set.add(SID, "", 2, 1)).isInstanceOf(IllegalArgumentException.class);
    assertThat(set.isEmpty()).isTrue();
  }

  @Test
  void shouldKeepCopiesApart() {
    GtidSet set = GtidSet.parse(A + ":1-3");

    GtidSet copy = set.copy();
    set.add(Gtid.parse(A + ":4"));
    copy.add(Gtid.parse(A + ":9"));

    assertThat(set).hasToString(A + ":1-4");
    assertThat(copy).hasToString(A + ":1-3:9");
  }

  @Test
  void shouldAddAfterTheSourceWasRemoved() {
    GtidSet set = GtidSet.parse(A + ":1-3");

    set.removeAll(GtidSet.parse(A + ":1-3"));
    set.add(SID, "", 4, 4);

    assertThat(set).hasToString(A + ":4");
  }

  @Test
  void shouldEmptyWhenRemovedFromItself() {
    GtidSet set = GtidSet.parse(A + ":1:3:5:tag:7," + B + ":2");

    set.removeAll(set);

    assertThat(set.isEmpty()).isTrue();
    assertThat(set).hasToString("").isEqualTo(new GtidSet());
  }

  @Test
  void shouldTellTagsApart() {
    GtidSet set = GtidSet.parse(A + ":tag:1-3");

    assertThat(set.hasTags()).isTrue();
    assertThat(set.contains(Gtid.parse(A + ":tag:2"))).isTrue();
    assertThat(set.contains(Gtid.parse(A + ":2"))).isFalse();
    assertThat(GtidSet.parse(A + ":1").hasTags()).isFalse();
  }

  @Test
  void shouldListIntervalsUpToTheLastNumber() {
    GtidSet set = new GtidSet();

    set.add(SID, "", LAST, LAST);
    set.add(SID, "", 1, 2);

    assertThat(set.toIntervals())
        .isEqualTo(List.of(new Interval(SID, "", 1, 2), new Interval(SID, "", LAST, LAST)));
    assertThat(set.contains(SID, "", LAST)).isTrue();
    assertThat(set.contains(SID, "", LAST - 1)).isFalse();
  }

  @Test
  void shouldAgreeWithASetOfNumbers() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int round = 0; round < 300; round++) {
      Model left = new Model();
      Model right = new Model();
      for (int step = 0; step < 30; step++) {
        Model changed = random.nextBoolean() ? left : right;
        Model other = changed == left ? right : left;
        switch (random.nextInt(6)) {
          case 0 -> changed.removeAll(other);
          case 1 -> changed.addAll(other);
          case 2 -> changed.retainAll(other);
          default -> changed.add(random);
        }
        assertThat(changed.set.containsAll(other.set))
            .as("seed %d: %s contains %s", seed, changed.set, other.set)
            .isEqualTo(changed.numbers.containsAll(other.numbers));
        changed.check(seed);
      }
    }
  }

  /** The same set twice: as intervals, and as what it means. */
  private static final class Model {
    private static final UUID[] SIDS = {SID, UUID.fromString(B)};
    private static final String[] TAGS = {"", "tag"};
    private static final int NUMBERS = 40;

    final GtidSet set = new GtidSet();
    final Set<Gtid> numbers = new HashSet<>();

    void add(Random random) {
      UUID sid = SIDS[random.nextInt(2)];
      String tag = TAGS[random.nextInt(2)];
      long first = 1L + random.nextInt(NUMBERS);
      long last = Math.min(NUMBERS, first + random.nextInt(5));
      set.add(sid, tag, first, last);
      for (long number = first; number <= last; number++) {
        numbers.add(new Gtid(sid, tag, number));
      }
    }

    void addAll(Model other) {
      set.addAll(other.set);
      numbers.addAll(other.numbers);
    }

    void removeAll(Model other) {
      set.removeAll(other.set);
      numbers.removeAll(other.numbers);
    }

    void retainAll(Model other) {
      set.retainAll(other.set);
      numbers.retainAll(other.numbers);
    }

    void check(long seed) {
      String what = "seed " + seed + ": " + set;
      Set<Gtid> listed = new HashSet<>();
      Interval previous = null;
      for (Interval interval : set.toIntervals()) {
        if (previous != null
            && previous.sid().equals(interval.sid())
            && previous.tag().equals(interval.tag())) {
          assertThat(interval.first()).as(what).isGreaterThan(previous.last() + 1);
        }
        previous = interval;
        for (long number = interval.first(); number <= interval.last(); number++) {
          listed.add(new Gtid(interval.sid(), interval.tag(), number));
        }
      }
      assertThat(listed).as(what).isEqualTo(numbers);
      for (UUID sid : SIDS) {
        for (String tag : TAGS) {
          for (long number = 1; number <= NUMBERS; number++) {
            Gtid gtid = new Gtid(sid, tag, number);
            assertThat(set.contains(gtid)).as(what).isEqualTo(numbers.contains(gtid));
          }
        }
      }
      assertThat(set.isEmpty()).as(what).isEqualTo(numbers.isEmpty());
      GtidSet again = GtidSet.parse(set.toString());
      assertThat(again).as(what).isEqualTo(set).hasSameHashCodeAs(set);
    }
  }
}
