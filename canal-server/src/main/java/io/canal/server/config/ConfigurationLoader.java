package io.canal.server.config;

import static java.util.Objects.requireNonNull;

import io.canal.server.config.Configuration.Destination;
import io.canal.server.config.ForeignKeys.ForeignKey;
import io.canal.server.config.SettingReader.Found;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Loads {@code conf/canal.properties}, the {@code instance.properties} of every destination and the
 * environment into a {@link Configuration} that holds every problem of all of them.
 *
 * <p>A value is looked for in the environment, in instance.properties, in canal.properties, and is
 * the default else. What is wrong in canal.properties or in the environment stops the server; what
 * is wrong in an instance.properties stops that destination.
 */
public final class ConfigurationLoader {
  private static final Pattern DESTINATION = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}");

  private final Path home;
  private final Environment environment;
  private final Set<Problem> serverProblems = new LinkedHashSet<>();
  private final Set<String> notices = new LinkedHashSet<>();
  private final Map<String, Set<String>> ignoredByReason = new LinkedHashMap<>();

  private ConfigurationLoader(Path home, Map<String, String> environment) {
    this.home = requireNonNull(home, "home is null").toAbsolutePath().normalize();
    this.environment = new Environment(environment);
  }

  /**
   * Reads everything below {@code home/conf}. Never throws for what stands in the files.
   *
   * @param environment the variables of the process, {@code System.getenv()}
   */
  public static Configuration load(Path home, Map<String, String> environment) {
    return new ConfigurationLoader(home, environment).load();
  }

  private Configuration load() {
    PropertiesFile canal = read(home.resolve("conf").resolve("canal.properties"));
    SettingReader reader = new SettingReader(environment, List.of(canal), "");
    ServerSettings settings = ServerSettings.read(reader, canal, home);
    serverProblems.addAll(canal.problems());
    serverProblems.addAll(reader.problems());
    notices.addAll(reader.notices());

    Set<String> names = destinations(reader, settings);
    serverProblems.addAll(check(canal, names, true));
    serverProblems.addAll(checkEnvironment(names));
    checkUsers(settings, canal, names);
    List<Destination> destinations = new ArrayList<>();
    for (String name : names) {
      destinations.add(destination(name, settings.confDirectory(), canal, names));
    }
    ignoredByReason.forEach(
        (reason, keys) ->
            notices.add("without effect here: %s (%s)".formatted(join(keys), reason)));
    return new Configuration(
        home,
        serverProblems.isEmpty() ? Optional.of(settings) : Optional.empty(),
        byLine(serverProblems),
        destinations,
        List.copyOf(notices));
  }

  private PropertiesFile read(Path path) {
    Path shown = path.startsWith(home) ? home.relativize(path) : path;
    return PropertiesFile.read(path, shown.toString());
  }

  private Set<String> destinations(SettingReader reader, ServerSettings settings) {
    Set<String> names = new LinkedHashSet<>();
    for (String name : settings.destinations()) {
      if (DESTINATION.matcher(name).matches()) {
        names.add(name);
      } else {
        reader.reject(
            ServerSettings.DESTINATIONS,
            "expected names of letters, digits, '_', '-' and '.', found '" + name + "'");
        serverProblems.addAll(reader.problems());
      }
    }
    if (settings.autoScan()) {
      names.addAll(scan(settings.confDirectory()));
    }
    if (names.isEmpty() && serverProblems.isEmpty()) {
      reader.reject(
          ServerSettings.DESTINATIONS,
          "expected at least one destination, found none, nor a folder with an instance.properties"
              + " in "
              + settings.confDirectory());
      serverProblems.addAll(reader.problems());
    }
    return names;
  }

  private Set<String> scan(Path directory) {
    Set<String> found = new TreeSet<>();
    try (Stream<Path> folders = Files.list(directory)) {
      folders
          .filter(folder -> Files.isRegularFile(folder.resolve("instance.properties")))
          .map(folder -> folder.getFileName().toString())
          .filter(name -> DESTINATION.matcher(name).matches())
          .forEach(found::add);
    } catch (IOException e) {
      serverProblems.add(new Problem(directory.toString(), 0, "cannot be listed: " + e));
    }
    return found;
  }

  private Destination destination(
      String name, Path directory, PropertiesFile canal, Set<String> names) {
    PropertiesFile file = read(directory.resolve(name).resolve("instance.properties"));
    if (!file.problems().isEmpty() && file.properties().isEmpty()) {
      return new Destination(name, Optional.empty(), file.problems());
    }
    SettingReader reader = new SettingReader(environment, List.of(file, canal), name);
    Optional<InstanceSettings> settings = InstanceSettings.read(reader, name, home);
    notices.addAll(reader.notices());
    List<Problem> problems = new ArrayList<>(file.problems());
    problems.addAll(check(file, names, false));
    for (Problem problem : reader.problems()) {
      if (problem.source().equals(file.name())) {
        problems.add(problem);
      } else {
        serverProblems.add(problem);
        problems.add(problem);
      }
    }
    return new Destination(
        name, problems.isEmpty() ? settings : Optional.empty(), byLine(problems));
  }

  /** Looks at every key of a file: whether it is known there, and told what is without effect. */
  private List<Problem> check(PropertiesFile file, Set<String> names, boolean ofServer) {
    List<Problem> problems = new ArrayList<>();
    for (Property property : file.properties()) {
      String key = property.key();
      if (!file.get(key).equals(Optional.of(property))) {
        notices.add(
            "%s:%d: '%s' stands again on line %d, which counts"
                .formatted(file.name(), property.line(), key, file.get(key).orElseThrow().line()));
      } else if (!isSetting(key, ofServer)) {
        check(key, new Found(file.name(), property.line(), property.value()), names, ofServer)
            .ifPresent(problems::add);
      }
    }
    return problems;
  }

  private static boolean isSetting(String key, boolean ofServer) {
    return InstanceSettings.SETTINGS.stream().anyMatch(setting -> setting.key().equals(key))
        || (ofServer
            && (ServerSettings.SETTINGS.stream().anyMatch(setting -> setting.key().equals(key))
                || ServerSettings.userName(key).isPresent()));
  }

  private Optional<Problem> check(String key, Found found, Set<String> names, boolean ofServer) {
    if (!ofServer && isSetting(key, true)) {
      return Optional.of(found.problem("'" + key + "' belongs into conf/canal.properties"));
    }
    Optional<ForeignKey> foreign = ForeignKeys.find(key, names);
    if (foreign.isEmpty()) {
      return Optional.of(found.problem(unknown("property", key, key)));
    }
    ForeignKey known = foreign.get();
    String value = found.text().replaceAll("\\s*,\\s*", ",").strip();
    if (!known.accepts(value)) {
      return Optional.of(
          found.problem("'%s' %s (%s)".formatted(key, wrong(known, value), known.reason())));
    }
    if (known.isIgnored() && !value.isEmpty()) {
      ignoredByReason.computeIfAbsent(known.reason(), reason -> new TreeSet<>()).add(known.key());
    }
    return Optional.empty();
  }

  /** Shows no value where none is expected: it may be a secret. */
  private static String wrong(ForeignKey known, String value) {
    Set<String> values = new TreeSet<>(known.accepted());
    values.remove("");
    return values.isEmpty()
        ? "expected nothing, found a value"
        : "expected " + String.join(" or ", values) + ", found '" + value + "'";
  }

  private List<Problem> checkEnvironment(Set<String> names) {
    List<Problem> problems = new ArrayList<>();
    for (String variable : environment.names()) {
      String normal = Environment.normalize(variable);
      Optional<String> key =
          knownKeys().stream()
              .filter(known -> Environment.normalize(known).equals(normal))
              .findFirst();
      String where = "environment variable " + variable;
      if (key.isEmpty()) {
        String wanted = variable.replace('_', '.').toLowerCase(Locale.ROOT);
        boolean meant =
            wanted.startsWith("canal.instance.")
                || SettingCatalog.nearest(wanted, knownKeys()).isPresent();
        if (meant && ForeignKeys.find(wanted, names).isEmpty()) {
          problems.add(new Problem(where, 0, unknown("setting", variable, wanted)));
        }
      } else if (!isSetting(key.get(), true)) {
        check(key.get(), new Found(where, 0, environment.value(variable).orElse("")), names, true)
            .ifPresent(problems::add);
      }
    }
    return problems;
  }

  private static String unknown(String what, String shown, String key) {
    String hint =
        SettingCatalog.nearest(key, knownKeys())
            .map(near -> ", did you mean '" + near + "'?")
            .orElse("");
    return "unknown " + what + " '" + shown + "'" + hint;
  }

  private static List<String> knownKeys() {
    return Stream.concat(
            SettingCatalog.all().map(Setting::key),
            ForeignKeys.ALL.stream().map(ForeignKey::key).filter(key -> !key.endsWith("*")))
        .toList();
  }

  private void checkUsers(ServerSettings settings, PropertiesFile canal, Set<String> names) {
    for (User user : settings.users()) {
      for (String destination : user.destinations()) {
        if (!names.contains(destination)) {
          String key = ServerSettings.userDestinations(user.name()).key();
          int line = canal.get(key).map(Property::line).orElse(0);
          serverProblems.add(
              new Problem(
                  canal.name(), line, "'" + key + "' names no destination: '" + destination + "'"));
        }
      }
    }
  }

  /** In the order in which an operator goes through the files. */
  private static List<Problem> byLine(Collection<Problem> problems) {
    return problems.stream()
        .sorted(Comparator.comparing(Problem::source).thenComparingInt(Problem::line))
        .toList();
  }

  private static String join(Set<String> keys) {
    return String.join(", ", keys);
  }
}
