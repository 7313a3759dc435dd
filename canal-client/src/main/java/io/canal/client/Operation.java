package io.canal.client;

/** What a {@link Change} did to its table. */
public enum Operation {
  /** A row came: {@link Change#after} holds it. */
  INSERT,
  /** A row changed: {@link Change#before} and {@link Change#after}. */
  UPDATE,
  /** A row went: {@link Change#before} holds it. */
  DELETE,
  /**
   * A statement in place of rows, {@link Change#sql}: a change of the schema, such as {@code ALTER
   * TABLE}, or anything else that the source logs as text. {@link Change#eventType} says which.
   */
  DDL
}
