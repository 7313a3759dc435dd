package io.canal.parser.entry;

import static java.util.Objects.requireNonNull;

import io.canal.parser.schema.TableSchemas;
import java.time.ZoneId;
import java.util.Arrays;

/**
 * What all {@link EntryEncoder}s of a destination share: for each version of a table the bytes that
 * are the same in all its entries, prepared when an encoder first meets it. For all threads.
 */
public final class TableEncodings {
  private final TableSchemas schemas;
  private final ZoneId zone;

  // an element is set before the array is published
  private volatile TableEncoding[] byVersion = new TableEncoding[64];

  /**
   * @param zone the time zone of TIMESTAMP's text
   */
  public TableEncodings(TableSchemas schemas, ZoneId zone) {
    this.schemas = requireNonNull(schemas, "schemas is null");
    this.zone = requireNonNull(zone, "zone is null");
  }

  TableEncoding get(int version) {
    TableEncoding[] known = byVersion;
    TableEncoding table = version < known.length ? known[version] : null;
    return table != null ? table : prepare(version);
  }

  private synchronized TableEncoding prepare(int version) {
    TableEncoding[] known = byVersion;
    if (version >= known.length) {
      known = Arrays.copyOf(known, Math.max(version + 1, known.length * 2));
    }
    if (known[version] == null) {
      known[version] = new TableEncoding(schemas.get(version), zone);
      byVersion = known;
    }
    return known[version];
  }
}
