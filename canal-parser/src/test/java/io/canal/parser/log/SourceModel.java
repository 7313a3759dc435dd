package io.canal.parser.log;

import io.canal.protocol.GtidSet;
import io.canal.protocol.SourcePosition;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * What a source's binary log holds, made at random: transactions of rows that the destination's
 * filter keeps or drops. Rows that it keeps are numbered, so that it can tell of each position
 * which of them come after it.
 */
final class SourceModel {
  private static final int TRANSACTIONS = 120;
  private static final int TRANSACTIONS_PER_FILE = 15;

  /**
   * @param first number of its first row; with no rows a statement
   * @param dropped rows that the filter drops before it
   */
  record Event(int first, int rows, int dropped, int padding) {
    /** At least what its frame takes. */
    int length() {
      return 128 + padding;
    }
  }

  /**
   * @param offset of its BEGIN in {@code file}
   * @param rowsBefore kept rows of all transactions before it
   */
  record SourceTransaction(String file, long offset, int rowsBefore, List<Event> events) {}

  private final boolean gtids;
  private final List<SourceTransaction> transactions = new ArrayList<>();
  private final int rows;

  SourceModel(RandomGenerator random, boolean gtids, int memoryBytes) {
    this.gtids = gtids;
    int row = 0;
    long offset = 4;
    for (int t = 0; t < TRANSACTIONS; t++) {
      if (t > 0 && t % TRANSACTIONS_PER_FILE == 0) {
        offset = 4;
      }
      List<Event> events = new ArrayList<>();
      int before = row;
      int count = random.nextInt(25) == 0 ? 150 : random.nextInt(6);
      long end = offset + 60;
      for (int e = 0; e < count; e++) {
        int kept = random.nextInt(10) == 0 ? 0 : 1 + random.nextInt(4);
        int dropped = random.nextInt(4) == 0 ? 1 + random.nextInt(3) : 0;
        Event event = new Event(row, kept, dropped, padding(random, memoryBytes));
        events.add(event);
        row += kept;
        end += 19 + 4 + (kept == 0 ? event.padding() : 8 + event.padding());
      }
      transactions.add(new SourceTransaction(file(t), offset, before, events));
      offset = end + 19 + 8 + 4;
    }
    rows = row;
  }

  private static int padding(RandomGenerator random, int memoryBytes) {
    return switch (random.nextInt(200)) {
      case 0 -> 2 * memoryBytes;
      case 1, 2 -> memoryBytes / 4;
      case 3, 4, 5 -> memoryBytes / 16;
      default -> random.nextInt(1500);
    };
  }

  private static String file(int transaction) {
    return "binlog.%06d".formatted(1 + transaction / TRANSACTIONS_PER_FILE);
  }

  boolean hasGtids() {
    return gtids;
  }

  int size() {
    return transactions.size();
  }

  /** All rows that the filter keeps are numbered below it. */
  int rows() {
    return rows;
  }

  SourceTransaction get(int transaction) {
    return transactions.get(transaction);
  }

  SourcePosition start() {
    return gtids ? LogScript.START_WITH_GTIDS : LogScript.START;
  }

  /** The first transaction that a consumer at a position has not had as a whole. */
  int next(SourcePosition position) {
    if (gtids) {
      List<GtidSet.Interval> had = position.gtids().orElseThrow().toIntervals();
      if (had.isEmpty()) {
        return 0;
      }
      if (had.size() > 1 || had.get(0).first() != 1) {
        throw new AssertionError("a hole in " + position);
      }
      return (int) had.get(0).last();
    }
    for (int t = 0; t < transactions.size(); t++) {
      int order = transactions.get(t).file().compareTo(position.file());
      if (order > 0 || (order == 0 && transactions.get(t).offset() >= position.offset())) {
        return t;
      }
    }
    return transactions.size();
  }

  /** How many kept rows a consumer at a position has had. */
  int rowsBefore(SourcePosition position) {
    int next = next(position);
    int before = next == transactions.size() ? rows : transactions.get(next).rowsBefore();
    Optional<SourcePosition.OpenTransaction> open = position.open();
    if (open.isEmpty()) {
      return before;
    }
    long left = open.get().rows();
    for (Event event : transactions.get(next).events()) {
      left -= event.dropped();
      long had = Math.max(0, Math.min(left, event.rows()));
      before += (int) had;
      left -= event.rows();
    }
    if (left > 0) {
      throw new AssertionError(position + " has more rows than its transaction");
    }
    return before;
  }

  /** A place to begin a log at: the end of the last whole transaction before a position. */
  static SourcePosition streamStart(SourcePosition position) {
    return new SourcePosition(
        position.gtids(),
        position.serverUuid(),
        position.file(),
        position.offset(),
        Optional.empty());
  }
}
