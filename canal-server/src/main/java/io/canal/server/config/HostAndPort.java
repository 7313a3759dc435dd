package io.canal.server.config;

import static java.util.Objects.requireNonNull;

/** A TCP address as an operator writes it: {@code db1:3306}, {@code [2001:db8::1]:3306}. */
public record HostAndPort(String host, int port) {
  public HostAndPort {
    requireNonNull(host, "host is null");
    if (host.isBlank()) {
      throw new IllegalArgumentException("host is empty");
    }
    if (port < 1 || port > 65535) {
      throw new IllegalArgumentException("port is " + port);
    }
  }

  /**
   * Reads {@code host:port}, {@code host} or {@code [IPv6]:port}.
   *
   * @throws IllegalArgumentException if the text has no such form
   */
  public static HostAndPort parse(String text, int defaultPort) {
    requireNonNull(text, "text is null");
    String host = text;
    String port = "";
    if (text.startsWith("[")) {
      int end = text.indexOf(']');
      if (end < 0) {
        throw new IllegalArgumentException("']' is missing");
      }
      host = text.substring(1, end);
      String rest = text.substring(end + 1);
      if (!rest.isEmpty() && !rest.startsWith(":")) {
        throw new IllegalArgumentException("':' is missing after ']'");
      }
      port = rest.isEmpty() ? "" : rest.substring(1);
    } else {
      int colon = text.indexOf(':');
      if (colon >= 0 && text.indexOf(':', colon + 1) >= 0) {
        throw new IllegalArgumentException("an IPv6 address stands in brackets");
      }
      if (colon >= 0) {
        host = text.substring(0, colon);
        port = text.substring(colon + 1);
      }
    }
    if (host.chars().anyMatch(Character::isWhitespace) || host.contains("/")) {
      throw new IllegalArgumentException("not a host name");
    }
    try {
      return new HostAndPort(host, port.isEmpty() ? defaultPort : Integer.parseInt(port));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("'" + port + "' is not a port", e);
    }
  }

  @Override
  public String toString() {
    return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
  }
}
