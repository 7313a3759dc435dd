package io.canal.server.tcp;

import io.canal.protocol.Scramble;
import io.canal.server.config.User;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Who may log in, and what for. Immutable. */
final class Users {
  private static final String NOBODY = "0".repeat(40);

  private final Map<String, User> byName;

  /**
   * @param users empty if everybody may log in and read everything
   */
  Users(List<User> users) {
    byName = users.stream().collect(Collectors.toUnmodifiableMap(User::name, Function.identity()));
  }

  /** Takes the same time for a name that there is not as for a wrong password. */
  Optional<User> logIn(String name, byte[] proof, byte[] seed) {
    if (byName.isEmpty()) {
      return Optional.of(new User(name, NOBODY, Set.of()));
    }
    User user = byName.get(name);
    boolean proven = Scramble.proves(proof, user == null ? NOBODY : user.passwordHash(), seed);
    return Optional.ofNullable(user).filter(known -> proven);
  }
}
