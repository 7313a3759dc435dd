package io.canal.server.config;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** A home directory whose configuration files a test writes. */
final class ConfigurationDirectory {
  static final String SOURCE =
      "canal.instance.master.address=db1:3307\ncanal.instance.dbUsername=canal\n";

  private final Path home;

  ConfigurationDirectory(Path home) {
    this.home = home;
  }

  ConfigurationDirectory canal(String... lines) {
    return write("conf/canal.properties", String.join("\n", lines));
  }

  ConfigurationDirectory instance(String destination, String text) {
    return write("conf/" + destination + "/instance.properties", text);
  }

  ConfigurationDirectory write(String name, String text) {
    try {
      Path file = home.resolve(name);
      Files.createDirectories(file.getParent());
      Files.writeString(file, text);
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Configuration load() {
    return load(Map.of());
  }

  Configuration load(Map<String, String> environment) {
    return ConfigurationLoader.load(home, environment);
  }

  ServerSettings server() {
    return load().server().orElseThrow();
  }

  InstanceSettings instance() {
    return load().destinations().get(0).settings().orElseThrow();
  }
}
