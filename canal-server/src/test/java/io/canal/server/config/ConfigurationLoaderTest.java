package io.canal.server.config;

import static io.canal.server.config.ConfigurationDirectory.SOURCE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.canal.server.config.Configuration.Destination;
import io.canal.server.config.ForeignKeys.ForeignKey;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigurationLoaderTest {
  @TempDir Path home;
  private ConfigurationDirectory directory;

  @BeforeEach
  void setUp() {
    directory = new ConfigurationDirectory(home);
  }

  @Test
  void shouldLoadTheFilesOfAlibabaCanalUnchanged() throws IOException {
    directory
        .canal(original("canal.properties"))
        .instance("example", original("example/instance.properties"));

    Configuration loaded = directory.load();

    assertThat(loaded.problems()).isEmpty();
    ServerSettings server = loaded.server().orElseThrow();
    assertThat(server.dataDirectory()).isEqualTo(home.resolve("conf"));
    assertThat(server.destinations()).containsExactly("example");
    InstanceSettings instance = loaded.destinations().get(0).settings().orElseThrow();
    assertThat(instance.address()).isEqualTo(new HostAndPort("127.0.0.1", 3306));
    assertThat(instance.filter()).isEqualTo(".*\\..*");
    assertThat(instance.blackFilter()).isEqualTo("mysql\\.slave_.*");
    assertThat(instance.logBytes()).isEqualTo(16 << 20);
    assertThat(loaded.notices())
        .anyMatch(notice -> notice.contains("listens on 127.0.0.1 only"))
        .anyMatch(notice -> notice.contains("canal.instance.tsdb.enable"))
        .anyMatch(notice -> notice.contains("kafka.*, rocketmq.*"));
  }

  @Test
  void shouldReportAllProblemsOfAllFiles() {
    directory
        .canal("canal.port = 70000", "canal.prot = 1", "canal.destinations = example,missing")
        .instance(
            "example",
            """
            canal.instance.dbUsername = canal
            canal.instance.gtidn = true
            canal.instance.gtidon = yes
            canal.port = 1
            canal.instance.filter.field = a.b:c
            """)
        .instance("shop", SOURCE);

    Configuration loaded = directory.load();

    assertThat(loaded.problems())
        .extracting(Problem::toString)
        .containsExactly(
            "conf/canal.properties:1: 'canal.port' expected a number from 0 to 65535, found '70000'",
            "conf/canal.properties:2: unknown property 'canal.prot', did you mean 'canal.port'?",
            "conf/example/instance.properties: 'canal.instance.master.address' is missing,"
                + " expected host:port",
            "conf/example/instance.properties:2: unknown property 'canal.instance.gtidn', did you"
                + " mean 'canal.instance.gtidon'?",
            "conf/example/instance.properties:3: 'canal.instance.gtidon' expected true or false,"
                + " found 'yes'",
            "conf/example/instance.properties:4: 'canal.port' belongs into conf/canal.properties",
            "conf/example/instance.properties:5: 'canal.instance.filter.field' expected nothing,"
                + " found a value (filtering columns is not built yet)",
            "conf/missing/instance.properties: the file is missing");
  }

  @Test
  void shouldLetGoodDestinationsStartBesideABrokenOne() {
    directory.canal().instance("good", SOURCE).instance("bad", "canal.instance.dbUsername = x\n");

    Configuration loaded = directory.load();

    assertThat(loaded.server()).isPresent();
    assertThat(loaded.destinations()).extracting(Destination::name).containsExactly("bad", "good");
    assertThat(loaded.destinations())
        .extracting(destination -> destination.settings().isPresent())
        .containsExactly(false, true);
  }

  @Test
  void shouldStopTheServerForAWrongDefaultOfDestinations() {
    directory.canal("canal.instance.gtidon = yes").instance("a", SOURCE).instance("b", SOURCE);

    Configuration loaded = directory.load();

    assertThat(loaded.server()).isEmpty();
    assertThat(loaded.problems())
        .extracting(Problem::toString)
        .containsExactly(
            "conf/canal.properties:1: 'canal.instance.gtidon' expected true or false, found 'yes'");
  }

  @Test
  void shouldScanOnlyWhereAsked() {
    directory
        .canal("canal.destinations = a", "canal.auto.scan = false")
        .instance("a", SOURCE)
        .instance("b", SOURCE);

    assertThat(directory.load().destinations()).extracting(Destination::name).containsExactly("a");
  }

  @Test
  void shouldMissCanalPropertiesAndDestinations() {
    Configuration loaded = directory.instance(".hidden", SOURCE).load();

    assertThat(loaded.problems())
        .extracting(Problem::toString)
        .containsExactly("conf/canal.properties: the file is missing");
  }

  @Test
  void shouldWantADestination() {
    assertThat(directory.canal().load().problems())
        .singleElement()
        .asString()
        .contains("expected at least one destination, found none");
  }

  @Test
  void shouldRejectNamesThatLeaveTheDirectory() {
    directory.canal("canal.destinations = ../x").instance("a", SOURCE);

    assertThat(directory.load().serverProblems())
        .singleElement()
        .asString()
        .contains("found '../x'");
  }

  @Test
  void shouldReportMisspeltVariables() {
    directory.canal().instance("example", SOURCE);

    Configuration loaded =
        directory.load(
            Map.of(
                "CANAL_INSTANCE_MASTER_ADRESS", "db:3306",
                "CANAL_PORT", "x",
                "CANAL_INSTANCE_FILTER_ROWS", "true",
                "CANAL_LOG", "console",
                "CANALETTO", "painter"));

    assertThat(loaded.problems())
        .extracting(Problem::toString)
        .containsExactlyInAnyOrder(
            "environment variable CANAL_PORT: 'canal.port' expected a number from 0 to 65535, found"
                + " 'x'",
            "environment variable CANAL_INSTANCE_FILTER_ROWS: 'canal.instance.filter.rows' expected"
                + " false, found 'true' (filtering by kind of change is not built yet)",
            "environment variable CANAL_INSTANCE_MASTER_ADRESS: unknown setting"
                + " 'CANAL_INSTANCE_MASTER_ADRESS', did you mean 'canal.instance.master.address'?");
  }

  @Test
  void shouldTellOfKeysThatStandTwice() {
    directory.canal("canal.port = 1", "canal.port = 2").instance("example", SOURCE);

    assertThat(directory.load().notices())
        .contains("conf/canal.properties:1: 'canal.port' stands again on line 2, which counts");
    assertThat(directory.server().port()).isEqualTo(2);
  }

  @Test
  void shouldAcceptKeysOfOneDestinationInCanalProperties() {
    directory
        .canal("canal.instance.example.mode = spring", "canal.instance.exampel.mode = spring")
        .instance("example", SOURCE);

    assertThat(directory.load().problems())
        .extracting(Problem::toString)
        .containsExactly("conf/canal.properties:2: unknown property 'canal.instance.exampel.mode'");
  }

  @Test
  void shouldNameEachKeyOnce() {
    List<String> keys =
        Stream.concat(
                SettingCatalog.all().map(Setting::key),
                ForeignKeys.ALL.stream().map(ForeignKey::key))
            .map(Environment::normalize)
            .toList();

    assertThat(keys).doesNotHaveDuplicates();
  }

  @Test
  void shouldHaveDefaultsThatTheirTypesAccept() {
    assertThat(SettingCatalog.all().filter(setting -> !setting.isRequired()))
        .allSatisfy(
            setting -> {
              Optional<?> parsed = Optional.of(setting.type().parse().apply(setting.defaultText()));
              assertThat(parsed).isPresent();
            });
  }

  @Test
  void shouldListEveryDeclaredSetting() throws IllegalAccessException {
    for (Class<?> type : List.of(ServerSettings.class, InstanceSettings.class)) {
      for (var field : type.getDeclaredFields()) {
        if (field.getType() == Setting.class) {
          assertThat(SettingCatalog.all()).contains((Setting<?>) field.get(null));
        }
      }
    }
  }

  private static String original(String name) throws IOException {
    try (InputStream in =
        ConfigurationLoaderTest.class.getResourceAsStream("/alibaba-canal/conf/" + name)) {
      return new String(in.readAllBytes(), UTF_8);
    }
  }
}
