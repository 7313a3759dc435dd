package io.canal.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExternalDatabaseTest {

  @Test
  void shouldTakeAddressAndAccountFromEnvironment() {
    Map<String, String> environment =
        Map.of("DB", "db.test:3307", "DB_USER", "tester", "DB_PASSWORD", "secret");

    assertThat(ExternalDatabase.from(environment, "DB"))
        .contains(new ExternalDatabase("db.test", 3307, "tester", "secret"));
  }

  @Test
  void shouldBeRootWithoutPasswordByDefault() {
    assertThat(ExternalDatabase.from(Map.of("DB", "db.test:3306"), "DB"))
        .contains(new ExternalDatabase("db.test", 3306, "root", ""));
  }

  @Test
  void shouldBeAbsentWhenNotNamed() {
    assertThat(ExternalDatabase.from(Map.of(), "DB")).isEmpty();
    assertThat(ExternalDatabase.from(Map.of("DB", ""), "DB")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"db.test", "db.test:", ":3306", "db.test:x"})
  void shouldRefuseWhatIsNoAddress(String address) {
    assertThatThrownBy(() -> ExternalDatabase.from(Map.of("DB", address), "DB"))
        .hasMessageContaining("DB: expected host:port, found '" + address + "'");
  }

  @Test
  void shouldNotPrintItsPassword() {
    assertThat(new ExternalDatabase("db.test", 3306, "root", "secret").toString())
        .doesNotContain("secret");
  }
}
