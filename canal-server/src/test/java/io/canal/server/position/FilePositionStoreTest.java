package io.canal.server.position;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FilePositionStoreTest extends PositionStoreContract {
  @TempDir Path root;
  private Path file;

  @BeforeEach
  void nameFile() {
    file = root.resolve("data/example/positions.json");
  }

  @Override
  PositionStore open() {
    return new FilePositionStore(root.resolve("data"), "example");
  }

  private void saveSome() {
    reopen();
    store.saveStart(at("binlog.000041", 4));
    store.saveConsumers(only("1001", consumer("shop\\..*", 1187)));
    store.close();
  }

  @Test
  void shouldWriteTextForPeople() throws IOException {
    saveSome();

    assertThat(Files.readString(file).replaceAll("[0-9a-f]{8}", "CHECKSUM"))
        .isEqualTo(
            """
            {
              "format" : 1,
              "start" : "file=binlog.000041;offset=4",
              "consumers" : {
                "1001" : {
                  "filter" : "shop\\\\..*",
                  "position" : "file=binlog.000042;offset=1187"
                }
              },
              "crc32c" : "CHECKSUM"
            }
            """);
  }

  @Test
  void shouldNeverReadATornFileAsAnother() throws IOException {
    saveSome();
    byte[] whole = Files.readAllBytes(file);

    for (int length = 0; length < whole.length - 2; length++) {
      byte[] torn = Arrays.copyOf(whole, length);

      assertThatThrownBy(() -> PositionsFile.parse(file, torn))
          .as("first %d bytes", length)
          .isInstanceOf(CanalException.class)
          .hasMessageStartingWith(file + ":")
          .hasMessageContaining("expected")
          .hasMessageContaining("found");
    }
  }

  @Test
  void shouldNeverReadAFlippedBitAsAnotherValue() throws IOException {
    saveSome();
    byte[] whole = Files.readAllBytes(file);
    StoredPositions positions = PositionsFile.parse(file, whole);
    int refused = 0;

    for (int bit = 0; bit < whole.length * 8; bit++) {
      byte[] damaged = whole.clone();
      damaged[bit / 8] ^= (byte) (1 << bit % 8);
      try {
        assertThat(PositionsFile.parse(file, damaged))
            .as("bit %d of byte %d", bit % 8, bit / 8)
            .isEqualTo(positions);
      } catch (CanalException e) {
        assertThat(e.code()).isEqualTo(ErrorCode.STOP_INSTANCE);
        refused++;
      }
    }

    assertThat(refused).isGreaterThan(whole.length * 6);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          `{"format":2,"consumers":{}}`                    | format: expected 1, found 2
          `{"consumers":{}}`                               | format: expected a whole number
          `{"format":1}`                                   | consumers: expected an object, found nothing
          `{"format":1,"consumers":{},"more":1}`           | more: unknown, expected format, start
          `{"format":1,"consumers":{"a/b":{}}}`            | consumers: 'a/b' is no name
          `{"format":1,"consumers":{"1":{"filter":""}}}`   | consumers.1.position: expected a text, found nothing
          `{"format":1,"consumers":{},"start":"offset=x"}` | start: 'offset=x' is no position
          `{"format":1,"consumers":{},"consumers":{}}`     | 1:39: expected complete JSON
          `{"format":1,"consumers":{}} {`                  | 1:29: expected complete JSON
          `[]`                                             | document: expected an object, found []
          """)
  void shouldSayWhatIsWrong(String text, String message) throws IOException {
    saveSome();
    Files.writeString(file, text);

    assertThatThrownBy(this::reopen)
        .isInstanceOf(CanalException.class)
        .hasMessageStartingWith(file + ":")
        .hasMessageContaining(message);
  }

  @Test
  void shouldReadAFileEditedByHandWithoutItsChecksum() throws IOException {
    saveSome();
    String edited = Files.readString(file).replace("offset=1187", "offset=154");
    Files.writeString(file, edited);
    assertThatThrownBy(this::reopen).hasMessageContaining("remove the crc32c");

    Files.writeString(file, edited.replaceAll(",\\s*\"crc32c\".*", ""));

    assertThat(reopen().consumers()).isEqualTo(only("1001", consumer("shop\\..*", 154)));
  }

  @Test
  void shouldNotMindATemporaryFileLeftBehind() throws IOException {
    saveSome();
    Files.writeString(file.resolveSibling("positions.json.tmp"), "{\n  \"format\" : 1,\n  \"st");

    assertThat(reopen().consumers()).hasSize(1);
    store.saveConsumers(only("1001", consumer("", 2000)));
    assertThat(reopen().consumers()).isEqualTo(only("1001", consumer("", 2000)));
  }

  @Test
  void shouldSaveAgainAfterTheDiskFailed() throws IOException {
    saveSome();
    StoredPositions before = reopen();
    Path obstacle = Files.createDirectories(file.resolveSibling("positions.json.tmp"));

    assertThatThrownBy(() -> store.saveConsumers(only("1002", consumer("", 2000))))
        .isInstanceOfSatisfying(
            CanalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.RETRY))
        .hasMessageContaining(file.toString());
    assertThat(store.load()).isEqualTo(before);

    Files.delete(obstacle);
    store.saveConsumers(only("1002", consumer("", 2000)));
    assertThat(reopen().consumers()).containsOnlyKeys("1001", "1002");
  }

  @Test
  void shouldRefuseASecondServerOnTheDirectory() throws IOException {
    reopen();

    try (PositionStore second = open()) {
      assertThatThrownBy(second::load)
          .isInstanceOfSatisfying(
              CanalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STOP_INSTANCE))
          .hasMessageContaining(root.resolve("data/example/lock").toString())
          .hasMessageContaining("locked by pid " + ProcessHandle.current().pid());
      store.close();
      assertThat(second.load()).isEqualTo(StoredPositions.NONE);
    }
    Files.write(root.resolve("data/example/lock"), "rubbish".getBytes(UTF_8));
    assertThat(reopen()).isEqualTo(StoredPositions.NONE);
  }

  @ParameterizedTest
  @CsvSource({"''", "..", "a/b"})
  void shouldRefuseOddDestination(String name) {
    assertThatThrownBy(() -> new FilePositionStore(root, name)).isInstanceOf(CanalException.class);
  }
}
