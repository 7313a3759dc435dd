/**
 * What an operator does with a server by hand: looks at the positions of consumers and sets them.
 * {@link io.canal.server.admin.AdminSocket} offers it to {@code bin/canal} on the same machine; a
 * destination that no server runs is worked on in its store. Knows the source and {@link
 * io.canal.server.admin.Consumers}, and nothing else of the server.
 */
package io.canal.server.admin;
