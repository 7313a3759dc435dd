package io.canal.parser.entry;

/**
 * Goes through a statement word by word: a word, a quoted name, or a single other character.
 * Comments are passed over, except that the content of an executable one ({@code /*!40000 ... *}
 * {@code /}) is read as part of the statement.
 */
final class SqlWords {
  private final String sql;
  private int start;
  private int end;
  private boolean inExecutableComment;

  SqlWords(String sql) {
    this.sql = sql;
  }

  /** Goes to the next word, or to the end. */
  void next() {
    start = end;
    while (start < sql.length() && skipOne()) {
      // blanks and comments
    }
    end = start;
    if (atEnd()) {
      return;
    }
    char first = sql.charAt(start);
    if (first == '`' || first == '"') {
      end = endOfQuoted(first);
    } else if (isPartOfName(first)) {
      while (end < sql.length() && isPartOfName(sql.charAt(end))) {
        end++;
      }
    } else {
      end = start + 1;
    }
  }

  private boolean skipOne() {
    char c = sql.charAt(start);
    if (Character.isWhitespace(c)) {
      start++;
      return true;
    }
    if (c == '#' || isLineComment()) {
      int lineEnd = sql.indexOf('\n', start);
      start = lineEnd < 0 ? sql.length() : lineEnd + 1;
      return true;
    }
    if (inExecutableComment && sql.startsWith("*/", start)) {
      inExecutableComment = false;
      start += 2;
      return true;
    }
    if (!sql.startsWith("/*", start)) {
      return false;
    }
    if (sql.startsWith("/*!", start) || sql.startsWith("/*M!", start)) {
      inExecutableComment = true;
      start = sql.indexOf('!', start) + 1;
      while (start < sql.length() && Character.isDigit(sql.charAt(start))) {
        start++;
      }
      return true;
    }
    int commentEnd = sql.indexOf("*/", start + 2);
    start = commentEnd < 0 ? sql.length() : commentEnd + 2;
    return true;
  }

  private boolean isLineComment() {
    return sql.startsWith("--", start)
        && (start + 2 == sql.length() || sql.charAt(start + 2) <= ' ');
  }

  private int endOfQuoted(char quote) {
    int at = start + 1;
    while (at < sql.length()) {
      if (sql.charAt(at) != quote) {
        at++;
      } else if (at + 1 < sql.length() && sql.charAt(at + 1) == quote) {
        at += 2;
      } else {
        return at + 1;
      }
    }
    return at;
  }

  private static boolean isPartOfName(char c) {
    return c == '_' || c == '$' || c >= 0x80 || Character.isLetterOrDigit(c);
  }

  boolean atEnd() {
    return start >= sql.length();
  }

  /** Whether it stands at that word, unquoted. */
  boolean is(String word) {
    return end - start == word.length() && sql.regionMatches(true, start, word, 0, word.length());
  }

  /** Goes on if it stands at that word. */
  boolean take(String word) {
    if (!is(word)) {
      return false;
    }
    next();
    return true;
  }

  boolean isName() {
    return !atEnd() && (isQuoted() || isPartOfName(sql.charAt(start)));
  }

  private boolean isQuoted() {
    char first = sql.charAt(start);
    return first == '`' || first == '"';
  }

  /** The name it stands at, without its quotes. */
  String name() {
    if (!isQuoted()) {
      return sql.substring(start, end);
    }
    String quote = sql.substring(start, start + 1);
    int last = end - start > 1 && sql.startsWith(quote, end - 1) ? end - 1 : end;
    return sql.substring(start + 1, last).replace(quote + quote, quote);
  }
}
