package io.canal.parser.source;

import static java.util.Objects.requireNonNull;

import io.canal.parser.schema.InformationSchema;
import java.io.Closeable;
import java.io.IOException;
import java.util.List;

/**
 * The session that table definitions are read with: opened when the first is needed, and again
 * after it failed. Owned by the receiver thread.
 */
public final class SchemaSession implements InformationSchema.Session, Closeable {
  private final SourceConfig config;
  private SqlSession session;

  public SchemaSession(SourceConfig config) {
    this.config = requireNonNull(config, "config is null");
  }

  @Override
  public List<String[]> query(String sql) throws IOException {
    if (session != null) {
      try {
        return session.query(sql);
      } catch (IOException e) {
        // idle for long, or the source restarted: once more on a new connection
        close();
      }
    }
    session = SqlSession.open(config);
    return session.query(sql);
  }

  @Override
  public void close() throws IOException {
    if (session != null) {
      SqlSession closing = session;
      session = null;
      closing.close();
    }
  }
}
