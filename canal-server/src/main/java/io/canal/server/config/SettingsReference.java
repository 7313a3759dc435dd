package io.canal.server.config;

import java.util.List;
import java.util.stream.Stream;

/** All settings as text: for {@code bin/canal settings} and {@code docs/configuration.md}. */
public final class SettingsReference {
  private SettingsReference() {}

  /** A few lines per setting, for a terminal. */
  public static String text() {
    StringBuilder text = new StringBuilder();
    text.append("conf/canal.properties\n");
    server().forEach(setting -> append(text, setting));
    text.append("\nconf/DESTINATION/instance.properties, or for all in conf/canal.properties\n");
    InstanceSettings.SETTINGS.forEach(setting -> append(text, setting));
    return text.toString();
  }

  private static void append(StringBuilder text, Setting<?> setting) {
    text.append("\n  ").append(setting.key());
    text.append(setting.isRequired() ? "" : " = " + setting.defaultText()).append('\n');
    text.append("      ").append(setting.help()).append('\n');
    text.append("      ").append(allowed(setting)).append('\n');
  }

  /** The whole of {@code docs/configuration.md}. */
  public static String markdown() {
    StringBuilder text = new StringBuilder();
    text.append(
        """
        # Configuration

        <!-- Written by `bin/canal settings --markdown`; a test compares the two. -->

        A value is looked for in this order: an environment variable, `conf/<destination>/instance.properties`,
        `conf/canal.properties`, the default. The variable of a key is its name in upper case with `_` for everything
        that is no letter or digit: `CANAL_INSTANCE_MASTER_ADDRESS` for `canal.instance.master.address`; it holds for
        all destinations, and an empty one counts as not set. Files are Java properties in UTF-8: `\\` is written
        `\\\\`. `${key}`, `${key:default}` and `${VARIABLE}` are replaced in values. Relative paths start at `bin/`.

        `bin/canal check` prints all problems at once. What is wrong in `canal.properties` or in the environment stops
        the server; what is wrong in an `instance.properties` stops that destination. Settings are read at start.

        Without a password of your own the TCP port listens on 127.0.0.1 only. `bin/canal password` prints the two
        lines that change that. The HTTP port has no password and listens on 127.0.0.1 unless told otherwise.

        ## The server: `conf/canal.properties`

        """);
    table(text, server());
    text.append(
        """

        ## A destination: `conf/<destination>/instance.properties`

        Any of these may also stand in `conf/canal.properties`, as the default of all destinations.

        """);
    table(text, InstanceSettings.SETTINGS);
    text.append(
        """

        ## Other keys of Alibaba Canal's files

        These are known, so that its files can be brought along. A key with "any" has no effect here; for another, the
        values listed (or nothing) are accepted, and any other is a problem, because its effect would be missed.

        | key | accepted | why |
        |---|---|---|
        """);
    ForeignKeys.ALL.forEach(
        key -> {
          String accepted =
              key.isIgnored()
                  ? "any"
                  : String.join(
                      ", ",
                      key.accepted().stream()
                          .sorted()
                          .map(value -> value.isEmpty() ? "nothing" : "`" + value + "`")
                          .toList());
          row(text, "`" + key.key() + "`", accepted, key.reason());
        });
    return text.toString();
  }

  private static void table(StringBuilder text, List<Setting<?>> settings) {
    text.append("| key | default | allowed | meaning |\n|---|---|---|---|\n");
    for (Setting<?> setting : settings) {
      row(
          text,
          "`" + setting.key() + "`",
          setting.isRequired() ? "must be set" : code(setting.defaultText()),
          allowed(setting),
          setting.help());
    }
  }

  private static void row(StringBuilder text, String... cells) {
    text.append("| ");
    text.append(String.join(" | ", Stream.of(cells).map(SettingsReference::escape).toList()));
    text.append(" |\n");
  }

  private static String escape(String cell) {
    return cell.replace("|", "\\|").replace("<", "&lt;");
  }

  private static String code(String text) {
    return text.isEmpty() ? "" : "`" + text + "`";
  }

  private static String allowed(Setting<?> setting) {
    return setting.type().expected()
        + (setting.unit().isEmpty() ? "" : " (" + setting.unit() + ")");
  }

  /** With the settings of a user named NAME, as a sample of those that exist per user. */
  private static List<Setting<?>> server() {
    List<Setting<?>> perUser =
        List.of(ServerSettings.userPassword("NAME"), ServerSettings.userDestinations("NAME"));
    return Stream.concat(ServerSettings.SETTINGS.stream(), perUser.stream()).toList();
  }
}
