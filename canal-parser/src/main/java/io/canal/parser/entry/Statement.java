package io.canal.parser.entry;

import static java.util.Objects.requireNonNull;

import io.canal.parser.schema.TableFilter;
import io.canal.protocol.CanalEntry.EventType;
import java.util.ArrayList;
import java.util.List;

/**
 * What kind of statement a QUERY event holds, and which tables it names, as far as its first words
 * tell. This is no grammar: a statement that is not understood is a {@link EventType#QUERY} without
 * tables. Of {@code ALTER TABLE} with several changes the first one counts, as in Alibaba Canal.
 *
 * @param type the event type that entries show
 * @param ddl false for a text of a row change (INSERT, REPLACE, UPDATE, DELETE)
 * @param database the one that the statement is about: of its tables, else the one that it creates,
 *     alters or drops, else the session's; may be empty
 * @param tables the tables it names in order, a rename's new name before its old one
 * @param account whether it is about users and their rights; its text may hold a password's hash
 */
public record Statement(
    EventType type, boolean ddl, String database, List<Table> tables, boolean account) {
  /** A name; the database is the session's where the text has none. */
  public record Table(String database, String name) {
    public Table {
      requireNonNull(database, "database is null");
      requireNonNull(name, "name is null");
    }
  }

  public Statement {
    requireNonNull(type, "type is null");
    requireNonNull(database, "database is null");
    tables = List.copyOf(tables);
  }

  /**
   * Reads the first words of a statement.
   *
   * @param database the session's default database, empty where there is none
   */
  public static Statement of(String sql, String database) {
    return new Reader(new SqlWords(sql), database).read();
  }

  /**
   * Whether a consumer with that filter is to see it: one of its tables passes, or, where it names
   * none, its database does. What is about accounts nobody sees.
   */
  public boolean appliesTo(TableFilter filter) {
    if (account) {
      return false;
    }
    return tables.isEmpty()
        ? filter.matches(database, "")
        : tables.stream().anyMatch(table -> filter.matches(table.database(), table.name()));
  }

  /** The name that the entry's header shows; empty where the statement names no table. */
  public String tableName() {
    return tables.isEmpty() ? "" : tables.get(0).name();
  }

  private static final class Reader {
    private final SqlWords words;
    private final String sessionDatabase;
    private final List<Table> tables = new ArrayList<>();

    Reader(SqlWords words, String sessionDatabase) {
      this.words = words;
      this.sessionDatabase = sessionDatabase;
    }

    Statement read() {
      words.next();
      if (words.is("GRANT") || words.is("REVOKE") || words.is("SET")) {
        return account();
      } else if (words.take("CREATE")) {
        return create();
      } else if (words.take("ALTER")) {
        return alter();
      } else if (words.take("DROP")) {
        return drop();
      } else if (words.take("TRUNCATE")) {
        words.take("TABLE");
        return tables(EventType.TRUNCATE);
      } else if (words.take("RENAME")) {
        return rename();
      } else if (words.take("INSERT") || words.take("REPLACE")) {
        return dml(EventType.INSERT);
      } else if (words.take("UPDATE")) {
        return dml(EventType.UPDATE);
      } else if (words.take("DELETE")) {
        return dml(EventType.DELETE);
      }
      return other(sessionDatabase);
    }

    private Statement create() {
      if (words.take("OR")) {
        words.take("REPLACE");
      }
      words.take("TEMPORARY");
      if (words.take("TABLE")) {
        return tables(EventType.CREATE);
      }
      boolean index = words.take("UNIQUE") || words.take("FULLTEXT") || words.take("SPATIAL");
      if (words.take("INDEX") || index) {
        return index(EventType.CINDEX);
      }
      return database();
    }

    private Statement drop() {
      words.take("TEMPORARY");
      if (words.take("TABLE") || words.take("TABLES")) {
        return tables(EventType.ERASE);
      }
      if (words.take("INDEX")) {
        return index(EventType.DINDEX);
      }
      return database();
    }

    private Statement alter() {
      words.take("ONLINE");
      words.take("IGNORE");
      if (!words.take("TABLE")) {
        return database();
      }
      skipExists();
      if (!table()) {
        return other(sessionDatabase);
      }
      if (words.take("RENAME")) {
        if (words.is("COLUMN") || words.is("INDEX") || words.is("KEY")) {
          return statement(EventType.ALTER);
        }
        if (!words.take("TO")) {
          words.take("AS");
        }
        return renamed() ? statement(EventType.RENAME) : statement(EventType.ALTER);
      }
      if (words.take("ADD")) {
        if (words.take("CONSTRAINT") && !words.is("UNIQUE")) {
          words.next();
        }
        boolean index =
            words.is("INDEX")
                || words.is("KEY")
                || words.is("UNIQUE")
                || words.is("FULLTEXT")
                || words.is("SPATIAL");
        return statement(index ? EventType.CINDEX : EventType.ALTER);
      }
      if (words.take("DROP")) {
        boolean index = words.is("INDEX") || words.is("KEY") || words.is("CONSTRAINT");
        return statement(index ? EventType.DINDEX : EventType.ALTER);
      }
      return statement(EventType.ALTER);
    }

    private Statement rename() {
      if (words.is("USER")) {
        return account();
      }
      if (!words.take("TABLE") && !words.take("TABLES")) {
        return other(sessionDatabase);
      }
      skipExists();
      do {
        if (!table() || !words.take("TO") || !renamed()) {
          return other(sessionDatabase);
        }
      } while (words.take(","));
      return statement(EventType.RENAME);
    }

    /** The name behind TO, which goes in front of the one that was read last. */
    private boolean renamed() {
      if (!table()) {
        return false;
      }
      Table to = tables.remove(tables.size() - 1);
      tables.add(tables.size() - 1, to);
      return true;
    }

    private Statement index(EventType type) {
      skipExists();
      while (!words.atEnd() && !words.is("ON")) {
        words.next();
      }
      words.take("ON");
      return table() ? statement(type) : other(sessionDatabase);
    }

    private Statement tables(EventType type) {
      skipExists();
      do {
        if (!table()) {
          return other(sessionDatabase);
        }
      } while (words.take(","));
      return statement(type);
    }

    private Statement database() {
      if (words.is("USER") || words.is("ROLE")) {
        return account();
      }
      if (words.take("DATABASE") || words.take("SCHEMA")) {
        skipExists();
        return other(words.isName() ? words.name() : sessionDatabase);
      }
      return other(sessionDatabase);
    }

    private void skipExists() {
      if (words.take("IF")) {
        words.take("NOT");
        words.take("EXISTS");
      }
    }

    private boolean table() {
      if (!words.isName()) {
        return false;
      }
      String name = words.name();
      words.next();
      if (!words.take(".")) {
        tables.add(new Table(sessionDatabase, name));
        return true;
      }
      if (!words.isName()) {
        return false;
      }
      tables.add(new Table(name, words.name()));
      words.next();
      return true;
    }

    private Statement statement(EventType type) {
      return new Statement(type, true, tables.get(0).database(), tables, false);
    }

    private Statement dml(EventType type) {
      return new Statement(type, false, sessionDatabase, List.of(), false);
    }

    private Statement other(String database) {
      return new Statement(EventType.QUERY, true, database, List.of(), false);
    }

    private Statement account() {
      return new Statement(EventType.QUERY, true, sessionDatabase, List.of(), true);
    }
  }
}
