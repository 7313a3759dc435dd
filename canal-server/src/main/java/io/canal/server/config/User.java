package io.canal.server.config;

import static java.util.Objects.requireNonNull;

import java.util.Set;
import java.util.regex.Pattern;

/**
 * Who may open a session.
 *
 * @param passwordHash hex of SHA1(SHA1(password)) in lower case, what MySQL's old PASSWORD()
 *     printed
 * @param destinations the destinations that the user may read; empty for all
 */
public record User(String name, String passwordHash, Set<String> destinations) {
  static final Pattern HASH = Pattern.compile("[0-9a-f]{40}");

  public User {
    requireNonNull(name, "name is null");
    if (!HASH.matcher(passwordHash).matches()) {
      throw new IllegalArgumentException("the password of user " + name + " is no SHA1 in hex");
    }
    destinations = Set.copyOf(destinations);
  }

  public boolean mayRead(String destination) {
    return destinations.isEmpty() || destinations.contains(destination);
  }

  @Override
  public String toString() {
    return "User[" + name + ", ***, " + destinations + "]";
  }
}
