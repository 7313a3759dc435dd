package io.canal.server.config;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PropertiesFileTest {
  /** After a line of nothing but a backslash Java takes the next one for a new line, mostly. */
  private static final Pattern LONE_BACKSLASH =
      Pattern.compile("(^|[\\r\\n])[ \\t\\f]*\\\\([\\r\\n]|$)");

  @Test
  void shouldKeepTheFirstLineOfEachProperty() {
    String text = "# comment\n\na = 1\nb = one, \\\n    two, \\\n    three\n\n! comment\nc:3";

    PropertiesFile file = PropertiesFile.of("f", text);

    assertThat(file.properties())
        .containsExactly(
            new Property("a", "1", 3),
            new Property("b", "one, two, three", 4),
            new Property("c", "3", 9));
  }

  @Test
  void shouldCountTheLastOfTwoEqualKeys() {
    PropertiesFile file = PropertiesFile.of("f", "a=1\na=2");

    assertThat(file.get("a")).contains(new Property("a", "2", 2));
    assertThat(file.properties()).hasSize(2);
  }

  @Test
  void shouldReportWrongEscapesAndGoOn() {
    PropertiesFile file = PropertiesFile.of("f", "a=\\u12\nb=2");

    assertThat(file.problems())
        .containsExactly(
            new Problem("f", 1, "expected four hexadecimal digits after \\u, found '12'"));
    assertThat(file.get("b")).isPresent();
  }

  @Test
  void shouldReportBytesThatAreNotUtf8(@TempDir Path directory) throws IOException {
    Path path = Files.write(directory.resolve("f"), "a=\u00e9".getBytes(ISO_8859_1));

    PropertiesFile file = PropertiesFile.read(path, "f");

    assertThat(file.problems())
        .containsExactly(new Problem("f", 0, "expected UTF-8, found other bytes"));
  }

  @Test
  void shouldSkipAByteOrderMark(@TempDir Path directory) throws IOException {
    Path path = Files.writeString(directory.resolve("f"), "\uFEFFa=\u00e9");

    assertThat(PropertiesFile.read(path, "f").get("a")).contains(new Property("a", "\u00e9", 1));
  }

  @Test
  void shouldReadWhatJavaReads() throws IOException {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    String alphabet = "ab=: \t\f\n\r\\\\\\#!nrtfu0041.";

    for (int round = 0; round < 20_000; round++) {
      StringBuilder text = new StringBuilder();
      for (int i = random.nextInt(24); i > 0; i--) {
        text.append(alphabet.charAt(random.nextInt(alphabet.length())));
      }
      if (LONE_BACKSLASH.matcher(text).find()) {
        continue;
      }
      Properties expected = new Properties();
      boolean malformed = false;
      try {
        expected.load(new StringReader(text.toString()));
      } catch (IllegalArgumentException e) {
        malformed = true;
      }

      PropertiesFile file = PropertiesFile.of("f", text.toString());

      String input = "seed " + seed + ": " + text.toString().replace("\n", "\\n");
      assertThat(!file.problems().isEmpty()).as(input).isEqualTo(malformed);
      if (!malformed) {
        Map<String, String> found = new HashMap<>();
        file.properties().forEach(property -> found.put(property.key(), property.value()));
        assertThat(found).as(input).isEqualTo(expected);
      }
    }
  }
}
