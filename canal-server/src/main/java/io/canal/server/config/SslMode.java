package io.canal.server.config;

/** How far the connection to the source is protected; the names and meanings are MySQL's. */
public enum SslMode {
  DISABLED,
  PREFERRED,
  REQUIRED,
  VERIFY_CA,
  VERIFY_IDENTITY
}
