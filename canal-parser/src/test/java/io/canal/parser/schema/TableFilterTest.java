package io.canal.parser.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TableFilterTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        ".*\\..*         | shop    | orders   | true",
        "shop\\..*       | shop    | orders   | true",
        "shop\\..*       | SHOP    | Orders   | true",
        "SHOP\\.ORDERS   | shop    | orders   | true",
        "shop\\..*       | shop2   | orders   | false",
        "shop\\..*       | workshop| orders   | false",
        "shop.orders     | shop    | orders   | true",
        "a\\.b,shop\\.o.*| shop    | orders   | true",
        "a\\.b,,  shop\\.orders ,| shop    | orders   | true",
        "shop\\.o        | shop    | orders   | false",
        "größe\\..*      | GRÖßE   | t        | true",
        "shop\\..*       | shop    | ''       | true",
        "shop\\..+       | shop    | ''       | false",
      })
  void shouldMatchTheWholeNameWithoutRegardToCase(
      String expression, String database, String table, boolean expected) {
    TableFilter filter = TableFilter.of(expression);

    boolean matches = filter.matches(database, table);

    assertThat(matches).isEqualTo(expected);
  }

  @Test
  void shouldIncludeAllAndExcludeNothingWhereEmpty() {
    assertThat(TableFilter.of("").matches("shop", "orders")).isTrue();
    assertThat(TableFilter.of(" , ", "").matches("shop", "orders")).isTrue();
    assertThat(TableFilter.ALL.matches("", "")).isTrue();
  }

  @Test
  void shouldMatchEachAlternativeOfOneExpression() {
    TableFilter filter = TableFilter.of("shop\\.a|shop\\.b");

    assertThat(filter.matches("shop", "a")).isTrue();
    assertThat(filter.matches("shop", "b")).isTrue();
    assertThat(filter.matches("shop", "c")).isFalse();
  }

  @Test
  void shouldLetExclusionWin() {
    TableFilter filter = TableFilter.of("shop\\..*", "shop\\.tmp_.*,mysql\\.slave_.*");

    assertThat(filter.matches("shop", "orders")).isTrue();
    assertThat(filter.matches("shop", "TMP_1")).isFalse();
    assertThat(filter.matches("mysql", "slave_master_info")).isFalse();
  }

  @Test
  void shouldNarrowOneFilterByAnother() {
    TableFilter destination = TableFilter.of("shop\\..*", "shop\\.secret");
    TableFilter client = TableFilter.of(".*\\.(orders|secret|users)", ".*\\.users");

    TableFilter both = destination.and(client);

    assertThat(both.matches("shop", "orders")).isTrue();
    assertThat(both.matches("shop", "secret")).isFalse();
    assertThat(both.matches("shop", "users")).isFalse();
    assertThat(both.matches("shop", "items")).isFalse();
    assertThat(both.matches("other", "orders")).isFalse();
    assertThat(TableFilter.of("other\\..*").and(both).matches("shop", "orders")).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {"shop\\..*,(a\\.b; 15", "*\\..*; 1", "a\\.b, [z-a]\\.c; 10", "a{1,2}; 4"})
  void shouldShowWhereAnExpressionIsWrong(String expression, int character) {
    assertThatThrownBy(() -> TableFilter.of(expression))
        .isInstanceOfSatisfying(
            CanalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BAD_REQUEST))
        .hasMessageContaining(expression)
        .hasMessageContaining("character " + character + ":");
  }

  @Test
  void shouldEndAnExpressionThatBacktracksWithoutEnd() {
    TableFilter filter = TableFilter.of("(.*a){20}b");

    assertThatThrownBy(() -> filter.matches("shop", "a".repeat(64)))
        .isInstanceOfSatisfying(
            CanalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BAD_REQUEST))
        .hasMessageContaining("steps");
  }

  @Test
  void shouldRefuseAnExpressionThatIsNestedTooDeeply() {
    String expression = "(".repeat(200_000) + ")".repeat(200_000);

    assertThatThrownBy(() -> TableFilter.of(expression))
        .isInstanceOfSatisfying(
            CanalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BAD_REQUEST));
  }
}
