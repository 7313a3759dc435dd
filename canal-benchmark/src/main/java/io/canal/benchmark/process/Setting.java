package io.canal.benchmark.process;

/** What a process is told beside its segment, as system properties of its JVM. */
public enum Setting {
  /** Where the server listens; the port behind it is its HTTP port. */
  PORT,
  /** Directory of our server. */
  HOME,
  /** How many destinations a server has that read the same source. */
  DESTINATIONS,
  /** How many subscriptions the SDK has in one process. */
  CONSUMERS,
  /** How many of these stop at their first row, and never return from their listener. */
  STOPPED,
  /** {@code true}: read every value as a string, not operation and key alone. */
  VALUES,
  /** {@code true}: the connector decodes every event. */
  DECODES,
  /** How long a get of Alibaba Canal's client waits at the server, in milliseconds; -1: not. */
  GET_TIMEOUT_MS;

  /** The JVM option that sets it. */
  public String option(Object value) {
    return "-D" + key() + "=" + value;
  }

  String text() {
    String text = System.getProperty(key());
    if (text == null) {
      throw new IllegalStateException(key() + " is not set");
    }
    return text;
  }

  boolean isTrue() {
    return Boolean.getBoolean(key());
  }

  int number(int unlessSet) {
    return Integer.getInteger(key(), unlessSet);
  }

  private String key() {
    return "benchmark." + name();
  }
}
