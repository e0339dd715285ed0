/* SPDX-License-Identifier: Apache-2.0 */
/* commands - what the operator runs: businesses and their keys. */
#ifndef INTAKE_GATEWAY_COMMANDS_H
#define INTAKE_GATEWAY_COMMANDS_H

/* Each prints its result to stdout and returns an exit code; run as the database's owner. */
int command_business_create(int argc, char **argv);
int command_business_set(int argc, char **argv);
int command_business_list(int argc, char **argv);
int command_key_regenerate(int argc, char **argv);
int command_key_revoke(int argc, char **argv);
int command_settings_link(int argc, char **argv);

#endif
