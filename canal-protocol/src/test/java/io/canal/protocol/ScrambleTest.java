package io.canal.protocol;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ScrambleTest {
  private static final byte[] SEED = {1, 2, 3, 4, 5, 6, 7, 8};
  // SELECT PASSWORD('canal') in MySQL 5.7, without its asterisk and in lower case; the value of
  // canal.user and canal.passwd in the configuration that Canal's users have
  private static final String STORED = "e3619321c1a937c46a0d8bd1dac39f93b27d4458";

  @Test
  void shouldStoreWhatMysqlStores() {
    assertThat(Scramble.stored("canal")).isEqualTo(STORED);
    assertThat(Scramble.stored("")).isEmpty();
  }

  @Test
  void shouldProveThePasswordForItsSeedOnly() {
    String proof = Scramble.prove("canal", SEED);

    assertThat(proof).matches("[0-9a-f]{40}");
    assertThat(Scramble.proves(bytes(proof), STORED, SEED)).isTrue();
    assertThat(Scramble.proves(bytes(proof), STORED.toUpperCase(Locale.ROOT), SEED)).isTrue();
    assertThat(Scramble.proves(bytes(proof), STORED, new byte[8])).isFalse();
    assertThat(Scramble.proves(bytes(proof), Scramble.stored("other"), SEED)).isFalse();
    assertThat(Scramble.proves(bytes(proof), "", SEED)).isFalse();
  }

  @Test
  void shouldProveAnyPasswordAndSeed() {
    long seedOfTest = System.nanoTime();
    Random random = new Random(seedOfTest);
    for (int i = 0; i < 200; i++) {
      byte[] seed = new byte[random.nextInt(20)];
      random.nextBytes(seed);
      String password = "pässwörd" + random.nextLong();

      String proof = Scramble.prove(password, seed);

      assertThat(Scramble.proves(bytes(proof), Scramble.stored(password), seed))
          .as("seed %d", seedOfTest)
          .isTrue();
    }
  }

  @Test
  void shouldTakeAnEmptyPasswordWhereNoneIsStoredOnly() {
    assertThat(Scramble.prove("", SEED)).isEmpty();
    assertThat(Scramble.proves(new byte[0], "", SEED)).isTrue();
    assertThat(Scramble.proves(new byte[0], STORED, SEED)).isFalse();
  }

  @Test
  void shouldRefuseWhatIsNoProof() {
    String proof = Scramble.prove("canal", SEED);

    assertThat(Scramble.proves(bytes(proof.substring(1)), STORED, SEED)).isFalse();
    assertThat(Scramble.proves(bytes(proof + "0"), STORED, SEED)).isFalse();
    assertThat(Scramble.proves(bytes("x".repeat(40)), STORED, SEED)).isFalse();
    assertThat(Scramble.proves(new byte[1 << 20], STORED, SEED)).isFalse();
    assertThat(Scramble.proves(new byte[] {(byte) 0xC3, (byte) 0xA4}, STORED, SEED)).isFalse();
  }

  @Test
  void shouldNotPrintAStoredPasswordThatIsNone() {
    assertThatThrownBy(() -> Scramble.proves(new byte[0], "plaintext", SEED))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("a stored password of 9 characters, expected 40 hex digits");
  }

  private static byte[] bytes(String text) {
    return text.getBytes(US_ASCII);
  }
}
