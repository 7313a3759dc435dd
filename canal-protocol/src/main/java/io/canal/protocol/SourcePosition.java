package io.canal.protocol;

import static java.util.Objects.requireNonNull;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * A place in a source's binary log, and the only position that is ever stored. It names the last
 * end of a transaction (by the executed GTID set, where the source has one, and by server, file and
 * offset) and, inside a transaction, how many of its rows are done. Immutable.
 *
 * <p>Its one text form is {@code key=value} pairs joined by {@code ;}, for example {@code
 * file=binlog.000042;offset=1187;server=3e11fa47-...;gtids=3e11fa47-...:1-5;open=3e11fa47-...:6;rows=12}.
 * Values are percent-encoded where they hold {@code ;}, {@code =} or {@code %}.
 *
 * @param gtids executed set up to the last end of a transaction; absent without GTIDs
 * @param serverUuid {@code @@server_uuid} of the server that {@code file} and {@code offset} belong
 *     to; absent on MariaDB
 * @param file binary log file name, empty where only the set is known
 * @param offset bytes from the start of that file to the end of that transaction
 * @param open the transaction that is partly done
 */
public record SourcePosition(
    Optional<GtidSet> gtids,
    Optional<UUID> serverUuid,
    String file,
    long offset,
    Optional<OpenTransaction> open) {

  /**
   * A transaction of which some rows are done.
   *
   * @param id its GTID, or {@code file:offset} of its first event without GTIDs
   * @param rows rows done, counted before any filter
   */
  public record OpenTransaction(String id, long rows) {
    public OpenTransaction {
      requireNonNull(id, "id is null");
      if (rows < 1) {
        throw new IllegalArgumentException("rows " + rows + ", expected 1 or more");
      }
    }
  }

  public SourcePosition {
    gtids = gtids.map(GtidSet::copy);
    requireNonNull(serverUuid, "serverUuid is null");
    requireNonNull(file, "file is null");
    requireNonNull(open, "open is null");
    if (offset < 0) {
      throw new IllegalArgumentException("offset " + offset + ", expected 0 or more");
    }
  }

  /** A copy of the set; the position itself never changes. */
  @Override
  public Optional<GtidSet> gtids() {
    return gtids.map(GtidSet::copy);
  }

  /**
   * Reads {@link #toString}'s form; throws {@link IllegalArgumentException} that shows the text.
   */
  public static SourcePosition parse(String text) {
    Map<String, String> values = new LinkedHashMap<>();
    try {
      for (String pair : text.strip().split(";", -1)) {
        int equals = pair.indexOf('=');
        if (equals < 1) {
          throw new IllegalArgumentException("'" + pair + "', expected key=value");
        }
        String value =
            URLDecoder.decode(
                pair.substring(equals + 1).replace("+", "%2B"), StandardCharsets.UTF_8);
        if (values.put(pair.substring(0, equals), value) != null) {
          throw new IllegalArgumentException("'" + pair + "' repeats its key");
        }
      }
      String open = values.get("open");
      return new SourcePosition(
          Optional.ofNullable(values.get("gtids")).map(GtidSet::parse),
          Optional.ofNullable(values.get("server")).map(Gtid::parseSid),
          values.getOrDefault("file", ""),
          Long.parseLong(values.getOrDefault("offset", "0")),
          open == null
              ? Optional.empty()
              : Optional.of(
                  new OpenTransaction(open, Long.parseLong(values.getOrDefault("rows", "0")))));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("'" + text + "' is no position: " + e.getMessage(), e);
    }
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    text.append("file=").append(encode(file)).append(";offset=").append(offset);
    serverUuid.ifPresent(uuid -> text.append(";server=").append(uuid));
    gtids.ifPresent(set -> text.append(";gtids=").append(set));
    open.ifPresent(
        o -> text.append(";open=").append(encode(o.id())).append(";rows=").append(o.rows()));
    return text.toString();
  }

  private static String encode(String value) {
    boolean plain =
        value
            .chars()
            .allMatch(c -> c > ' ' && c < 127 && c != ';' && c != '=' && c != '%' && c != '+');
    return plain ? value : URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20");
  }
}
