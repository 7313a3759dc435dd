package io.canal.server.tcp;

/** What each request names: a destination and a client id. */
record SubscriptionKey(String destination, short clientId) {
  /**
   * Reads the fields of a request.
   *
   * @param answers whether the request has an answer, which the error then is
   */
  static SubscriptionKey of(String destination, String clientId, boolean answers) {
    if (destination.isEmpty() || clientId.isEmpty()) {
      throw new WireException(
          Session.ERROR_REQUEST,
          answers,
          "expected a destination and a client_id, found an empty one");
    }
    try {
      return new SubscriptionKey(destination, Short.parseShort(clientId));
    } catch (NumberFormatException e) {
      throw new WireException(
          Session.ERROR, answers, "client_id '" + clientId + "', expected -32768 to 32767");
    }
  }
}
