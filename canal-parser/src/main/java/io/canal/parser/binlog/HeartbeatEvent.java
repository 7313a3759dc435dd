package io.canal.parser.binlog;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

/**
 * A heartbeat: the source has sent all that it has up to this place. Takes no place in the file.
 *
 * @param file the binary log that the source stands in
 * @param position its offset there; only the low 32 bits in version 1
 */
public record HeartbeatEvent(String file, long position) {
  private static final int END = 0;
  private static final int FILE = 1;
  private static final int POSITION = 2;

  public HeartbeatEvent {
    requireNonNull(file, "file is null");
  }

  public static HeartbeatEvent decode(byte[] array, int offset, int length) {
    EventCursor cursor = new EventCursor("HEARTBEAT", array, offset, length);
    if (EventHeader.type(array, offset) == EventType.HEARTBEAT) {
      String file = cursor.text(cursor.remaining(), UTF_8);
      return new HeartbeatEvent(file, EventHeader.logPos(array, offset));
    }
    String file = "";
    long position = EventHeader.logPos(array, offset);
    while (cursor.hasRemaining()) {
      int field = cursor.u1();
      if (field == END) {
        break;
      }
      EventCursor value = cursor.part(cursor.lengthEncoded());
      if (field == FILE) {
        file = value.text(value.remaining(), UTF_8);
      } else if (field == POSITION) {
        position = value.lengthEncoded();
      }
    }
    return new HeartbeatEvent(file, position);
  }
}
