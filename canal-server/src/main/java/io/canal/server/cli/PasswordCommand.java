package io.canal.server.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.Console;
import java.io.IOException;
import java.io.InputStreamReader;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Prints the hash of a password, which MySQL can no longer do since PASSWORD() is gone. */
@Command(
    name = "password",
    mixinStandardHelpOptions = true,
    description = {
      "Asks for a password, or reads a line of standard input, and prints the lines for"
          + " conf/canal.properties that let a user log in with it."
    })
final class PasswordCommand implements Callable<Integer> {
  @Option(names = "--user", defaultValue = "canal", description = "Name (${DEFAULT-VALUE}).")
  private String user;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    String password = read();
    if (password == null || password.isEmpty()) {
      spec.commandLine().getErr().println("expected a password, found nothing");
      return 1;
    }
    spec.commandLine().getOut().println("canal.user = " + user);
    spec.commandLine().getOut().println("canal.passwd = " + hash(password));
    return 0;
  }

  /** bin/canal sets jdk.console, so that there is no console without a terminal on any JDK. */
  @SuppressWarnings("SystemConsoleNull")
  private static String read() throws IOException {
    Console console = System.console();
    if (console == null) {
      return new BufferedReader(new InputStreamReader(System.in, UTF_8)).readLine();
    }
    char[] first = console.readPassword("Password: ");
    char[] second = console.readPassword("Again: ");
    if (!Arrays.equals(first, second)) {
      console.printf("The two differ.%n");
      return null;
    }
    return new String(first);
  }

  static String hash(String password) {
    try {
      MessageDigest sha1 = MessageDigest.getInstance("SHA-1");
      return HexFormat.of().formatHex(sha1.digest(sha1.digest(password.getBytes(UTF_8))));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JRE has SHA-1", e);
    }
  }
}
