package io.canal.server.http;

import static java.util.Objects.requireNonNull;

import io.canal.protocol.SourcePosition;
import io.canal.server.status.ConsumerStatus;
import io.canal.server.status.InstanceState;
import io.canal.server.status.InstanceStatus;
import io.canal.server.status.ServerStatus;
import io.canal.server.status.StatusSource;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot.InfoDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Turns one snapshot per scrape into metrics, so that the hot path counts in plain longs and knows
 * nothing of Prometheus. Called by any thread.
 */
final class StatusCollector {
  private static final Pattern FILE_NUMBER = Pattern.compile("\\.(\\d+)$");

  private final StatusSource source;

  StatusCollector(StatusSource source) {
    this.source = requireNonNull(source, "source is null");
  }

  MetricSnapshots collect() {
    ServerStatus status = source.status();
    List<MetricSnapshot> metrics = new ArrayList<>();
    metrics.add(
        InfoSnapshot.builder()
            .name("canal")
            .help("Version of the server.")
            .dataPoint(
                InfoDataPointSnapshot.builder()
                    .labels(Labels.of("version", status.version()))
                    .build())
            .build());
    metrics.add(
        GaugeSnapshot.builder()
            .name("canal_ready")
            .help("1 if clients can be served.")
            .dataPoint(GaugeDataPointSnapshot.builder().value(status.isReady() ? 1 : 0).build())
            .build());
    addInstances(metrics, status.instances());
    addConsumers(metrics, status.instances());
    return new MetricSnapshots(metrics);
  }

  private static void addInstances(List<MetricSnapshot> metrics, List<InstanceStatus> instances) {
    metrics.add(states(instances));
    metrics.add(
        gauge(
            instances,
            "canal_instance_lag_seconds",
            "Age of the oldest change not yet in the log; 0 while there is none.",
            instance -> instance.lagMs() / 1000.0));
    metrics.add(
        gauge(
            instances,
            "canal_instance_log_bytes",
            "Bytes of memory that the change log holds.",
            instance -> instance.log().memoryBytes()));
    metrics.add(
        gauge(
            instances,
            "canal_instance_log_budget_bytes",
            "Bytes of memory that the change log may hold.",
            instance -> instance.log().memoryBudgetBytes()));
    metrics.add(
        gauge(
            instances,
            "canal_instance_log_disk_bytes",
            "Bytes of disk that the change log holds.",
            instance -> instance.log().diskBytes()));
    metrics.add(
        gauge(
            instances,
            "canal_instance_log_disk_budget_bytes",
            "Bytes of disk that the change log may hold.",
            instance -> instance.log().diskBudgetBytes()));
    metrics.add(
        counter(
            instances,
            "canal_instance_log_dropped_segments",
            "Segments that left the change log for good.",
            instance -> instance.log().droppedSegments()));
    metrics.add(
        gauge(
            instances,
            "canal_instance_consumers",
            "Consumers that exist, connected or not.",
            instance -> instance.consumers().size()));
    metrics.add(
        counter(
            instances, "canal_instance_events", "Binlog events received.", InstanceStatus::events));
    metrics.add(
        counter(
            instances,
            "canal_instance_transactions",
            "Transactions received.",
            InstanceStatus::transactions));
    metrics.add(
        counter(
            instances,
            "canal_instance_received_bytes",
            "Bytes of binlog received.",
            InstanceStatus::bytes));
  }

  private static void addConsumers(List<MetricSnapshot> metrics, List<InstanceStatus> instances) {
    metrics.add(
        consumerGauge(
            instances,
            "canal_consumer_attached",
            "1 while the consumer reads the change log, 0 while it catches up or cannot.",
            consumer -> consumer.state().equals("ATTACHED") ? 1 : 0));
    metrics.add(
        consumerGauge(
            instances,
            "canal_consumer_failed",
            "1 if the source cannot give what the consumer needs.",
            consumer -> consumer.state().equals("FAILED") ? 1 : 0));
    metrics.add(
        consumerGauge(
            instances,
            "canal_consumer_lag_seconds",
            "Age of the oldest change not acknowledged; 0 while there is none.",
            consumer -> consumer.lagMs() / 1000.0));
    metrics.add(
        consumerGauge(
            instances,
            "canal_consumer_outstanding_batches",
            "Batches sent and not acknowledged.",
            ConsumerStatus::outstandingBatches));
    metrics.add(
        consumerGauge(
            instances,
            "canal_consumer_connected",
            "1 while the consumer is connected.",
            consumer -> consumer.address().isPresent() ? 1 : 0));
    metrics.add(
        consumerGauge(
            instances,
            "canal_consumer_position_file",
            "Number of the binlog file of the acknowledged position.",
            consumer -> consumer.position().map(StatusCollector::fileNumber).orElse(0L)));
    metrics.add(
        consumerGauge(
            instances,
            "canal_consumer_position_offset",
            "Offset in that file.",
            consumer -> consumer.position().map(SourcePosition::offset).orElse(0L)));
  }

  private static GaugeSnapshot states(List<InstanceStatus> instances) {
    GaugeSnapshot.Builder builder =
        GaugeSnapshot.builder()
            .name("canal_instance_state")
            .help("1 for the state in which the destination is, 0 for the others.");
    for (InstanceStatus instance : instances) {
      for (InstanceState state : InstanceState.values()) {
        builder.dataPoint(
            GaugeDataPointSnapshot.builder()
                .labels(Labels.of("destination", instance.destination(), "state", state.name()))
                .value(instance.state() == state ? 1 : 0)
                .build());
      }
    }
    return builder.build();
  }

  private static GaugeSnapshot gauge(
      List<InstanceStatus> instances,
      String name,
      String help,
      ToDoubleFunction<InstanceStatus> value) {
    GaugeSnapshot.Builder builder = GaugeSnapshot.builder().name(name).help(help);
    for (InstanceStatus instance : instances) {
      builder.dataPoint(
          GaugeDataPointSnapshot.builder()
              .labels(Labels.of("destination", instance.destination()))
              .value(value.applyAsDouble(instance))
              .build());
    }
    return builder.build();
  }

  private static CounterSnapshot counter(
      List<InstanceStatus> instances,
      String name,
      String help,
      ToDoubleFunction<InstanceStatus> value) {
    CounterSnapshot.Builder builder = CounterSnapshot.builder().name(name).help(help);
    for (InstanceStatus instance : instances) {
      builder.dataPoint(
          CounterDataPointSnapshot.builder()
              .labels(Labels.of("destination", instance.destination()))
              .value(value.applyAsDouble(instance))
              .build());
    }
    return builder.build();
  }

  private static GaugeSnapshot consumerGauge(
      List<InstanceStatus> instances,
      String name,
      String help,
      ToDoubleFunction<ConsumerStatus> value) {
    GaugeSnapshot.Builder builder = GaugeSnapshot.builder().name(name).help(help);
    for (InstanceStatus instance : instances) {
      for (ConsumerStatus consumer : instance.consumers()) {
        builder.dataPoint(
            GaugeDataPointSnapshot.builder()
                .labels(
                    Labels.of("destination", instance.destination(), "client", consumer.clientId()))
                .value(value.applyAsDouble(consumer))
                .build());
      }
    }
    return builder.build();
  }

  private static long fileNumber(SourcePosition position) {
    Matcher number = FILE_NUMBER.matcher(position.file());
    return number.find() ? Long.parseLong(number.group(1)) : 0;
  }
}
