package io.canal.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ShippedFilesTest {
  @Test
  void shouldHaveNoProblemAndListenOnThisMachineOnly() {
    Configuration loaded = ConfigurationLoader.load(Path.of(".."), Map.of());

    assertThat(loaded.problems()).isEmpty();
    ServerSettings settings = loaded.server().orElseThrow();
    assertThat(settings.bindHost()).isEqualTo("127.0.0.1");
    assertThat(settings.httpHost()).isEqualTo("127.0.0.1");
    assertThat(settings.users()).isEmpty();
    assertThat(loaded.destinations())
        .extracting(Configuration.Destination::name)
        .containsExactly("example");
  }
}
