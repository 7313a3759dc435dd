/**
 * Reads {@code conf/canal.properties} and {@code conf/<destination>/instance.properties} into two
 * records, {@link io.canal.server.config.ServerSettings} and {@link
 * io.canal.server.config.InstanceSettings}.
 *
 * <p>A {@link io.canal.server.config.Setting} declares one key with its default, unit, constraint
 * and help; {@code docs/configuration.md} is generated from these declarations. The keys of Alibaba
 * Canal's shipped files that mean nothing here stand in {@link io.canal.server.config.ForeignKeys}.
 */
package io.canal.server.config;
