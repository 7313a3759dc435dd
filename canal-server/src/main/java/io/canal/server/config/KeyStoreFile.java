package io.canal.server.config;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;

/** A key store or trust store on disk; {@code type} is a name such as {@code PKCS12}. */
public record KeyStoreFile(Path path, String type, Secret password) {
  public KeyStoreFile {
    requireNonNull(path, "path is null");
    requireNonNull(type, "type is null");
    requireNonNull(password, "password is null");
  }
}
