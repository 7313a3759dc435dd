package io.canal.parser.schema;

import static java.util.Objects.requireNonNull;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Which tables a destination or a client wants, in the syntax of Alibaba Canal: regular expressions
 * with commas between them, each matched against the whole of {@code database.table} without regard
 * to case. An empty expression includes every table and excludes none. A comma always separates, so
 * that {@code a{1,2}} cannot be written; blanks around an expression do not count.
 *
 * <p>Immutable, for all threads. Matching costs microseconds: decide once per version of a table.
 */
public final class TableFilter {
  /** Lets every table pass. */
  public static final TableFilter ALL = new TableFilter(List.of(), List.of(), null);

  private static final int FLAGS = Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE;

  /**
   * Characters that one match may look at. A name has at most 129: whoever needs more has written
   * an expression that backtracks without end.
   */
  private static final int MAX_STEPS = 1_000_000;

  private final List<Pattern> included;
  private final List<Pattern> excluded;
  private final TableFilter outer;

  private TableFilter(List<Pattern> included, List<Pattern> excluded, TableFilter outer) {
    this.included = included;
    this.excluded = excluded;
    this.outer = outer;
  }

  /** The tables that {@code include} names. */
  public static TableFilter of(String include) {
    return of(include, "");
  }

  /**
   * The tables that {@code include} names and {@code exclude} does not.
   *
   * @throws CanalException {@link ErrorCode#BAD_REQUEST} that shows where an expression is wrong
   */
  public static TableFilter of(String include, String exclude) {
    return new TableFilter(
        compile(requireNonNull(include, "include is null")),
        compile(requireNonNull(exclude, "exclude is null")),
        null);
  }

  /** The tables that both let pass: a client's filter narrows its destination's. */
  public TableFilter and(TableFilter narrower) {
    requireNonNull(narrower, "narrower is null");
    return new TableFilter(
        narrower.included, narrower.excluded, narrower.outer == null ? this : and(narrower.outer));
  }

  /**
   * Whether the table passes; a database alone is asked for with an empty table.
   *
   * @throws CanalException {@link ErrorCode#BAD_REQUEST} for an expression that backtracks
   *     endlessly
   */
  public boolean matches(String database, String table) {
    String name = database + "." + table;
    return (included.isEmpty() || matchesAny(included, name))
        && !matchesAny(excluded, name)
        && (outer == null || outer.matches(database, table));
  }

  private static boolean matchesAny(List<Pattern> patterns, String name) {
    for (Pattern pattern : patterns) {
      if (pattern.matcher(new Counted(name, pattern)).matches()) {
        return true;
      }
    }
    return false;
  }

  private static List<Pattern> compile(String expression) {
    List<Pattern> patterns = new ArrayList<>();
    int start = 0;
    while (start <= expression.length()) {
      int comma = expression.indexOf(',', start);
      int end = comma < 0 ? expression.length() : comma;
      String part = expression.substring(start, end);
      if (!part.isBlank()) {
        int blanks = part.length() - part.stripLeading().length();
        patterns.add(compilePart(expression, start + blanks, part.strip()));
      }
      start = end + 1;
    }
    return List.copyOf(patterns);
  }

  private static Pattern compilePart(String expression, int start, String part) {
    try {
      return Pattern.compile(part, FLAGS);
    } catch (PatternSyntaxException e) {
      int position = start + Math.max(0, Math.min(e.getIndex(), part.length()));
      throw bad(expression, position, e.getDescription(), e);
    } catch (StackOverflowError e) {
      throw bad(expression, start, "nested too deeply", e);
    }
  }

  private static CanalException bad(
      String expression, int position, String problem, Throwable cause) {
    String hint =
        expression.indexOf('{') >= 0 ? " (a comma separates expressions, even within braces)" : "";
    return new CanalException(
        ErrorCode.BAD_REQUEST,
        "filter '"
            + expression
            + "', character "
            + (position + 1)
            + ": expected a regular expression, found: "
            + problem
            + hint,
        cause);
  }

  @Override
  public String toString() {
    return (outer == null ? "" : outer + " and ") + included + " without " + excluded;
  }

  /** A name that ends a match which looks at it too often. */
  private static final class Counted implements CharSequence {
    private final String name;
    private final Pattern pattern;
    private int steps;

    Counted(String name, Pattern pattern) {
      this.name = name;
      this.pattern = pattern;
    }

    @Override
    public char charAt(int index) {
      if (++steps > MAX_STEPS) {
        throw new CanalException(
            ErrorCode.BAD_REQUEST,
            "filter '" + pattern + "' needs more than " + MAX_STEPS + " steps for '" + name + "'");
      }
      return name.charAt(index);
    }

    @Override
    public int length() {
      return name.length();
    }

    @Override
    public CharSequence subSequence(int start, int end) {
      return name.substring(start, end);
    }

    @Override
    public String toString() {
      return name;
    }
  }
}
