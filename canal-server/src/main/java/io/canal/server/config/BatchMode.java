package io.canal.server.config;

/** What the {@code fetch_size} of a GET counts. */
public enum BatchMode {
  /** KiB of binlog events. */
  MEMSIZE,
  /** Entries. */
  ITEMSIZE
}
