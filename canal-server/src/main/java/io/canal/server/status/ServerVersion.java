package io.canal.server.status;

import java.util.Optional;

/** The version of this build, from the manifest of its jar. */
public final class ServerVersion {
  private ServerVersion() {}

  /** Such as {@code 0.1.0}; {@code development} where classes do not come from a jar. */
  public static String get() {
    return Optional.ofNullable(ServerVersion.class.getPackage().getImplementationVersion())
        .orElse("development");
  }
}
