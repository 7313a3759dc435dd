package io.canal.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class SettingsReferenceTest {
  private static final Path DOCUMENT = Path.of("../docs/configuration.md");

  @Test
  void shouldStandInTheDocuments() throws IOException {
    assertThat(Files.readString(DOCUMENT))
        .as("docs/configuration.md; write it anew: bin/canal settings --markdown")
        .isEqualTo(SettingsReference.markdown());
  }

  @Test
  void shouldHoldEachSettingWithItsDefault() {
    assertThat(SettingCatalog.all())
        .allSatisfy(
            setting -> {
              assertThat(SettingsReference.text()).contains("\n  " + setting.key());
              assertThat(SettingsReference.markdown()).contains("| `" + setting.key() + "` | ");
              assertThat(setting.help()).endsWith(".").doesNotContain("\n");
            });
  }
}
