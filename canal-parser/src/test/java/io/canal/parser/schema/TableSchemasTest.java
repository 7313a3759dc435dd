package io.canal.parser.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TableSchemasTest {
  private final FakeSource source = new FakeSource();
  private final TableSchemas schemas = new TableSchemas(source);

  @Test
  void shouldNameColumnsFromTheEventAlone() {
    source.unreachable = true;

    assertThat(types(resolve(TableMaps.NUMS)))
        .containsExactly(
            "a tinyint",
            "b tinyint unsigned",
            "y year",
            "c smallint unsigned",
            "d mediumint",
            "e int unsigned",
            "f bigint unsigned",
            "g float",
            "h double unsigned",
            "i decimal(10,2)",
            "j decimal(65,30) unsigned",
            "k bit(3)",
            "l bit(64)",
            "t1 tinyint",
            "z int unsigned",
            "fm float");
    assertThat(types(resolve(TableMaps.TEXTS)))
        .containsExactly(
            "id int",
            "a char(4)",
            "b varchar(30)",
            "c varchar(300)",
            "d tinytext",
            "e text",
            "f mediumtext",
            "g longtext",
            "h binary(4)",
            "i varbinary(16)",
            "j tinyblob",
            "k blob",
            "l mediumblob",
            "m longblob",
            "n char(255)",
            "o char(10)",
            "p varchar(20)",
            "e1 enum('a','b''c','d\\\\e','Ж')",
            "s1 set('x','y')",
            "e2 enum('é')",
            "js json");
    assertThat(types(resolve(TableMaps.TIMES)))
        .containsExactly(
            "a date",
            "b time",
            "c time(3)",
            "d datetime",
            "e datetime(6)",
            "f timestamp",
            "g timestamp(2)",
            "y year",
            "inv int");
    assertThat(types(resolve(TableMaps.GEO)))
        .containsExactly(
            "a geometry",
            "b point",
            "c linestring",
            "d polygon",
            "e multipoint",
            "f multilinestring",
            "g multipolygon",
            "h geomcollection",
            "v vector(3)",
            "v2 vector(2048)");
  }

  @Test
  void shouldTakeTheKeyFromTheEvent() {
    TableSchema texts = resolve(TableMaps.TEXTS).schema();

    assertThat(texts.columns().stream().filter(Column::key).map(Column::name))
        .containsExactly("id", "a");
  }

  @Test
  void shouldShowDisplayWidthsWhereInformationSchemaAgrees() {
    source.define("my_row_id bigint(20) unsigned zerofill", "n int(11)");

    assertThat(types(resolve(TableMaps.GIPK)))
        .containsExactly("my_row_id bigint(20) unsigned zerofill", "n int(11)");
  }

  @Test
  void shouldNotBelieveInformationSchemaWhereItDrifted() {
    source.define("n int(11)", "my_row_id bigint(20) unsigned");
    assertThat(types(resolve(TableMaps.GIPK)))
        .containsExactly("my_row_id bigint unsigned", "n int");

    schemas.invalidate();
    source.define("my_row_id bigint(20)", "n bigint(11)", "m int");
    assertThat(types(resolve(TableMaps.GIPK)))
        .containsExactly("my_row_id bigint unsigned", "n int");
  }

  @Test
  void shouldGiveOneVersionToEventsThatDifferInTheTableId() {
    ResolvedTable first = resolve(TableMaps.GIPK);
    byte[] later = TableMaps.GIPK.clone();
    later[19] = 0x55; // table id
    later[0] = 0x66; // timestamp
    later[25] = 0x01; // flags

    ResolvedTable second = resolve(later);

    assertThat(second).isSameAs(first);
    assertThat(first.version()).isEqualTo(1);
    assertThat(schemas.get(1)).isSameAs(first);
    assertThat(source.reads).isEqualTo(1);
  }

  @Test
  void shouldRaiseVersionsAndFindThemWithinALargerArray() {
    byte[] array = new byte[TableMaps.TIMES.length + 20];
    System.arraycopy(TableMaps.TIMES, 0, array, 7, TableMaps.TIMES.length);

    assertThat(resolve(TableMaps.NUMS).version()).isEqualTo(1);
    assertThat(schemas.resolve(array, 7, TableMaps.TIMES.length).version()).isEqualTo(2);
    assertThat(resolve(TableMaps.TIMES).version()).isEqualTo(2);
    assertThat(resolve(TableMaps.NUMS).version()).isEqualTo(1);
    assertThatThrownBy(() -> schemas.get(3)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> schemas.get(0)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void shouldKeepThousandsOfVersions() {
    // the last byte of the table name and of the database name counts up
    byte[] event = TableMaps.GIPK.clone();
    for (int i = 0; i < 5_000; i++) {
      event[28] = (byte) ('a' + i % 20);
      event[29] = (byte) ('a' + i / 20 % 20);
      event[30] = (byte) ('a' + i / 400);
      assertThat(resolve(event).version()).isEqualTo(i + 1);
    }

    assertThat(schemas.get(1).schema().database()).isEqualTo("aaap");
    assertThat(schemas.get(4_400).schema().database()).isEqualTo("ttkp");
    assertThat(resolve(event).version()).isEqualTo(5_000);
    assertThat(source.reads).isEqualTo(5_000);
  }

  @Test
  void shouldReadAgainAfterADdlAndKeepTheVersionWhereNothingChanged() {
    source.define("my_row_id bigint(20) unsigned", "n int(11)");
    ResolvedTable before = resolve(TableMaps.GIPK);

    schemas.invalidate();
    ResolvedTable same = resolve(TableMaps.GIPK);
    source.define("my_row_id bigint(20) unsigned", "n int(5)");
    schemas.invalidate();
    ResolvedTable changed = resolve(TableMaps.GIPK);

    assertThat(same).isSameAs(before);
    assertThat(changed.version()).isEqualTo(2);
    assertThat(types(changed)).containsExactly("my_row_id bigint(20) unsigned", "n int(5)");
    assertThat(types(schemas.get(1))).containsExactly("my_row_id bigint(20) unsigned", "n int(11)");
  }

  @Test
  void shouldNameColumnsFromInformationSchemaWithoutFullMetadata() {
    source.define(
        "id int(11)",
        "a char(4) utf8mb4 key",
        "b varchar(30) utf8mb4",
        "c varchar(300) utf8mb4",
        "d tinytext utf8mb4",
        "e text utf8mb4",
        "f mediumtext utf8mb4",
        "g longtext utf8mb4",
        "h binary(4)",
        "i varbinary(16)",
        "j tinyblob",
        "k blob",
        "l mediumblob",
        "m longblob",
        "n char(255) utf8mb4",
        "o char(10) latin1",
        "p varchar(20) gbk",
        "e1 enum('a','b''c','d\\\\e','Ж') utf8mb4",
        "s1 set('x','y') utf8mb4",
        "e2 enum('é') latin1",
        "js json");

    List<Column> columns = resolve(withoutMetadata(TableMaps.TEXTS)).schema().columns();

    assertThat(columns.get(0).mysqlType()).isEqualTo("int(11)");
    assertThat(columns.get(1).key()).isTrue();
    assertThat(columns.get(0).key()).isFalse();
    assertThat(columns.get(8).collation()).isEqualTo(63);
    assertThat(columns.get(15).collation()).isEqualTo(8);
    assertThat(columns.get(17).members()).containsExactly("a", "b'c", "d\\e", "Ж");
  }

  @Test
  void shouldTakeSignednessFromInformationSchemaWhereTheEventHasNone() {
    source.define("my_row_id bigint(20) unsigned", "n int(11)");

    List<Column> columns = resolve(withoutMetadata(TableMaps.GIPK)).schema().columns();

    assertThat(columns.get(0).unsigned()).isTrue();
    assertThat(columns.get(1).unsigned()).isFalse();
  }

  @Test
  void shouldStopAtATableThatIsGone() {
    byte[] event = withoutMetadata(TableMaps.GIPK);

    assertThatThrownBy(() -> resolve(event))
        .isInstanceOfSatisfying(
            CanalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STOP_INSTANCE))
        .hasMessageContaining("shop.gipk")
        .hasMessageContaining("binlog_row_metadata=FULL");
  }

  @Test
  void shouldStopAtAnotherNumberOfColumns() {
    source.define("n int(11)");
    byte[] event = withoutMetadata(TableMaps.GIPK);

    assertThatThrownBy(() -> resolve(event))
        .isInstanceOfSatisfying(
            CanalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STOP_INSTANCE))
        .hasMessageContaining("shop.gipk: its rows have 2 columns, information_schema has 1");
  }

  @Test
  void shouldStopAtAnotherType() {
    source.define("my_row_id bigint(20)", "n bigint(20)");
    byte[] event = withoutMetadata(TableMaps.GIPK);

    assertThatThrownBy(() -> resolve(event))
        .isInstanceOfSatisfying(
            CanalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STOP_INSTANCE))
        .hasMessageContaining("int as column 2, information_schema has n bigint(20)");
  }

  @Test
  void shouldKnowTheShapeAloneOfATableThatIsNotWanted() {
    TableSchemas filtered = new TableSchemas(source, TableFilter.of("shop\\.nums"));
    byte[] event = withoutMetadata(TableMaps.GIPK);

    ResolvedTable table = filtered.resolve(event, 0, event.length);
    filtered.invalidate();
    ResolvedTable again = filtered.resolve(event, 0, event.length);

    assertThat(table.wanted()).isFalse();
    assertThat(table.map().types()).containsExactly(8, 3);
    assertThat(table.schema().columns()).isEmpty();
    assertThat(again).isSameAs(table);
    assertThat(filtered.get(table.version())).isSameAs(table);
    assertThat(source.reads).isZero();
    assertThat(filtered.resolve(TableMaps.NUMS, 0, TableMaps.NUMS.length).wanted()).isTrue();
  }

  @Test
  void shouldGiveStreamsOfOneSourceTheSameVersions() {
    FakeSource later = new FakeSource();
    source.define("my_row_id bigint(20)", "n int(11)");
    later.define("my_row_id bigint(20)", "renamed int(11)");
    byte[] event = withoutMetadata(TableMaps.GIPK);
    TableSchemas stream = schemas.forStream(source);
    TableSchemas drifted = schemas.forStream(later);

    ResolvedTable first = resolve(event);

    assertThat(stream.resolve(event, 0, event.length)).isSameAs(first);
    assertThat(drifted.resolve(event, 0, event.length).version()).isEqualTo(2);
    assertThat(schemas.get(2).schema().columns().get(1).name()).isEqualTo("renamed");
    assertThat(resolve(event)).isSameAs(first);
  }

  @Test
  void shouldLetAFailureOfTheSourcePassAndTryAgain() {
    source.unreachable = true;
    byte[] event = withoutMetadata(TableMaps.GIPK);

    assertThatThrownBy(() -> resolve(event))
        .isInstanceOfSatisfying(
            CanalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.RETRY));
    source.unreachable = false;
    source.define("my_row_id bigint(20)", "n int(11)");

    assertThat(resolve(event).version()).isEqualTo(1);
  }

  private ResolvedTable resolve(byte[] event) {
    return schemas.resolve(event, 0, event.length);
  }

  private static List<String> types(ResolvedTable table) {
    return table.schema().columns().stream()
        .map(column -> column.name() + " " + column.mysqlType())
        .toList();
  }

  /** The event as with binlog_row_metadata off: the optional metadata cut away. */
  private static byte[] withoutMetadata(byte[] event) {
    int at = 27;
    at += event[at] + 2;
    at += event[at] + 2;
    int columns = event[at++];
    at += columns;
    at += event[at] + 1;
    return Arrays.copyOf(event, at + (columns + 7) / 8);
  }

  /** A source whose every table has the columns last defined. */
  private static final class FakeSource implements TableReader {
    boolean unreachable;
    int reads;
    private List<ColumnDefinition> columns = List.of();

    /** Each as {@code name type [charset] [key]}. */
    void define(String... definitions) {
      columns = new ArrayList<>();
      for (String definition : definitions) {
        boolean key = definition.endsWith(" key");
        String rest = key ? definition.substring(0, definition.length() - 4) : definition;
        Optional<String> charset =
            List.of("utf8mb4", "latin1", "gbk").stream()
                .filter(name -> rest.endsWith(" " + name))
                .findFirst();
        int end = rest.length() - charset.map(name -> name.length() + 1).orElse(0);
        int blank = rest.indexOf(' ');
        columns.add(
            new ColumnDefinition(
                rest.substring(0, blank), rest.substring(blank + 1, end), charset, key));
      }
    }

    @Override
    public Optional<List<ColumnDefinition>> read(String database, String table) {
      reads++;
      if (unreachable) {
        throw new CanalException(ErrorCode.RETRY, "connection refused");
      }
      return columns.isEmpty() ? Optional.empty() : Optional.of(columns);
    }
  }
}
