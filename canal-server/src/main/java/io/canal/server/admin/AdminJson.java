package io.canal.server.admin;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.parser.source.BinlogExtent;
import io.canal.protocol.GtidSet;
import io.canal.server.status.ConsumerStatus;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The JSON of the admin socket and of {@code bin/canal position --json}. Field names are an
 * interface: add, not rename. What is not known is null.
 */
public final class AdminJson {
  private AdminJson() {}

  /** {@code {"destinations": [...]}}. */
  public static ObjectNode of(List<DestinationPositions> destinations) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    ArrayNode array = json.putArray("destinations");
    destinations.forEach(destination -> add(array.addObject(), destination));
    return json;
  }

  private static void add(ObjectNode json, DestinationPositions destination) {
    json.put("destination", destination.destination());
    json.put("state", destination.state());
    json.put("source", destination.source());
    json.put("problem", destination.problem().isEmpty() ? null : destination.problem());
    destination
        .log()
        .ifPresentOrElse(log -> add(json.putObject("log"), log), () -> json.putNull("log"));
    ArrayNode consumers = json.putArray("consumers");
    destination.consumers().forEach(consumer -> add(consumers.addObject(), consumer));
  }

  private static void add(ObjectNode json, BinlogExtent log) {
    json.put("oldestFile", log.oldestFile());
    json.put("newestFile", log.newestFile());
    json.put("files", log.files().size());
    json.put("bytes", log.bytes());
    json.put("purgedGtids", log.purged().map(GtidSet::toString).orElse(null));
    json.put("executedGtids", log.executed().map(GtidSet::toString).orElse(null));
    json.put("expirySeconds", log.expiry().map(expiry -> expiry.toSeconds()).orElse(null));
  }

  private static void add(ObjectNode json, ConsumerPosition consumer) {
    ConsumerStatus status = consumer.consumer();
    json.put("clientId", status.clientId());
    json.put("filter", status.filter());
    json.put("state", status.state());
    json.put("reason", status.reason().isEmpty() ? null : status.reason());
    json.put("address", status.address().orElse(null));
    json.put("lagMs", status.lagMs());
    json.put("outstandingBatches", status.outstandingBatches());
    put(json, "place", consumer.place());
  }

  private static void put(ObjectNode json, String field, Optional<Place> place) {
    place.ifPresentOrElse(p -> add(json.putObject(field), p), () -> json.putNull(field));
  }

  private static void add(ObjectNode json, Place place) {
    json.put("position", place.position().toString());
    json.put("file", place.position().file().isEmpty() ? null : place.position().file());
    json.put("offset", place.position().offset());
    json.put("gtids", place.position().gtids().map(GtidSet::toString).orElse(null));
    put(json, "bytesBehind", place.bytesBehind());
    put(json, "transactionsBehind", place.transactionsBehind());
    put(json, "filesKept", place.filesKept());
    put(json, "bytesKept", place.bytesKept());
    json.put("missing", place.missing().orElse(null));
    json.put("purgedFrom", place.purgedFrom().map(Instant::toString).orElse(null));
  }

  private static void put(ObjectNode json, String field, OptionalLong value) {
    if (value.isPresent()) {
      json.put(field, value.getAsLong());
    } else {
      json.putNull(field);
    }
  }

  /** What was done or would be. */
  public static ObjectNode of(PositionChange change) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("destination", change.destination());
    json.put("clientId", change.clientId());
    json.put("dryRun", change.dryRun());
    put(json, "before", change.before());
    put(json, "after", change.after());
    ArrayNode notes = json.putArray("notes");
    change.notes().forEach(notes::add);
    return json;
  }

  static ObjectNode error(String message) {
    return JsonNodeFactory.instance.objectNode().put("error", message);
  }
}
