package io.canal.server.config;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Finds the values of settings: environment variable, then the files in their order, then the
 * default. What is wrong with them gathers in {@link #problems()}; reading goes on, so that all of
 * it is told at once. Owned by one thread.
 */
final class SettingReader {
  static final String DESTINATION_KEY = "canal.instance.destination";

  private final Environment environment;
  private final List<PropertiesFile> files;
  private final String destination;
  private final Set<Problem> problems = new LinkedHashSet<>();
  private final List<String> notices = new ArrayList<>();

  /** A text as it was found, and where; {@code line} is 0 outside a file. */
  record Found(String source, int line, String text) {
    Problem problem(String message) {
      return new Problem(source, line, message);
    }
  }

  /**
   * @param files the nearer file first
   * @param destination what {@code ${canal.instance.destination}} stands for; empty for the server
   */
  SettingReader(Environment environment, List<PropertiesFile> files, String destination) {
    this.environment = requireNonNull(environment, "environment is null");
    this.files = List.copyOf(files);
    this.destination = requireNonNull(destination, "destination is null");
  }

  /**
   * Returns the value of a setting, its default where the value is wrong or empty, and null where
   * there is no default either: then {@link #hasProblems()}.
   */
  <T> T get(Setting<T> setting) {
    Optional<Found> found = find(setting.key());
    String text = found.isEmpty() ? "" : resolve(found.get(), found.get().text(), Set.of());
    if (!setting.type().secret()) {
      text = text.strip();
    }
    if (text.isEmpty()) {
      if (setting.isRequired()) {
        String state = found.isPresent() ? "is empty" : "is missing";
        reject(setting, state + ", expected " + setting.type().expected());
        return null;
      }
      return parseDefault(setting);
    }
    try {
      return setting.type().parse().apply(text);
    } catch (IllegalArgumentException e) {
      String shown = setting.type().secret() ? "something else" : "'" + text + "'";
      reject(
          setting, "expected %s, found %s".formatted(setting.type().expected(), shown + detail(e)));
      return setting.isRequired() ? null : parseDefault(setting);
    }
  }

  private static <T> T parseDefault(Setting<T> setting) {
    return setting.type().parse().apply(setting.defaultText());
  }

  private static String detail(IllegalArgumentException e) {
    boolean told = e.getMessage() != null && !(e instanceof NumberFormatException);
    return told ? " (" + e.getMessage() + ")" : "";
  }

  Optional<Found> find(String key) {
    Optional<String> variable = environment.nameOf(key);
    if (variable.isPresent()) {
      String name = variable.get();
      return Optional.of(
          new Found("environment variable " + name, 0, environment.value(name).orElseThrow()));
    }
    for (PropertiesFile file : files) {
      Optional<Property> property = file.get(key);
      if (property.isPresent()) {
        return Optional.of(new Found(file.name(), property.get().line(), property.get().value()));
      }
    }
    return Optional.empty();
  }

  /** Records a rule between settings that does not hold, at the place of one of them. */
  void reject(Setting<?> setting, String message) {
    reject(setting.key(), message);
  }

  void reject(String key, String message) {
    Found place = find(key).orElseGet(() -> new Found(files.get(0).name(), 0, ""));
    problems.add(place.problem("'" + key + "' " + message));
  }

  /** Records what an operator should know although nothing is wrong. */
  void notice(String notice) {
    notices.add(requireNonNull(notice, "notice is null"));
  }

  boolean hasProblems() {
    return !problems.isEmpty();
  }

  List<Problem> problems() {
    return List.copyOf(problems);
  }

  List<String> notices() {
    return List.copyOf(notices);
  }

  /** Replaces {@code ${name}} and {@code ${name:default}}, as Spring does for the original. */
  private String resolve(Found origin, String text, Set<String> open) {
    StringBuilder resolved = new StringBuilder();
    int at = 0;
    while (true) {
      int start = text.indexOf("${", at);
      int end = start < 0 ? -1 : closing(text, start + 2);
      if (end < 0) {
        return resolved.append(text, at, text.length()).toString();
      }
      resolved.append(text, at, start);
      resolved.append(reference(origin, text.substring(start + 2, end), open));
      at = end + 1;
    }
  }

  private static int closing(String text, int from) {
    int depth = 1;
    for (int i = from; i < text.length(); i++) {
      if (text.startsWith("${", i)) {
        depth++;
      } else if (text.charAt(i) == '}' && --depth == 0) {
        return i;
      }
    }
    return -1;
  }

  private String reference(Found origin, String body, Set<String> open) {
    int colon = body.indexOf(':');
    String name = colon < 0 ? body : body.substring(0, colon);
    if (open.contains(name)) {
      problems.add(origin.problem("'${" + name + "}' refers to itself"));
      return "";
    }
    Optional<String> value = referenced(name);
    if (value.isEmpty() && colon < 0) {
      problems.add(
          origin.problem(
              "'${" + name + "}' expected a key or an environment variable, found neither"));
      return "";
    }
    Set<String> inner = new LinkedHashSet<>(open);
    inner.add(name);
    return resolve(origin, value.orElseGet(() -> body.substring(colon + 1)), inner);
  }

  private Optional<String> referenced(String name) {
    if (name.equals(DESTINATION_KEY)) {
      return Optional.of(destination);
    }
    return find(name)
        .map(found -> found.text().strip())
        .or(() -> SettingCatalog.find(name).map(Setting::defaultText))
        .or(() -> environment.value(name));
  }
}
