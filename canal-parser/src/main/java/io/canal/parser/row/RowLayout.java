package io.canal.parser.row;

import static java.util.Objects.requireNonNull;

import io.canal.parser.schema.TableMap;

/**
 * How wide the columns of a table are in a row image, worked out once for all events that {@link
 * RowsEvent} walks. Immutable, for all threads.
 */
public final class RowLayout {
  private final TableMap map;

  /** One layout of {@link ValueLayout} per column; shared and never written. */
  final int[] widths;

  private RowLayout(TableMap map, int[] widths) {
    this.map = map;
    this.widths = widths;
  }

  /** The layout of the rows that follow a table map. */
  public static RowLayout of(TableMap map) {
    requireNonNull(map, "map is null");
    int[] widths = new int[map.columnCount()];
    for (int column = 0; column < widths.length; column++) {
      widths[column] = ValueLayout.of(map.types()[column], map.metadata()[column]);
    }
    return new RowLayout(map, widths);
  }

  TableMap map() {
    return map;
  }
}
