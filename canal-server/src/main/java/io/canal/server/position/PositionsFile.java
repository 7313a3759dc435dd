package io.canal.server.position;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.SourcePosition;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The text of a positions file, pure. For example:
 *
 * <pre>
 * {
 *   "format" : 1,
 *   "start" : "file=binlog.000041;offset=4",
 *   "consumers" : {
 *     "1001" : {
 *       "filter" : "shop\\..*",
 *       "position" : "file=binlog.000042;offset=1187"
 *     }
 *   },
 *   "crc32c" : "8e2f01aa"
 * }
 * </pre>
 *
 * The checksum is of the values, not of the layout. Who edits the file by hand removes its line.
 */
final class PositionsFile {
  private static final Logger logger = LoggerFactory.getLogger(PositionsFile.class);
  private static final int FORMAT = 1;

  private PositionsFile() {}

  static byte[] format(StoredPositions positions) {
    ObjectNode root = Fields.newObject();
    root.put("format", FORMAT);
    positions.start().ifPresent(start -> root.put("start", start.toString()));
    ObjectNode consumers = root.putObject("consumers");
    positions
        .consumers()
        .forEach(
            (name, consumer) ->
                consumers
                    .putObject(name)
                    .put("filter", consumer.filter())
                    .put("position", consumer.position().toString()));
    root.put("crc32c", checksum(positions));
    return (root.toPrettyString() + "\n").getBytes(UTF_8);
  }

  /** Reads {@link #format}'s text; {@code file} is only named in errors. */
  static StoredPositions parse(Path file, byte[] text) {
    try {
      Fields root = Fields.parse(text).only("format", "start", "consumers", "crc32c");
      if (root.number("format") != FORMAT) {
        throw new IllegalArgumentException(
            "format: expected " + FORMAT + ", found " + root.number("format"));
      }
      StoredPositions positions =
          new StoredPositions(
              root.has("start") ? Optional.of(root.position("start")) : Optional.empty(),
              consumers(root.child("consumers")));
      if (!root.has("crc32c")) {
        logger.warn("{}: no crc32c, taken as edited by hand", file);
        return positions;
      }
      String expected = checksum(positions);
      String found = root.text("crc32c");
      if (!found.equals(expected)) {
        throw new IllegalArgumentException(
            "crc32c: expected %s for these values, found %s; if they were edited by hand, remove the crc32c"
                .formatted(expected, found));
      }
      return positions;
    } catch (JsonProcessingException e) {
      JsonLocation at = e.getLocation();
      String place = at == null ? "" : "%d:%d: ".formatted(at.getLineNr(), at.getColumnNr());
      throw corrupt(file, place + "expected complete JSON, found: " + e.getOriginalMessage(), e);
    } catch (IOException | IllegalArgumentException e) {
      throw corrupt(file, " " + e.getMessage(), e);
    }
  }

  private static CanalException corrupt(Path file, String message, Exception cause) {
    return new CanalException(ErrorCode.STOP_INSTANCE, file + ":" + message, cause);
  }

  private static SortedMap<String, StoredConsumer> consumers(Fields all) {
    SortedMap<String, StoredConsumer> consumers = new TreeMap<>();
    for (String name : (Iterable<String>) all.object()::fieldNames) {
      if (!StoredNames.isConsumer(name)) {
        throw new IllegalArgumentException("consumers: '" + name + "' is no name of a consumer");
      }
      Fields fields = all.child(name).only("filter", "position");
      consumers.put(name, new StoredConsumer(fields.text("filter"), fields.position("position")));
    }
    return consumers;
  }

  private static String checksum(StoredPositions positions) {
    CRC32C crc = new CRC32C();
    add(crc, positions.start().map(SourcePosition::toString).orElse(""));
    positions
        .consumers()
        .forEach(
            (name, consumer) -> {
              add(crc, name);
              add(crc, consumer.filter());
              add(crc, consumer.position().toString());
            });
    return "%08x".formatted(crc.getValue());
  }

  private static void add(CRC32C crc, String value) {
    crc.update(value.getBytes(UTF_8));
    crc.update(0xff); // in no UTF-8 text: where one value ends
  }
}
