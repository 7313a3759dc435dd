package io.canal.server.cli;

import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Help.Ansi.IStyle;
import picocli.CommandLine.Help.Ansi.Style;

/**
 * Colours for a terminal, and none elsewhere. Text is taken as it is: picocli's markup would read
 * {@code @|...|@} in the data of a row.
 */
record Paint(boolean enabled) {
  /** When to colour; {@code AUTO} on a terminal. */
  enum When {
    AUTO,
    ALWAYS,
    NEVER
  }

  static Paint when(When when) {
    return switch (when) {
      case AUTO -> new Paint(Ansi.AUTO.enabled());
      case ALWAYS -> new Paint(true);
      case NEVER -> new Paint(false);
    };
  }

  String green(String text) {
    return paint(Style.fg_green, text);
  }

  String yellow(String text) {
    return paint(Style.fg_yellow, text);
  }

  String red(String text) {
    return paint(Style.fg_red, text);
  }

  String cyan(String text) {
    return paint(Style.fg_cyan, text);
  }

  String bold(String text) {
    return paint(Style.bold, text);
  }

  String faint(String text) {
    return paint(Style.faint, text);
  }

  private String paint(IStyle style, String text) {
    return enabled ? style.on() + text + Style.reset.on() : text;
  }
}
