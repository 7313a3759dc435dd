package io.canal.benchmark;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;

/** All that was measured, and the questions asked of it. Owned by the benchmark's thread. */
final class Results {
  private final List<Result> all = new ArrayList<>();

  void add(Result result) {
    all.add(result);
  }

  boolean hasWrongCounts() {
    return all.stream().anyMatch(result -> result.counts() == Result.Counts.WRONG);
  }

  /** Names of the setups that read the segment, in the order in which they first did. */
  List<String> setups(String segment) {
    return all.stream()
        .filter(result -> result.segment().equals(segment))
        .map(Result::setup)
        .filter(setup -> !setup.equals(Setup.MEMORY.name()))
        .distinct()
        .toList();
  }

  List<Result> of(String segment, String setup) {
    return where(result -> result.segment().equals(segment) && result.setup().equals(setup));
  }

  List<Result> where(Predicate<Result> condition) {
    return all.stream().filter(condition).toList();
  }

  /** The last pass of each round, by round: that of a warm process. */
  Map<Integer, Result> warm(String segment, String setup) {
    Map<Integer, Result> last = new TreeMap<>();
    of(segment, setup)
        .forEach(
            result -> last.merge(result.round(), result, (a, b) -> a.pass() > b.pass() ? a : b));
    return last;
  }

  /** Of the last pass of each round. */
  Spread warm(String segment, String setup, ToDoubleFunction<Result> value) {
    return Spread.of(warm(segment, setup).values().stream().map(value::applyAsDouble).toList());
  }

  /** Of the first pass of each round. */
  Spread cold(String segment, String setup, ToDoubleFunction<Result> value) {
    return Spread.of(
        of(segment, setup).stream()
            .filter(result -> result.pass() == 1)
            .map(value::applyAsDouble)
            .toList());
  }

  /** The quotient within each round that has both. */
  Spread ratio(String segment, String setup, String other, ToDoubleFunction<Result> value) {
    return ratio(warm(segment, setup), warm(segment, other), value);
  }

  /** The quotient within each round that has both. */
  static Spread ratio(
      Map<Integer, Result> some, Map<Integer, Result> others, ToDoubleFunction<Result> value) {
    return Spread.of(
        some.entrySet().stream()
            .filter(entry -> others.containsKey(entry.getKey()))
            .map(
                entry ->
                    value.applyAsDouble(entry.getValue())
                        / value.applyAsDouble(others.get(entry.getKey())))
            .toList());
  }
}
