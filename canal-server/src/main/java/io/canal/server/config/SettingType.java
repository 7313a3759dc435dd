package io.canal.server.config;

import static java.util.Objects.requireNonNull;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * How the text of a setting becomes a value. {@code expected} names what is allowed, as it stands
 * in messages and in the reference; {@code parse} throws {@link IllegalArgumentException}, with a
 * message where there is more to say. A {@code secret} text appears in no message and is not
 * trimmed.
 */
record SettingType<T>(String expected, boolean secret, Function<String, T> parse) {
  SettingType {
    requireNonNull(expected, "expected is null");
    requireNonNull(parse, "parse is null");
  }

  private static <T> SettingType<T> of(String expected, Function<String, T> parse) {
    return new SettingType<>(expected, false, parse);
  }

  static SettingType<String> text(String expected) {
    return of(expected, text -> text);
  }

  static <T> SettingType<T> parsed(String expected, Function<String, T> parse) {
    return of(expected, parse);
  }

  static SettingType<Secret> password() {
    return new SettingType<>("a password", true, Secret::new);
  }

  static SettingType<Boolean> bool() {
    return of(
        "true or false",
        text ->
            switch (text) {
              case "true" -> true;
              case "false" -> false;
              default -> throw new IllegalArgumentException();
            });
  }

  static SettingType<Long> number(long min, long max) {
    return of(
        "a number from " + min + " to " + max,
        text -> {
          long value = Long.parseLong(text);
          if (value < min || value > max) {
            throw new IllegalArgumentException();
          }
          return value;
        });
  }

  static SettingType<Integer> integer(int min, int max) {
    SettingType<Long> number = number(min, max);
    return of(number.expected, text -> Math.toIntExact(number.parse.apply(text)));
  }

  static <E extends Enum<E>> SettingType<E> oneOf(Class<E> type) {
    List<E> values = List.of(type.getEnumConstants());
    String names = values.stream().map(Enum::name).collect(Collectors.joining(", "));
    return of(
        "one of " + names,
        text ->
            values.stream()
                .filter(value -> value.name().equalsIgnoreCase(text))
                .findFirst()
                .orElseThrow(IllegalArgumentException::new));
  }

  static SettingType<List<String>> list(String expected) {
    return of(
        expected,
        text ->
            Arrays.stream(text.split(","))
                .map(String::strip)
                .filter(part -> !part.isEmpty())
                .toList());
  }

  static SettingType<Path> path(String expected) {
    return of(
        expected,
        text -> {
          try {
            return Path.of(text);
          } catch (InvalidPathException e) {
            throw new IllegalArgumentException(e.getReason(), e);
          }
        });
  }

  /** The empty text is no value. */
  SettingType<Optional<T>> optional() {
    return new SettingType<>(
        expected + ", or nothing",
        secret,
        text -> text.isEmpty() ? Optional.empty() : Optional.of(parse.apply(text)));
  }
}
