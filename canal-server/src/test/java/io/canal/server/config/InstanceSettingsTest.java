package io.canal.server.config;

import static io.canal.server.config.ConfigurationDirectory.SOURCE;
import static org.assertj.core.api.Assertions.assertThat;

import io.canal.parser.source.SourceConfig.TrustStore;
import io.canal.parser.source.SslMode;
import io.canal.parser.source.StartPosition;
import io.canal.protocol.GtidSet;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InstanceSettingsTest {
  private static final String UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562";

  @TempDir Path home;
  private ConfigurationDirectory directory;

  @BeforeEach
  void setUp() {
    directory = new ConfigurationDirectory(home).canal();
  }

  @Test
  void shouldHaveDefaults() {
    directory.instance("example", SOURCE);

    assertThat(directory.instance())
        .isEqualTo(
            new InstanceSettings(
                "example",
                new HostAndPort("db1", 3307),
                "canal",
                new Secret(""),
                0,
                false,
                new StartPosition.Now(),
                SslMode.DISABLED,
                Optional.empty(),
                ".*\\..*",
                "",
                Optional.empty(),
                64 << 20,
                1 << 30,
                BatchMode.MEMSIZE,
                30_000));
  }

  @Test
  void shouldReadEverySetting() {
    directory
        .write("tls/trust.p12", "")
        .instance(
            "example",
            """
            canal.instance.master.address = [2001:db8::1]
            canal.instance.dbUsername = replica
            canal.instance.dbPassword = p=w ${
            canal.instance.mysql.slaveId = 4294967295
            canal.instance.gtidon = true
            canal.instance.master.journal.name = binlog.000042
            canal.instance.master.position = 1187
            canal.instance.master.timestamp = 1700000000000
            canal.instance.master.gtid = %1$s:1-9
            canal.instance.master.sslMode = verify_ca
            canal.instance.master.trustCertificateKeyStoreUrl = file:%2$s/tls/trust.p12
            canal.instance.master.trustCertificateKeyStorePassword = one
            canal.instance.filter.regex = shop\\\\..*,crm\\\\.customer
            canal.instance.filter.black.regex = shop\\\\.tmp_.*
            canal.instance.timezone = Europe/Berlin
            canal.instance.memory.buffer.size = 4096
            canal.instance.memory.buffer.memunit = 2048
            canal.instance.log.max.bytes = 5368709120
            canal.instance.memory.batch.mode = ITEMSIZE
            canal.instance.network.soTimeout = 7
            """
                .formatted(UUID, home));

    assertThat(directory.instance())
        .isEqualTo(
            new InstanceSettings(
                "example",
                new HostAndPort("2001:db8::1", 3306),
                "replica",
                new Secret("p=w ${"),
                4_294_967_295L,
                true,
                new StartPosition.After(GtidSet.parse(UUID + ":1-9")),
                SslMode.VERIFY_CA,
                Optional.of(new TrustStore(home.resolve("tls/trust.p12"), "one")),
                "shop\\..*,crm\\.customer",
                "shop\\.tmp_.*",
                Optional.of(ZoneId.of("Europe/Berlin")),
                8 << 20,
                5L << 30,
                BatchMode.ITEMSIZE,
                7000));
  }

  @Test
  void shouldStartAtFileAndOffset() {
    directory.instance(
        "example",
        SOURCE
            + "canal.instance.master.journal.name=binlog.000042\n"
            + "canal.instance.master.position=1187\n"
            + "canal.instance.master.timestamp=1700000000000\n");

    assertThat(directory.instance().start()).isEqualTo(new StartPosition.At("binlog.000042", 1187));
  }

  @Test
  void shouldStartAtTheBeginningOfAFile() {
    directory.instance("example", SOURCE + "canal.instance.master.journal.name=binlog.000042\n");

    assertThat(directory.instance().start()).isEqualTo(new StartPosition.At("binlog.000042", 4));
  }

  @Test
  void shouldStartAtATime() {
    directory.instance("example", SOURCE + "canal.instance.master.timestamp=1700000000000\n");

    assertThat(directory.instance().start())
        .isEqualTo(new StartPosition.From(Instant.ofEpochMilli(1_700_000_000_000L)));
  }

  @Test
  void shouldTakeATrustStoreBesideTheScripts() {
    directory
        .write("conf/ca.pem", "")
        .instance(
            "example",
            SOURCE + "canal.instance.master.trustCertificateKeyStoreUrl=../conf/ca.pem\n");

    assertThat(directory.instance().trustStore())
        .contains(new TrustStore(home.resolve("conf/ca.pem"), ""));
  }

  @Test
  void shouldRejectAGtidSetOfMariadb() {
    directory.instance("example", SOURCE + "canal.instance.master.gtid=0-1-100,1-2-3\n");

    assertThat(directory.load().problems())
        .singleElement()
        .asString()
        .startsWith("conf/example/instance.properties:3: 'canal.instance.master.gtid'")
        .contains("found '0-1-100,1-2-3'", "MariaDB starts by file and offset for now");
  }

  @Test
  void shouldRejectTlsSettingsThatAreNotBuiltAndShowNoSecret() {
    directory.instance(
        "example",
        SOURCE
            + "canal.instance.master.tlsVersions=TLSv1.3\n"
            + "canal.instance.master.clientCertificateKeyStoreUrl=client.p12\n"
            + "canal.instance.master.clientCertificateKeyStorePassword=hidden\n"
            + "canal.instance.rds.secretkey=hidden\n");

    assertThat(directory.load().problems())
        .extracting(Problem::toString)
        .containsExactly(
            "conf/example/instance.properties:3: 'canal.instance.master.tlsVersions' expected"
                + " nothing, found a value (choosing TLS versions is not built yet)",
            "conf/example/instance.properties:4:"
                + " 'canal.instance.master.clientCertificateKeyStoreUrl' expected nothing,"
                + " found a value (client certificates are not built yet)",
            "conf/example/instance.properties:6: 'canal.instance.rds.secretkey' expected nothing,"
                + " found a value (reading archived binlogs from object storage is not built yet)");
    assertThat(directory.load().toString()).doesNotContain("hidden");
  }

  @Test
  void shouldRejectEachWrongStart() {
    directory.instance(
        "example",
        SOURCE
            + "canal.instance.master.position=1187\n"
            + "canal.instance.master.timestamp=1700000000\n"
            + "canal.instance.master.gtid=x:1\n");

    assertThat(directory.load().problems())
        .extracting(Problem::toString)
        .satisfiesExactly(
            position ->
                assertThat(position)
                    .isEqualTo(
                        "conf/example/instance.properties:3: 'canal.instance.master.position'"
                            + " expected canal.instance.master.journal.name beside it, found no"
                            + " file name"),
            timestamp ->
                assertThat(timestamp)
                    .startsWith("conf/example/instance.properties:4:")
                    .contains("milliseconds", "found '1700000000'", "seconds?"),
            gtid ->
                assertThat(gtid)
                    .startsWith("conf/example/instance.properties:5:")
                    .contains("a GTID set", "found 'x:1'"));
  }

  @Test
  void shouldTakeDefaultsOfAllDestinationsFromCanalProperties() {
    directory
        .canal(
            "canal.instance.memory.buffer.size = 16384",
            "canal.instance.memory.batch.mode = ITEMSIZE")
        .instance("example", SOURCE + "canal.instance.memory.batch.mode = MEMSIZE\n");

    assertThat(directory.instance().logBytes()).isEqualTo(16 << 20);
    assertThat(directory.instance().batchMode()).isEqualTo(BatchMode.MEMSIZE);
  }

  @Test
  void shouldPreferTheEnvironmentForEveryDestination() {
    directory.instance("a", SOURCE).instance("b", SOURCE);

    Configuration loaded =
        directory.load(
            Map.of(
                "CANAL_INSTANCE_MASTER_ADDRESS", "db9:3309",
                "CANAL_INSTANCE_DB_USERNAME", "other",
                "canal.instance.dbPassword", "secret"));

    assertThat(loaded.destinations())
        .map(destination -> destination.settings().orElseThrow())
        .allSatisfy(
            settings -> {
              assertThat(settings.address()).isEqualTo(new HostAndPort("db9", 3309));
              assertThat(settings.username()).isEqualTo("other");
              assertThat(settings.password()).isEqualTo(new Secret("secret"));
            });
  }

  @Test
  void shouldReplaceReferences() {
    directory
        .canal(
            "company.host = db7", "canal.instance.master.address = ${company.host:x}:${nope:3310}")
        .instance(
            "example",
            """
            canal.instance.dbUsername = ${canal.instance.destination}
            canal.instance.dbPassword = ${MYSQL_PASSWORD}
            """);

    Configuration loaded = directory.load(Map.of("MYSQL_PASSWORD", "secret"));

    assertThat(loaded.serverProblems())
        .extracting(Problem::toString)
        .containsExactly("conf/canal.properties:1: unknown property 'company.host'");
    InstanceSettings settings = loaded.destinations().get(0).settings().orElseThrow();
    assertThat(settings.address()).isEqualTo(new HostAndPort("db7", 3310));
    assertThat(settings.username()).isEqualTo("example");
    assertThat(settings.password()).isEqualTo(new Secret("secret"));
  }

  @Test
  void shouldRejectReferencesToNothingAndToThemselves() {
    directory.instance(
        "example",
        """
        canal.instance.master.address = ${NOWHERE}
        canal.instance.dbUsername = ${canal.instance.dbUsername}
        """);

    assertThat(directory.load().problems())
        .extracting(Problem::toString)
        .contains(
            "conf/example/instance.properties:1: '${NOWHERE}' expected a key or an environment"
                + " variable, found neither",
            "conf/example/instance.properties:2: '${canal.instance.dbUsername}' refers to itself");
  }

  @Test
  void shouldRejectAFilterThatIsNoRegularExpression() {
    directory.instance("example", SOURCE + "canal.instance.filter.regex = shop\\\\..*,(crm\n");

    assertThat(directory.load().problems())
        .singleElement()
        .asString()
        .startsWith("conf/example/instance.properties:3: 'canal.instance.filter.regex'")
        .contains("Unclosed group");
  }

  @Test
  void shouldRejectAMemoryThatIsTooSmall() {
    directory.instance("example", SOURCE + "canal.instance.memory.buffer.size = 1000\n");

    assertThat(directory.load().problems())
        .singleElement()
        .asString()
        .contains("expected at least 1048576 bytes, found 1024000");
  }

  @Test
  void shouldNeverPrintASecret() {
    directory.instance("example", SOURCE + "canal.instance.dbPassword = hidden\n");

    assertThat(directory.load().toString()).doesNotContain("hidden");
  }
}
