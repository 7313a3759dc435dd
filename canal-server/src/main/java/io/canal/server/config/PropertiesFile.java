package io.canal.server.config;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The properties of one file with the lines they stand on.
 *
 * <p>The syntax is that of {@link java.util.Properties#load(java.io.Reader)} in UTF-8; what that
 * method would throw for is a {@link Problem} here. Where a key stands twice the last one counts.
 */
final class PropertiesFile {
  private final String name;
  private final Map<String, Property> byKey = new HashMap<>();
  private final List<Property> properties = new ArrayList<>();
  private final List<Problem> problems = new ArrayList<>();

  private PropertiesFile(String name) {
    this.name = requireNonNull(name, "name is null");
  }

  /** Reads a file; {@code name} is how messages call it. One that cannot be read is empty. */
  static PropertiesFile read(Path path, String name) {
    PropertiesFile file = new PropertiesFile(name);
    try {
      byte[] bytes = Files.readAllBytes(path);
      file.parse(decode(bytes));
    } catch (CharacterCodingException e) {
      file.problems.add(new Problem(name, 0, "expected UTF-8, found other bytes"));
    } catch (NoSuchFileException e) {
      file.problems.add(new Problem(name, 0, "the file is missing"));
    } catch (IOException e) {
      file.problems.add(new Problem(name, 0, "cannot be read: " + e));
    }
    return file;
  }

  static PropertiesFile of(String name, String text) {
    PropertiesFile file = new PropertiesFile(name);
    file.parse(text);
    return file;
  }

  String name() {
    return name;
  }

  /** All properties in the order of the file, those that a later line overrides included. */
  List<Property> properties() {
    return List.copyOf(properties);
  }

  List<Problem> problems() {
    return List.copyOf(problems);
  }

  Optional<Property> get(String key) {
    return Optional.ofNullable(byKey.get(key));
  }

  private static String decode(byte[] bytes) throws CharacterCodingException {
    String text =
        UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT)
            .decode(ByteBuffer.wrap(bytes))
            .toString();
    return text.startsWith("\uFEFF") ? text.substring(1) : text;
  }

  private void parse(String text) {
    String[] lines = text.split("\r\n|\r|\n", -1);
    for (int i = 0; i < lines.length; i++) {
      int first = i + 1;
      String start = stripLeading(lines[i]);
      if (start.isEmpty() || start.charAt(0) == '#' || start.charAt(0) == '!') {
        continue;
      }
      StringBuilder logical = new StringBuilder(start);
      while (endsWithOddBackslashes(logical)) {
        logical.setLength(logical.length() - 1);
        if (++i == lines.length) {
          break;
        }
        logical.append(stripLeading(lines[i]));
      }
      add(logical.toString(), first);
    }
  }

  private void add(String logical, int line) {
    int end = 0;
    while (end < logical.length() && !isSeparator(logical.charAt(end))) {
      end += logical.charAt(end) == '\\' ? 2 : 1;
    }
    end = Math.min(end, logical.length());
    int value = skipBlanks(logical, end);
    if (value < logical.length()
        && (logical.charAt(value) == '=' || logical.charAt(value) == ':')) {
      value = skipBlanks(logical, value + 1);
    }
    try {
      Property property =
          new Property(
              unescape(logical.substring(0, end)), unescape(logical.substring(value)), line);
      properties.add(property);
      byKey.put(property.key(), property);
    } catch (IllegalArgumentException e) {
      problems.add(new Problem(name, line, e.getMessage()));
    }
  }

  private static boolean isSeparator(char c) {
    return c == '=' || c == ':' || isBlank(c);
  }

  private static boolean isBlank(char c) {
    return c == ' ' || c == '\t' || c == '\f';
  }

  private static int skipBlanks(String text, int from) {
    int at = from;
    while (at < text.length() && isBlank(text.charAt(at))) {
      at++;
    }
    return at;
  }

  private static String stripLeading(String line) {
    return line.substring(skipBlanks(line, 0));
  }

  private static boolean endsWithOddBackslashes(CharSequence line) {
    int at = line.length();
    while (at > 0 && line.charAt(at - 1) == '\\') {
      at--;
    }
    return (line.length() - at) % 2 == 1;
  }

  private static String unescape(String text) {
    StringBuilder plain = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c != '\\' || ++i == text.length()) {
        plain.append(c);
        continue;
      }
      c = text.charAt(i);
      switch (c) {
        case 't' -> plain.append('\t');
        case 'n' -> plain.append('\n');
        case 'r' -> plain.append('\r');
        case 'f' -> plain.append('\f');
        case 'u' -> {
          plain.append(unicode(text, i + 1));
          i += 4;
        }
        default -> plain.append(c);
      }
    }
    return plain.toString();
  }

  private static char unicode(String text, int from) {
    String digits = text.substring(from, Math.min(from + 4, text.length()));
    if (digits.length() < 4 || !digits.chars().allMatch(c -> Character.digit(c, 16) >= 0)) {
      throw new IllegalArgumentException(
          "expected four hexadecimal digits after \\u, found '" + digits + "'");
    }
    return (char) Integer.parseInt(digits, 16);
  }
}
