package io.canal.parser.binlog;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

/**
 * A ROTATE event: where the log goes on.
 *
 * @param file the binary log that the following events stand in
 * @param position offset of the first of them
 * @param artificial made up by the source to name the file that it begins to send; it stands in no
 *     file itself
 */
public record RotateEvent(String file, long position, boolean artificial) {
  public RotateEvent {
    requireNonNull(file, "file is null");
  }

  public static RotateEvent decode(byte[] array, int offset, int length) {
    EventCursor cursor = new EventCursor("ROTATE", array, offset, length);
    boolean artificial =
        (EventHeader.flags(array, offset) & EventHeader.ARTIFICIAL) != 0
            || EventHeader.logPos(array, offset) == 0;
    long position = cursor.i8();
    String file = cursor.text(cursor.remaining(), UTF_8);
    if (position < 4 || file.isEmpty()) {
      throw cursor.failure("file '" + file + "', position " + position);
    }
    return new RotateEvent(file, position, artificial);
  }
}
