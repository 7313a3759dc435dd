package io.canal.parser.source;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

/** Puts TLS over a connected socket, as strict as the {@link SslMode} asks. */
final class TlsSockets {
  /** Trusts everyone: PREFERRED and REQUIRED hide the bytes and prove nothing. */
  private static final class TrustAll extends X509ExtendedTrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }

  private TlsSockets() {}

  static SSLSocket layer(SourceConfig config, Socket socket) throws IOException {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, trustManagers(config), null);
      SSLSocket tls =
          (SSLSocket)
              context.getSocketFactory().createSocket(socket, config.host(), config.port(), true);
      if (config.sslMode() == SslMode.VERIFY_IDENTITY) {
        SSLParameters parameters = tls.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        tls.setSSLParameters(parameters);
      }
      return tls;
    } catch (GeneralSecurityException e) {
      throw new CanalException(
          ErrorCode.STOP_INSTANCE, config.address() + ": TLS cannot be set up: " + e, e);
    }
  }

  private static TrustManager[] trustManagers(SourceConfig config)
      throws IOException, GeneralSecurityException {
    if (!config.sslMode().verifiesCertificate()) {
      return new TrustManager[] {new TrustAll()};
    }
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(config.trustStore().isPresent() ? load(config.trustStore().get()) : null);
    return factory.getTrustManagers();
  }

  private static KeyStore load(SourceConfig.TrustStore trustStore) throws GeneralSecurityException {
    try {
      byte[] bytes = Files.readAllBytes(trustStore.path());
      if (bytes.length == 0 || bytes[0] != '-') {
        return KeyStore.getInstance(
            trustStore.path().toFile(), trustStore.password().toCharArray());
      }
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      int number = 0;
      for (Certificate certificate :
          CertificateFactory.getInstance("X.509")
              .generateCertificates(new ByteArrayInputStream(bytes))) {
        store.setCertificateEntry("ca-" + number++, certificate);
      }
      return store;
    } catch (IOException e) {
      throw new CanalException(
          ErrorCode.STOP_INSTANCE, "trust store " + trustStore.path() + ": " + e.getMessage(), e);
    }
  }
}
