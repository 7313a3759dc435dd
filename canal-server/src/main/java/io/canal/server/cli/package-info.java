/**
 * {@code bin/canal} and its sub-commands. Exit codes: 0 done, 1 failed, 2 wrong usage. Results go
 * to standard output, everything else to standard error.
 */
package io.canal.server.cli;
