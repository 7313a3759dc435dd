package io.canal.parser.source;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.EOFException;
import java.net.SocketException;
import java.security.cert.CertificateException;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;

class SourceConnectionTest {
  @Test
  void shouldTakeAHandshakeThatEndsAsABrokenConnection() {
    SSLException ended = new SSLHandshakeException("Remote host terminated the handshake");
    ended.initCause(new EOFException("SSL peer shut down incorrectly"));

    assertThat(SourceConnection.isCutOff(ended)).isTrue();
    assertThat(SourceConnection.isCutOff(new SSLException("x", new SocketException("reset"))))
        .isTrue();
  }

  @Test
  void shouldTakeARefusedCertificateAsFinal() {
    SSLException refused = new SSLHandshakeException("no trusted certificate");
    refused.initCause(new CertificateException("no trusted certificate"));

    assertThat(SourceConnection.isCutOff(refused)).isFalse();
    assertThat(SourceConnection.isCutOff(new SSLHandshakeException("handshake_failure"))).isFalse();
  }
}
