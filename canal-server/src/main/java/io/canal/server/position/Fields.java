package io.canal.server.position;

import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.protocol.SourcePosition;
import java.io.IOException;
import java.util.List;

/**
 * Reads one JSON object strictly, as a tree: what is absent or of another type is an {@link
 * IllegalArgumentException} that names the field, what was expected and what was found. No class is
 * ever chosen by the text.
 *
 * @param path where the object stands, with a dot at its end; empty for the document
 */
record Fields(String path, ObjectNode object) {
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  static ObjectNode newObject() {
    return MAPPER.createObjectNode();
  }

  static String write(ObjectNode object) {
    try {
      return MAPPER.writeValueAsString(object);
    } catch (IOException e) {
      throw new IllegalStateException(e); // a tree in memory has nothing that fails
    }
  }

  /** Reads a whole document. */
  static Fields parse(byte[] text) throws IOException {
    return of("", MAPPER.readTree(text));
  }

  static Fields parse(String text) throws IOException {
    return of("", MAPPER.readTree(text));
  }

  static Fields of(String path, JsonNode node) {
    if (node instanceof ObjectNode object) {
      return new Fields(path, object);
    }
    String name = path.isEmpty() ? "document" : path.substring(0, path.length() - 1);
    throw wrong(name, "an object", node);
  }

  Fields only(String... names) {
    for (String name : (Iterable<String>) object::fieldNames) {
      if (!List.of(names).contains(name)) {
        throw new IllegalArgumentException(
            path + name + ": unknown, expected " + String.join(", ", names));
      }
    }
    return this;
  }

  boolean has(String name) {
    return object.hasNonNull(name);
  }

  Fields child(String name) {
    return of(path + name + ".", object.path(name));
  }

  String text(String name) {
    JsonNode node = object.path(name);
    if (!node.isTextual()) {
      throw wrong(path + name, "a text", node);
    }
    return node.textValue();
  }

  String text(String name, String absent) {
    return has(name) ? text(name) : absent;
  }

  long number(String name) {
    JsonNode node = object.path(name);
    if (!node.isIntegralNumber() || !node.canConvertToLong() || node.longValue() < 0) {
      throw wrong(path + name, "a whole number, 0 or more", node);
    }
    return node.longValue();
  }

  long number(String name, long absent) {
    return has(name) ? number(name) : absent;
  }

  SourcePosition position(String name) {
    try {
      return SourcePosition.parse(text(name));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(path + name + ": " + e.getMessage(), e);
    }
  }

  private static IllegalArgumentException wrong(String name, String expected, JsonNode found) {
    String text = found.isMissingNode() ? "nothing" : found.toString();
    return new IllegalArgumentException(
        "%s: expected %s, found %s"
            .formatted(name, expected, text.length() > 100 ? text.substring(0, 100) : text));
  }
}
