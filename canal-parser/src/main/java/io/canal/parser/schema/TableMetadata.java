package io.canal.parser.schema;

/** The optional metadata of a TABLE_MAP event; see the room's decoder. */
public record TableMetadata() {}
