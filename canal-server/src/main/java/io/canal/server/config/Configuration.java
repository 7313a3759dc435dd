package io.canal.server.config;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What the configuration files of one server say, wrong or right. The server starts if {@link
 * #server()} is present; a destination starts if its settings are.
 *
 * @param home the directory that holds bin, conf, lib and logs
 * @param server empty if {@code serverProblems} is not
 * @param notices what an operator should know although nothing is wrong
 */
public record Configuration(
    Path home,
    Optional<ServerSettings> server,
    List<Problem> serverProblems,
    List<Destination> destinations,
    List<String> notices) {

  /** One destination; {@code settings} is empty exactly if there are problems. */
  public record Destination(
      String name, Optional<InstanceSettings> settings, List<Problem> problems) {
    public Destination {
      requireNonNull(name, "name is null");
      problems = List.copyOf(problems);
      if (settings.isPresent() != problems.isEmpty()) {
        throw new IllegalArgumentException("destination " + name + " is neither right nor wrong");
      }
    }
  }

  public Configuration {
    requireNonNull(home, "home is null");
    serverProblems = List.copyOf(serverProblems);
    destinations = List.copyOf(destinations);
    notices = List.copyOf(notices);
    if (server.isPresent() != serverProblems.isEmpty()) {
      throw new IllegalArgumentException("the server's settings are neither right nor wrong");
    }
  }

  /** All problems, those of the server first. */
  public List<Problem> problems() {
    return Stream.concat(
            serverProblems.stream(),
            destinations.stream().flatMap(destination -> destination.problems().stream()))
        .distinct()
        .toList();
  }
}
