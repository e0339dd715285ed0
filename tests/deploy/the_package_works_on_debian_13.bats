#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The Debian package, built and installed on a bare Debian 13: another systemd, another librdkafka, the same job. The
# cases follow upon each other.

load support/package

setup_file() {
	package_begin trixie
}

teardown_file() {
	package_end
}

@test "lintian finds nothing, and all of the package is there" {
	package_is_clean
}

@test "systemctl start intake-migrate makes the database, and again changes nothing" {
	is_migrated
}

@test "a post becomes a row" {
	post_becomes_a_row
}

@test "the runbook's commands of systemd say how it is" {
	the_runbook_works
}

@test "no environment, command line or unit tells a password, and nothing is forked" {
	secrets_are_hidden intake-gateway.service
	secrets_are_hidden intake-worker@1.service
}

@test "two restarts under load refuse no connection and lose no contact" {
	restart_refuses_nobody
}

@test "a gateway whose main thread stands still is started anew" {
	quick_watchdog intake-gateway.service
	inside systemctl restart intake-gateway
	frozen_is_restarted intake-gateway.service "$(host_pid intake-gateway.service)"
}

@test "a worker whose Kafka thread stands still is started anew" {
	quick_watchdog intake-worker@1.service
	inside systemctl restart intake-worker@1
	await_ready_units
	frozen_is_restarted intake-worker@1.service "$(host_pid intake-worker@1.service)"
}
