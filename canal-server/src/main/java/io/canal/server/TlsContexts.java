package io.canal.server;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.server.config.KeyStoreFile;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import javax.net.ssl.KeyManagerFactory;

/** Reads the key that clients are served with under TLS. */
final class TlsContexts {
  private TlsContexts() {}

  /** Throws a {@link CanalException} that stops the server where the file cannot be used. */
  static SslContext server(KeyStoreFile file) {
    char[] password = file.password().value().toCharArray();
    try (InputStream in = Files.newInputStream(file.path())) {
      KeyStore store = KeyStore.getInstance(file.type());
      store.load(in, password);
      KeyManagerFactory keys =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      keys.init(store, password);
      return SslContextBuilder.forServer(keys).build();
    } catch (IOException | GeneralSecurityException e) {
      throw new CanalException(
          ErrorCode.STOP_SERVER,
          "%s: expected a key store of type %s with its password: %s"
              .formatted(file.path(), file.type(), e.getMessage()),
          e);
    }
  }
}
