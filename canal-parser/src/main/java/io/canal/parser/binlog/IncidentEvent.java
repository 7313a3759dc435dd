package io.canal.parser.binlog;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

/**
 * An INCIDENT event: the source knows that changes are missing here.
 *
 * @param incident 1 is LOST_EVENTS
 */
public record IncidentEvent(int incident, String message) {
  public IncidentEvent {
    requireNonNull(message, "message is null");
  }

  public static IncidentEvent decode(byte[] array, int offset, int length) {
    EventCursor cursor = new EventCursor("INCIDENT", array, offset, length);
    int incident = cursor.u2();
    String message = cursor.hasRemaining() ? cursor.text(cursor.u1(), UTF_8) : "";
    return new IncidentEvent(incident, message);
  }
}
