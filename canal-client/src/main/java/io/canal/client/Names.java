package io.canal.client;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.canal.protocol.WriteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * What the rows and headers of one subscription have in common, made once: names of schemas, tables
 * and columns, the beginnings of columns, and where a column was found last. Owned by the
 * subscription's thread.
 */
final class Names {
  private static final int MAX_PLACES = 16_384;

  /** Where a column was found last, counted from the first one in the image. */
  static final class Place {
    int place;
  }

  private final Map<String, Place> places = new HashMap<>();
  private final ByteMap<String> texts = new ByteMap<>();
  private final ByteMap<ColumnHead> heads = new ByteMap<>();
  private final WireReader reader = new WireReader();
  private final WriteBuffer head = new WriteBuffer(256);

  Place place(String columnName) {
    Place place = places.get(columnName);
    if (place == null) {
      if (places.size() == MAX_PLACES) {
        places.clear();
      }
      place = new Place();
      places.put(columnName, place);
    }
    return place;
  }

  String text(byte[] array, int offset, int length) {
    if (length == 0) {
      return "";
    }
    String text = texts.get(array, offset, length);
    if (text == null) {
      text = new String(array, offset, length, UTF_8);
      texts.put(Arrays.copyOfRange(array, offset, offset + length), text);
    }
    return text;
  }

  /** The head of a serialized {@code Column}, whose fields may stand in any order. */
  ColumnHead head(byte[] column, int offset, int length) {
    head.clear();
    int start = offset;
    reader.wrap(column, offset, length);
    while (reader.next()) {
      if (ColumnHead.holds(reader.field())) {
        head.writeBytes(column, start, reader.position() - start);
      }
      start = reader.position();
    }
    ColumnHead known = heads.get(head.array(), 0, head.position());
    if (known == null) {
      byte[] bytes = head.toByteArray();
      known = new ColumnHead(bytes, this);
      heads.put(bytes, known);
    }
    return known;
  }
}
