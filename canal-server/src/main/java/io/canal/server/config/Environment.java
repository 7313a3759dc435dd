package io.canal.server.config;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * The environment variables that override keys: {@code CANAL_INSTANCE_MASTER_ADDRESS} is {@code
 * canal.instance.master.address}. Names are compared in upper case with letters and digits alone,
 * so that {@code CANAL_INSTANCE_DB_USERNAME} means {@code canal.instance.dbUsername} too. An empty
 * variable counts as not set, as Compose files pass it.
 */
final class Environment {
  /** What Kubernetes and Docker links set for a service of the name "canal". */
  private static final Pattern SERVICE_LINK =
      Pattern.compile(".*_(SERVICE_(HOST|PORT.*)|PORT_\\d+_(TCP|UDP).*)");

  /** Variables of the scripts in {@code bin/}. */
  private static final List<String> OF_SCRIPTS =
      List.of("CANAL_HOME", "CANAL_LOG", "CANAL_START_TIMEOUT");

  private final Map<String, String> all;
  private final Map<String, String> nameByKey = new TreeMap<>();

  Environment(Map<String, String> all) {
    this.all = Map.copyOf(all);
    for (Map.Entry<String, String> entry : this.all.entrySet()) {
      if (isOurs(entry.getKey(), entry.getValue())) {
        nameByKey.put(normalize(entry.getKey()), entry.getKey());
      }
    }
  }

  private static boolean isOurs(String name, String value) {
    String upper = name.toUpperCase(Locale.ROOT);
    return (upper.startsWith("CANAL_") || upper.startsWith("CANAL."))
        && !value.isEmpty()
        && !value.startsWith("tcp://")
        && !OF_SCRIPTS.contains(upper)
        && !SERVICE_LINK.matcher(upper).matches();
  }

  static String normalize(String name) {
    StringBuilder normal = new StringBuilder(name.length());
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (Character.isLetterOrDigit(c)) {
        normal.append(Character.toUpperCase(c));
      }
    }
    return normal.toString();
  }

  /** The variable that overrides a key. */
  Optional<String> nameOf(String key) {
    return Optional.ofNullable(nameByKey.get(normalize(requireNonNull(key, "key is null"))));
  }

  /** The value of a variable by its exact name. */
  Optional<String> value(String name) {
    return Optional.ofNullable(all.get(name));
  }

  /** The names of all variables that look like keys, in alphabetical order. */
  List<String> names() {
    return new ArrayList<>(nameByKey.values());
  }
}
