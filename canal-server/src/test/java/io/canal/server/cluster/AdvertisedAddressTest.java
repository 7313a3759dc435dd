package io.canal.server.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AdvertisedAddressTest {
  @ParameterizedTest
  @CsvSource({
    "10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.1:11111",
    "db-host,  '',       10.0.0.3, db-host:11111",
    "'',       10.0.0.2, 10.0.0.3, 10.0.0.2:11111",
    "' ',      127.0.0.1,10.0.0.3, 127.0.0.1:11111",
    "'',       0.0.0.0,  10.0.0.3, 10.0.0.3:11111",
    "'',       ::,       10.0.0.3, 10.0.0.3:11111",
    "'',       '',       10.0.0.3, 10.0.0.3:11111",
    "'',       '',       ,         127.0.0.1:11111",
  })
  void shouldTakeTheFirstThatOthersCanReach(
      String registerIp, String ip, String machine, String address) {
    assertThat(AdvertisedAddress.of(registerIp, ip, 11111, () -> Optional.ofNullable(machine)))
        .isEqualTo(address);
  }

  @Test
  void shouldFindAnIpv4AddressOfThisMachine() {
    assertThat(AdvertisedAddress.of("", "", 11111)).matches("(\\d{1,3}\\.){3}\\d{1,3}:11111");
  }
}
