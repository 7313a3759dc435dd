package io.canal.server.position;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.protocol.GtidSet;
import io.canal.protocol.SourcePosition;
import java.io.IOException;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The payload of a {@code cursor} znode (wire-protocol section 9), pure: Alibaba Canal's JSON,
 * which its tools go on reading, plus the field {@code canal}, the text form of the {@link
 * SourcePosition}, which alone counts here. Alibaba Canal drops that field when it writes; then its
 * own fields are migrated. {@code @type} is text like any other, no class is made from it.
 */
final class CursorJson {
  private static final String TYPE = "com.alibaba.otter.canal.protocol.position.LogPosition";
  private static final String OURS = "canal";

  /** MariaDB's domain-server-sequence; MariaDB is resumed by file and offset. */
  private static final Pattern MARIADB_GTIDS =
      Pattern.compile("\\d+-\\d+-\\d+(,\\s*\\d+-\\d+-\\d+)*");

  private CursorJson() {}

  /**
   * @param host the source server's address, which Alibaba Canal compares with its own setting
   */
  static String format(StoredConsumer consumer, String host, int port) {
    if (consumer.migratedFrom().isPresent()) {
      return Fields.write(alibaba(consumer.migratedFrom().get())); // its server is known only there
    }
    SourcePosition position = consumer.position();
    ObjectNode root =
        alibaba(
            new AlibabaCursor(
                host, port, position.file(), position.offset(), gtids(position), 0L, 0L));
    root.put(OURS, position.toString());
    return Fields.write(root);
  }

  private static String gtids(SourcePosition position) {
    return position.gtids().map(GtidSet::toString).orElse("");
  }

  private static ObjectNode alibaba(AlibabaCursor cursor) {
    ObjectNode root = Fields.newObject();
    root.put("@type", TYPE);
    ObjectNode identity = root.putObject("identity");
    identity.put("slaveId", -1);
    identity.putObject("sourceAddress").put("address", cursor.host()).put("port", cursor.port());
    ObjectNode place = root.putObject("postion");
    place.put("gtid", cursor.gtid());
    place.put("included", false);
    place.put("journalName", cursor.journalName());
    place.put("position", cursor.position());
    if (cursor.serverId() != 0) { // absent is unknown there, 0 would be another server
      place.put("serverId", cursor.serverId());
    }
    place.put("timestamp", cursor.timestampMs());
    return root;
  }

  /** Throws {@link IllegalArgumentException} or {@link IOException} that say what is wrong. */
  static StoredConsumer parse(String filter, String payload) throws IOException {
    Fields root = Fields.parse(payload);
    AlibabaCursor cursor = cursor(root);
    if (!root.has(OURS)) {
      return new StoredConsumer(filter, migrated(cursor), Optional.of(cursor));
    }
    SourcePosition position = root.position(OURS);
    if (!cursor.journalName().equals(position.file())
        || cursor.position() != position.offset()
        || !cursor.gtid().equals(gtids(position))) {
      throw new IllegalArgumentException(
          "postion: expected %s:%d '%s' as in the field canal, found %s:%d '%s'; if it was edited by hand, remove the field canal"
              .formatted(
                  position.file(),
                  position.offset(),
                  gtids(position),
                  cursor.journalName(),
                  cursor.position(),
                  cursor.gtid()));
    }
    return new StoredConsumer(filter, position);
  }

  private static AlibabaCursor cursor(Fields root) {
    Fields place = root.child("postion");
    String host = "";
    int port = 0;
    if (root.has("identity") && root.child("identity").has("sourceAddress")) {
      Fields address = root.child("identity").child("sourceAddress");
      host = address.text("address", "");
      port = Math.toIntExact(address.number("port", 0));
    }
    return new AlibabaCursor(
        host,
        port,
        place.text("journalName", ""),
        place.number("position", 0),
        place.text("gtid", ""),
        place.number("serverId", 0),
        place.number("timestamp", 0));
  }

  private static SourcePosition migrated(AlibabaCursor cursor) {
    Optional<GtidSet> gtids =
        cursor.gtid().isBlank() || MARIADB_GTIDS.matcher(cursor.gtid().strip()).matches()
            ? Optional.empty()
            : Optional.of(GtidSet.parse(cursor.gtid()));
    if (gtids.isEmpty() && cursor.journalName().isEmpty()) {
      throw new IllegalArgumentException(
          "postion: expected a journalName or a gtid, found neither");
    }
    return new SourcePosition(
        gtids, Optional.empty(), cursor.journalName(), cursor.position(), Optional.empty());
  }
}
