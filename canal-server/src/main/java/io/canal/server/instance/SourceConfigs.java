package io.canal.server.instance;

import io.canal.parser.source.SourceConfig;
import io.canal.parser.source.SslMode;
import io.canal.parser.source.StartPosition;
import io.canal.protocol.GtidSet;
import io.canal.server.config.InstanceSettings;
import java.time.Instant;

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
        SslMode.valueOf(settings.tls().mode().name()),
        settings
            .tls()
            .trustStore()
            .map(file -> new SourceConfig.TrustStore(file.path(), file.password().value())),
        settings.serverId(),
        CONNECT_TIMEOUT_MS,
        settings.readTimeoutMs() / 3,
        0);
  }

  static StartPosition start(InstanceSettings settings) {
    io.canal.server.config.StartPosition start = settings.start();
    if (start instanceof io.canal.server.config.StartPosition.FileOffset at) {
      return new StartPosition.At(at.file(), at.offset());
    } else if (start instanceof io.canal.server.config.StartPosition.Timestamp time) {
      return new StartPosition.From(Instant.ofEpochMilli(time.epochMs()));
    } else if (start instanceof io.canal.server.config.StartPosition.Gtids gtids) {
      return new StartPosition.After(GtidSet.parse(gtids.executed()));
    } else {
      return new StartPosition.Now();
    }
  }
}
