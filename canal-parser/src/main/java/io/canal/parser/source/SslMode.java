package io.canal.parser.source;

/** How a connection to the source uses TLS; the names of {@code canal.instance.master.sslMode}. */
public enum SslMode {
  /** Never. */
  DISABLED,
  /** Where the source offers it; nothing is verified. */
  PREFERRED,
  /** Always; nothing is verified. */
  REQUIRED,
  /** Always, and the source's certificate comes from a trusted authority. */
  VERIFY_CA,
  /** Always, trusted, and the certificate names the host that was asked for. */
  VERIFY_IDENTITY;

  boolean verifiesCertificate() {
    return this == VERIFY_CA || this == VERIFY_IDENTITY;
  }
}
