package io.canal.protocol;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A set of GTIDs, kept as intervals, with MySQL's text form {@code uuid:1-5:8,uuid:tag:1-3}.
 * Mutable and not thread-safe: the owner of a stream adds each transaction as it passes, which
 * costs one comparison while numbers rise. {@link #copy} gives a value to keep.
 */
public final class GtidSet {
  /** Intervals of one UUID and tag: starts at even, ends (inclusive) at odd places, ascending. */
  private static final class Intervals {
    private long[] bounds = new long[4];
    private int size;

    Intervals copy() {
      Intervals copy = new Intervals();
      copy.bounds = bounds.clone();
      copy.size = size;
      return copy;
    }

    void add(long first, long last) {
      if (size > 0 && first == bounds[size - 1] + 1) {
        bounds[size - 1] = last;
        return;
      }
      // from the first interval that reaches first - 1 to the last that begins by last + 1
      int from = 0;
      while (from < size && bounds[from + 1] < first - 1) {
        from += 2;
      }
      int to = from;
      long mergedFirst = first;
      long mergedLast = last;
      while (to < size && bounds[to] - 1 <= last) {
        mergedFirst = Math.min(mergedFirst, bounds[to]);
        mergedLast = Math.max(mergedLast, bounds[to + 1]);
        to += 2;
      }
      replace(from, to, mergedFirst, mergedLast);
    }

    private void replace(int from, int to, long first, long last) {
      int newSize = size - (to - from) + 2;
      long[] target =
          newSize > bounds.length ? new long[Math.max(newSize, bounds.length * 2)] : bounds;
      System.arraycopy(bounds, to, target, from + 2, size - to);
      if (target != bounds) {
        System.arraycopy(bounds, 0, target, 0, from);
        bounds = target;
      }
      bounds[from] = first;
      bounds[from + 1] = last;
      size = newSize;
    }

    void remove(long first, long last) {
      Intervals rest = new Intervals();
      for (int i = 0; i < size; i += 2) {
        if (bounds[i] < first) {
          rest.append(bounds[i], Math.min(bounds[i + 1], first - 1));
        }
        if (bounds[i + 1] > last) {
          rest.append(Math.max(bounds[i], last + 1), bounds[i + 1]);
        }
      }
      bounds = rest.bounds;
      size = rest.size;
    }

    private void append(long first, long last) {
      replace(size, size, first, last);
    }

    boolean contains(long first, long last) {
      for (int i = size - 2; i >= 0; i -= 2) {
        if (bounds[i] <= first) {
          return last <= bounds[i + 1];
        }
      }
      return false;
    }
  }

  private record Source(UUID sid, String tag) {}

  private static final Pattern INTERVAL =
      Pattern.compile("([0-9]{1,19})(?:\\s*-\\s*([0-9]{1,19}))?");

  // MySQL orders UUIDs by their text; java.util.UUID compares signed halves.
  private static final Comparator<Source> ORDER =
      Comparator.<Source>comparingLong(s -> s.sid().getMostSignificantBits() + Long.MIN_VALUE)
          .thenComparingLong(s -> s.sid().getLeastSignificantBits() + Long.MIN_VALUE)
          .thenComparing(Source::tag);

  private final TreeMap<Source, Intervals> intervals = new TreeMap<>(ORDER);
  private Source lastSource;
  private Intervals lastIntervals;

  /** An empty set. */
  public GtidSet() {}

  /** Reads MySQL's text form; throws {@link IllegalArgumentException} that shows what is wrong. */
  public static GtidSet parse(String text) {
    GtidSet set = new GtidSet();
    for (String part : text.split(",", -1)) {
      String entry = part.strip();
      if (!entry.isEmpty()) {
        set.parseEntry(entry);
      }
    }
    return set;
  }

  private void parseEntry(String entry) {
    String[] fields = entry.split(":", -1);
    try {
      UUID sid = Gtid.parseSid(fields[0].strip());
      String tag = "";
      boolean intervalMissing = true;
      for (int i = 1; i < fields.length; i++) {
        String field = fields[i].strip();
        Matcher interval = INTERVAL.matcher(field);
        if (interval.matches()) {
          long first = Long.parseLong(interval.group(1));
          long last = interval.group(2) == null ? first : Long.parseLong(interval.group(2));
          add(sid, tag, first, last);
          intervalMissing = false;
        } else if (Gtid.TAG.matcher(field).matches() && !(intervalMissing && i > 1)) {
          tag = field.toLowerCase(Locale.ROOT);
          intervalMissing = true;
        } else {
          throw new IllegalArgumentException("found '" + field + "'");
        }
      }
      if (intervalMissing) {
        throw new IllegalArgumentException("found no interval at its end");
      }
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "'"
              + entry
              + "' is no GTID set, expected uuid:1-5 or uuid:tag:1-5 ("
              + e.getMessage()
              + ")",
          e);
    }
  }

  public void add(Gtid gtid) {
    add(gtid.sid(), gtid.tag(), gtid.number(), gtid.number());
  }

  /** Adds the numbers {@code first} to {@code last}, both included. */
  public void add(UUID sid, String tag, long first, long last) {
    if (first < 1 || last < first) {
      throw new IllegalArgumentException(
          "interval " + first + "-" + last + ", expected 1 <= first <= last");
    }
    Intervals of = lastIntervals;
    if (lastSource == null || !lastSource.sid().equals(sid) || !lastSource.tag().equals(tag)) {
      Source source = new Source(sid, tag);
      of = intervals.computeIfAbsent(source, s -> new Intervals());
      lastSource = source;
      lastIntervals = of;
    }
    of.add(first, last);
  }

  public void addAll(GtidSet other) {
    other.intervals.forEach(
        (source, of) -> {
          for (int i = 0; i < of.size; i += 2) {
            add(source.sid(), source.tag(), of.bounds[i], of.bounds[i + 1]);
          }
        });
  }

  public void removeAll(GtidSet other) {
    for (Interval removed : other.toIntervals()) {
      Intervals mine = intervals.get(new Source(removed.sid(), removed.tag()));
      if (mine != null) {
        mine.remove(removed.first(), removed.last());
      }
    }
    intervals.values().removeIf(of -> of.size == 0);
    lastSource = null;
  }

  public void retainAll(GtidSet other) {
    GtidSet absent = copy();
    absent.removeAll(other);
    removeAll(absent);
  }

  public boolean contains(Gtid gtid) {
    return contains(gtid.sid(), gtid.tag(), gtid.number());
  }

  public boolean contains(UUID sid, String tag, long number) {
    Intervals of = intervals.get(new Source(sid, tag));
    return of != null && of.contains(number, number);
  }

  public boolean containsAll(GtidSet other) {
    for (Map.Entry<Source, Intervals> entry : other.intervals.entrySet()) {
      Intervals mine = intervals.get(entry.getKey());
      Intervals of = entry.getValue();
      for (int i = 0; i < of.size; i += 2) {
        if (mine == null || !mine.contains(of.bounds[i], of.bounds[i + 1])) {
          return false;
        }
      }
    }
    return true;
  }

  public boolean isEmpty() {
    return intervals.isEmpty();
  }

  /** How many GTIDs it holds. */
  public long count() {
    return toIntervals().stream().mapToLong(i -> i.last() - i.first() + 1).sum();
  }

  /** Whether some GTID carries a tag; older servers and their commands cannot say such a set. */
  public boolean hasTags() {
    return intervals.keySet().stream().anyMatch(source -> !source.tag().isEmpty());
  }

  public GtidSet copy() {
    GtidSet copy = new GtidSet();
    intervals.forEach((source, of) -> copy.intervals.put(source, of.copy()));
    return copy;
  }

  /** One interval of numbers, both ends included. */
  public record Interval(UUID sid, String tag, long first, long last) {}

  /** All intervals, ordered by UUID, tag and number. */
  public List<Interval> toIntervals() {
    List<Interval> list = new ArrayList<>();
    intervals.forEach(
        (source, of) -> {
          for (int i = 0; i < of.size; i += 2) {
            list.add(new Interval(source.sid(), source.tag(), of.bounds[i], of.bounds[i + 1]));
          }
        });
    return list;
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof GtidSet other && toIntervals().equals(other.toIntervals());
  }

  @Override
  public int hashCode() {
    return Objects.hash(toIntervals());
  }

  /** MySQL's text form, without line breaks: {@code uuid:1-5:8:tag:1-3,uuid:1}. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    UUID previous = null;
    for (Map.Entry<Source, Intervals> entry : intervals.entrySet()) {
      Source source = entry.getKey();
      if (!source.sid().equals(previous)) {
        text.append(previous == null ? "" : ",").append(source.sid());
        previous = source.sid();
      }
      if (!source.tag().isEmpty()) {
        text.append(':').append(source.tag());
      }
      Intervals of = entry.getValue();
      for (int i = 0; i < of.size; i += 2) {
        text.append(':').append(of.bounds[i]);
        if (of.bounds[i + 1] != of.bounds[i]) {
          text.append('-').append(of.bounds[i + 1]);
        }
      }
    }
    return text.toString();
  }
}
