package io.canal.server;

import static com.tngtech.archunit.base.DescribedPredicate.alwaysTrue;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** The arrows between rooms, as README.md draws them. */
class ArchitectureTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("io.canal");

  @Test
  void shouldFindTheRooms() {
    assertThat(CLASSES)
        .extracting(c -> c.getPackageName())
        .contains("io.canal.protocol", "io.canal.client", "io.canal.parser.log", "io.canal.server");
  }

  @Test
  void shouldKeepTheArrowsBetweenModules() {
    layeredArchitecture()
        .consideringOnlyDependenciesInAnyPackage("io.canal..")
        .layer("protocol")
        .definedBy("io.canal.protocol..")
        .layer("client")
        .definedBy("io.canal.client..")
        .layer("parser")
        .definedBy("io.canal.parser..")
        .layer("server")
        .definedBy("io.canal.server..")
        .whereLayer("client")
        .mayOnlyBeAccessedByLayers("server")
        .whereLayer("parser")
        .mayOnlyBeAccessedByLayers("server")
        .whereLayer("server")
        .mayNotBeAccessedByAnyLayer()
        .whereLayer("protocol")
        .mayOnlyBeAccessedByLayers("client", "parser", "server")
        .ignoreDependency(alwaysTrue(), inTesting())
        .check(CLASSES);
  }

  private static com.tngtech.archunit.base.DescribedPredicate<
          com.tngtech.archunit.core.domain.JavaClass>
      inTesting() {
    return com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage(
        "io.canal.testing..");
  }

  @Test
  void shouldKeepTheArrowsInsideTheParser() {
    layeredArchitecture()
        .consideringOnlyDependenciesInAnyPackage("io.canal.parser..")
        .layer("charset")
        .definedBy("io.canal.parser.charset..")
        .layer("binlog")
        .definedBy("io.canal.parser.binlog..")
        .layer("schema")
        .definedBy("io.canal.parser.schema..")
        .layer("row")
        .definedBy("io.canal.parser.row..")
        .layer("log")
        .definedBy("io.canal.parser.log..")
        .layer("entry")
        .definedBy("io.canal.parser.entry..")
        .layer("source")
        .definedBy("io.canal.parser.source..")
        .layer("consumer")
        .definedBy("io.canal.parser.consumer..")
        .whereLayer("consumer")
        .mayNotBeAccessedByAnyLayer()
        .whereLayer("source")
        .mayOnlyBeAccessedByLayers("consumer")
        .whereLayer("entry")
        .mayNotBeAccessedByAnyLayer()
        .whereLayer("log")
        .mayOnlyBeAccessedByLayers("entry", "source", "consumer")
        .whereLayer("row")
        .mayOnlyBeAccessedByLayers("entry", "source")
        .whereLayer("schema")
        .mayOnlyBeAccessedByLayers("row", "entry", "source", "consumer")
        .whereLayer("charset")
        .mayOnlyBeAccessedByLayers("binlog", "schema", "row")
        .whereLayer("binlog")
        .mayOnlyBeAccessedByLayers("schema", "entry", "source")
        .check(CLASSES);
  }

  @Test
  void shouldHaveNoCycleBetweenPackages() {
    slices().matching("io.canal.(*).(*)..").should().beFreeOfCycles().check(CLASSES);
  }
}
