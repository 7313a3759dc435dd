package io.canal.benchmark;

import java.util.Collection;
import java.util.Locale;

/** The median of some measured values, and how far they lie apart. */
record Spread(double median, double low, double high, int count) {
  static final Spread NONE = new Spread(Double.NaN, Double.NaN, Double.NaN, 0);

  static Spread of(Collection<Double> values) {
    if (values.isEmpty()) {
      return NONE;
    }
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    int middle = sorted.length / 2;
    double median =
        sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    return new Spread(median, sorted[0], sorted[sorted.length - 1], sorted.length);
  }

  boolean isEmpty() {
    return count == 0;
  }

  /** Such as {@code 1.02 (0.98–1.10)}; a dash for none. */
  String text(String format) {
    if (isEmpty()) {
      return "–";
    }
    String text = String.format(Locale.ROOT, format, median);
    return count == 1
        ? text
        : text
            + " ("
            + String.format(Locale.ROOT, format, low)
            + "–"
            + String.format(Locale.ROOT, format, high)
            + ")";
  }
}
