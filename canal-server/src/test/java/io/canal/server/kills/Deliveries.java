package io.canal.server.kills;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.canal.protocol.GtidSet;
import io.canal.protocol.SourcePosition;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Compares what one client id got, in all its sessions, with what MySQL committed: a session has no
 * gap and goes on where an earlier one got to or before, and not before what was saved as its
 * position or acknowledged long enough before that. So the first deliveries are all rows, once, in
 * order.
 */
final class Deliveries {
  /** A position is saved a second after an acknowledgement, later where the machine is busy. */
  static final Duration SAVED_WITHIN = Duration.ofSeconds(3);

  /** A committed transaction, with all its rows. */
  record Committed(long gtidNumber, List<String> rows) {}

  /** A SIGKILL of the server, when it had ended, and the positions that it left, by client id. */
  record ServerKill(long millis, Map<String, SourcePosition> positions) {}

  private record Acknowledged(long millis, int rows) {}

  private final int clientId;
  private final Set<String> tables;
  private final List<Committed> committed;
  private final List<ServerKill> kills;

  private final List<String> rows = new ArrayList<>();
  private final Map<Long, Map<String, Integer>> places = new HashMap<>();

  // rows delivered in the order of their commits, from the first
  private int delivered;
  private int again;
  // the next row of the session, or -1 where it may be any from floor on
  private int expected = -1;
  private int floor;
  private final Map<Long, Integer> batchEnds = new HashMap<>();
  private final List<Acknowledged> acknowledged = new ArrayList<>();

  Deliveries(int clientId, Set<String> tables, List<Committed> committed, List<ServerKill> kills) {
    this.clientId = clientId;
    this.tables = Set.copyOf(tables);
    this.committed = List.copyOf(committed);
    this.kills = List.copyOf(kills);
    for (Committed transaction : committed) {
      Map<String, Integer> of = new HashMap<>();
      for (String row : transaction.rows()) {
        if (isWanted(row)) {
          of.put(row, rows.size());
          rows.add(row);
        }
      }
      places.put(transaction.gtidNumber(), of);
    }
  }

  private boolean isWanted(String row) {
    return tables.contains(row.substring(0, row.indexOf('|')));
  }

  /** Checks the lines of a {@link KillableConsumer}; gives the first deliveries, in order. */
  List<String> check(List<String> lines) {
    List<Integer> batch = new ArrayList<>();
    for (String line : lines) {
      String[] fields = line.split(" ", 3);
      switch (fields[0]) {
        case "S" -> {
          batch.clear();
          begin(Long.parseLong(fields[1]));
        }
        case "R" -> batch.add(fields.length < 3 ? -1 : place(fields[1], fields[2]));
        case "B" -> {
          batch.forEach(this::deliver);
          batch.clear();
          batchEnds.put(Long.parseLong(fields[1]), expected == -1 ? acknowledged() : expected);
        }
        case "A" ->
            acknowledged.add(
                new Acknowledged(
                    Long.parseLong(fields[2]), batchEnds.get(Long.parseLong(fields[1]))));
        case "C" -> {
          expected = acknowledged();
          batch.clear();
        }
        default -> batch.clear(); // the process was killed in that line
      }
    }
    assertThat(delivered).as("rows that client id %d got", clientId).isEqualTo(rows.size());
    return rows;
  }

  /** Rows that came more than once. */
  int again() {
    return again;
  }

  /** Where a row stands; -1 for one that was never committed, or not so. */
  private int place(String gtidNumber, String row) {
    try {
      return places.getOrDefault(Long.parseLong(gtidNumber), Map.of()).getOrDefault(row, -1);
    } catch (NumberFormatException e) {
      return -1;
    }
  }

  private int acknowledged() {
    return acknowledged.isEmpty() ? 0 : acknowledged.get(acknowledged.size() - 1).rows();
  }

  private void begin(long millis) {
    List<ServerKill> before = kills.stream().filter(kill -> kill.millis() < millis).toList();
    int saved =
        before.stream()
            .map(kill -> kill.positions().get(Integer.toString(clientId)))
            .filter(Objects::nonNull)
            .mapToInt(this::rowsBefore)
            .max()
            .orElse(0);
    floor =
        acknowledged.stream()
            .filter(a -> isAfter(millis, a) && before.stream().allMatch(k -> survives(a, k)))
            .mapToInt(Acknowledged::rows)
            .reduce(saved, Math::max);
    expected = -1;
  }

  private static boolean survives(Acknowledged acknowledged, ServerKill kill) {
    return acknowledged.millis() > kill.millis() || isAfter(kill.millis(), acknowledged);
  }

  private static boolean isAfter(long millis, Acknowledged acknowledged) {
    return millis >= acknowledged.millis() + SAVED_WITHIN.toMillis();
  }

  /** How many of its rows lie before a position. */
  private int rowsBefore(SourcePosition position) {
    GtidSet executed = position.gtids().orElseThrow();
    Set<Long> numbers = new HashSet<>();
    executed
        .toIntervals()
        .forEach(
            interval -> {
              for (long number = interval.first(); number <= interval.last(); number++) {
                numbers.add(number);
              }
            });
    int count = 0;
    for (Committed transaction : committed) {
      long whole = transaction.rows().size();
      long done =
          numbers.contains(transaction.gtidNumber())
              ? whole
              : position
                  .open()
                  .filter(open -> open.id().endsWith(":" + transaction.gtidNumber()))
                  .map(SourcePosition.OpenTransaction::rows)
                  .orElse(0L);
      count += (int) transaction.rows().stream().limit(done).filter(this::isWanted).count();
      if (done < whole) {
        break;
      }
    }
    return count;
  }

  private void deliver(int place) {
    if (place < 0) {
      fail("client id %d got a row that was not committed, after %s", clientId, last());
    }
    if (expected >= 0 ? place != expected : place > delivered) {
      fail(
          "client id %d got %s (row %d), expected row %d after %s",
          clientId, rows.get(place), place, expected >= 0 ? expected : delivered, last());
    }
    if (place < floor && expected < 0) {
      fail(
          "client id %d got %s (row %d) again, expected none before row %d, which was saved",
          clientId, rows.get(place), place, floor);
    }
    if (place < delivered) {
      again++;
    } else {
      delivered = place + 1;
    }
    expected = place + 1;
  }

  private String last() {
    return delivered == 0
        ? "the start"
        : rows.get(delivered - 1) + " (row " + (delivered - 1) + ")";
  }
}
