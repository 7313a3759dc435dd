package io.canal.server.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.protocol.SourcePosition;
import io.canal.server.status.ConsumerStatus;
import io.canal.server.status.InstanceStatus;
import io.canal.server.status.ServerStatus;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Writes a snapshot as the JSON of {@code /status}. Field names are an interface: add, not rename.
 */
final class StatusJson {
  private StatusJson() {}

  static byte[] health(ServerStatus status) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    addReadiness(json, status);
    return bytes(json);
  }

  static byte[] status(ServerStatus status) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("version", status.version());
    json.put("started", status.started().toString());
    json.put("address", status.address().orElse(null));
    addReadiness(json, status);
    ArrayNode instances = json.putArray("instances");
    status.instances().forEach(instance -> add(instances.addObject(), instance));
    return bytes(json);
  }

  private static void addReadiness(ObjectNode json, ServerStatus status) {
    json.put("ready", status.isReady());
    ArrayNode reasons = json.putArray("reasons");
    status.reasons().forEach(reasons::add);
  }

  private static void add(ObjectNode json, InstanceStatus instance) {
    json.put("destination", instance.destination());
    json.put("state", instance.state().name());
    json.put("reason", instance.reason());
    json.put("since", instance.since().toString());
    json.put("source", instance.source());
    json.put("position", text(instance.position()));
    json.put("lagMs", instance.lagMs());
    json.put("logBytes", instance.log().memoryBytes());
    json.put("logBudgetBytes", instance.log().memoryBudgetBytes());
    json.put("logDiskBytes", instance.log().diskBytes());
    json.put("logDiskBudgetBytes", instance.log().diskBudgetBytes());
    json.put("logDroppedSegments", instance.log().droppedSegments());
    json.put("logDiskError", instance.log().diskError().orElse(null));
    json.put("events", instance.events());
    json.put("transactions", instance.transactions());
    json.put("bytes", instance.bytes());
    ArrayNode consumers = json.putArray("consumers");
    instance.consumers().forEach(consumer -> add(consumers.addObject(), consumer));
  }

  private static void add(ObjectNode json, ConsumerStatus consumer) {
    json.put("clientId", consumer.clientId());
    json.put("filter", consumer.filter());
    json.put("state", consumer.state());
    json.put("reason", consumer.reason());
    json.put("position", text(consumer.position()));
    json.put("lagMs", consumer.lagMs());
    json.put("outstandingBatches", consumer.outstandingBatches());
    json.put("address", consumer.address().orElse(null));
    json.put("rows", consumer.rows());
  }

  private static String text(Optional<SourcePosition> position) {
    return position.map(SourcePosition::toString).orElse(null);
  }

  private static byte[] bytes(ObjectNode json) {
    return (json.toPrettyString() + "\n").getBytes(StandardCharsets.UTF_8);
  }
}
