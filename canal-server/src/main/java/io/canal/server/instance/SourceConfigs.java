package io.canal.server.instance;

import io.canal.parser.source.SourceConfig;
import io.canal.server.config.InstanceSettings;

/** Says a destination's settings in the terms of the parser. */
final class SourceConfigs {
  private static final int CONNECT_TIMEOUT_MS = 30_000;

  private SourceConfigs() {}

  static SourceConfig of(InstanceSettings settings) {
    return new SourceConfig(
        settings.address().host(),
        settings.address().port(),
        settings.username(),
        settings.password().value(),
        settings.sslMode(),
        settings.trustStore(),
        settings.serverId(),
        CONNECT_TIMEOUT_MS,
        settings.readTimeoutMs() / 3,
        0);
  }
}
