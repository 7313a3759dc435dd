package io.canal.server.config;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** All settings of the server, and how keys are told apart from misspellings of them. */
final class SettingCatalog {
  private SettingCatalog() {}

  static Optional<Setting<?>> find(String key) {
    return all().filter(setting -> setting.key().equals(key)).findFirst();
  }

  static Stream<Setting<?>> all() {
    return Stream.concat(ServerSettings.SETTINGS.stream(), InstanceSettings.SETTINGS.stream());
  }

  /** The known key nearest to an unknown one, if it is near enough to be what was meant. */
  static Optional<String> nearest(String unknown, List<String> known) {
    String best = null;
    int bestDistance = Math.max(2, unknown.length() / 6) + 1;
    for (String key : known) {
      int distance = distance(Environment.normalize(unknown), Environment.normalize(key));
      if (distance < bestDistance) {
        bestDistance = distance;
        best = key;
      }
    }
    return Optional.ofNullable(best);
  }

  /** Levenshtein distance: insertions, deletions and replacements of one character. */
  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[b.length()];
  }
}
