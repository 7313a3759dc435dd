package io.canal.server.config;

import static java.util.Objects.requireNonNull;

/**
 * One key of a configuration file: everything that is known about it stands in its declaration.
 *
 * @param defaultText the value where none is set, or null where one must be set
 * @param unit the unit of a number, or the empty string
 * @param help one line for the reference
 */
record Setting<T>(String key, String defaultText, SettingType<T> type, String unit, String help) {
  Setting {
    requireNonNull(key, "key is null");
    requireNonNull(type, "type is null");
    requireNonNull(unit, "unit is null");
    requireNonNull(help, "help is null");
  }

  static <T> Setting<T> of(String key, String defaultText, SettingType<T> type, String help) {
    return new Setting<>(key, defaultText, type, "", help);
  }

  static <T> Setting<T> required(String key, SettingType<T> type, String help) {
    return new Setting<>(key, null, type, "", help);
  }

  Setting<T> in(String newUnit) {
    return new Setting<>(key, defaultText, type, newUnit, help);
  }

  boolean isRequired() {
    return defaultText == null;
  }
}
