package io.canal.server.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Passwords come from files, because arguments can be read by every user of the machine. */
final class PasswordFile {
  private PasswordFile() {}

  /** The first line of the file; empty without a file. */
  static String read(Path file) throws IOException {
    if (file == null) {
      return "";
    }
    List<String> lines = Files.readAllLines(file);
    return lines.isEmpty() ? "" : lines.get(0);
  }
}
