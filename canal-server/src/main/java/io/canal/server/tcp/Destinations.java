package io.canal.server.tcp;

import io.canal.server.subscription.Subscriptions;

/** The destinations that clients may name. Any thread; must not wait. */
@FunctionalInterface
public interface Destinations {
  /**
   * The subscriptions of a running destination.
   *
   * @throws io.canal.protocol.CanalException that says why there are none: with {@code BAD_REQUEST}
   *     an unknown name, with {@code RETRY} a destination that does not run
   */
  Subscriptions subscriptions(String destination);
}
