/* SPDX-License-Identifier: Apache-2.0 */
/* metrics - of the settings page; for the gateway's table. */
#ifndef INTAKE_GATEWAY_SETTINGS_METRICS_H
#define INTAKE_GATEWAY_SETTINGS_METRICS_H

#define SETTINGS_REQUEST(X, id, outcome)                                                           \
	X(METRIC_SETTINGS_##id, "gateway_settings_requests_total", "outcome=\"" outcome "\"",      \
		COUNTER, "Requests for the settings page, its files left out, by outcome.", NULL)

#define SETTINGS_METRICS(X)                                                                        \
	SETTINGS_REQUEST(X, OK, "served")                                                          \
	SETTINGS_REQUEST(X, 4XX, "refused")                                                        \
	SETTINGS_REQUEST(X, 5XX, "failed")                                                         \
	X(METRIC_SETTINGS_AUDIT_DROPPED, "gateway_settings_audit_dropped_total", "", COUNTER,      \
		"Lines of intake.audit that were older than GATEWAY_AUDIT_DAYS, and dropped.",     \
		NULL)                                                                              \
	X(METRIC_SETTINGS_JOBS, "gateway_settings_jobs_waiting", "", GAUGE,                        \
		"Requests for the settings page that wait for a connection to Postgres.", NULL)    \
	X(METRIC_SETTINGS_OVERLOADED, "gateway_settings_overloaded_total", "", COUNTER,            \
		"Requests for the settings page that found no room to wait.", NULL)

#endif
