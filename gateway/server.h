/* SPDX-License-Identifier: Apache-2.0 */
/* server - the gateway process: event loops, producers, readiness, and an orderly end. */
#ifndef INTAKE_GATEWAY_SERVER_H
#define INTAKE_GATEWAY_SERVER_H

#include "gateway/config.h"

/*
 * Serve until SIGTERM or SIGINT, then drain: not ready any more, stop accepting, answer what is in
 * flight, flush Kafka.
 *
 * Returns: OK when everything was answered; an error with its sentence when it could not start, when
 *          Kafka's client failed for good, or when something was left without an answer.
 */
MUST_CHECK enum error server_run(const struct gateway_config *config, struct failure *failure);

#endif
