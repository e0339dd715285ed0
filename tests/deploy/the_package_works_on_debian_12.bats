#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The Debian package, built and installed on a bare Debian 12 under systemd, does the job, is restarted without anybody
# noticing, and gives no secret away. The cases follow upon each other.

load support/package

setup_file() {
	package_begin bookworm
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

@test "systemd's own eyes find units that may do little, and no syscall was held back" {
	inside systemd-analyze security --no-pager intake-gateway.service | grep -E 'level for .*: (0|1\.[0-5])'
	inside systemd-analyze security --no-pager intake-worker@1.service | grep -E 'level for .*: (0|1\.[0-5])'
	unit_is intake-gateway.service NRestarts 0
	unit_is intake-worker@1.service NRestarts 0
}

@test "no environment, command line or unit tells a password, and nothing is forked" {
	secrets_are_hidden intake-gateway.service
	secrets_are_hidden intake-worker@1.service
}

@test "two restarts under load refuse no connection and lose no contact" {
	restart_refuses_nobody
}

@test "a gateway whose event loop stands still is started anew" {
	quick_watchdog intake-gateway.service
	inside systemctl restart intake-gateway
	sleep 10
	unit_is intake-gateway.service NRestarts 0
	mapfile -t loops < <(waiting_in "$(host_pid intake-gateway.service)" "$EPOLL_WAIT" intake-gateway)
	((${#loops[@]} >= 2))
	frozen_is_restarted intake-gateway.service "${loops[-1]}"
}

@test "a gateway whose main thread stands still is started anew" {
	frozen_is_restarted intake-gateway.service "$(host_pid intake-gateway.service)"
}

@test "a worker whose Kafka thread stands still is started anew" {
	quick_watchdog intake-worker@1.service
	inside systemctl restart intake-worker@1
	await_ready_units
	frozen_is_restarted intake-worker@1.service "$(host_pid intake-worker@1.service)"
}

@test "a worker with a lane that stands still is started anew once there is something to do" {
	echo WORKER_STATEMENT_TIMEOUT_MS=100 | inside tee -a /etc/intake/worker-1.env
	inside systemctl restart intake-worker@1
	await_ready_units
	mapfile -t lanes < <(waiting_in "$(host_pid intake-worker@1.service)" "$FUTEX" lane)
	((${#lanes[@]} == 2))
	"$PROJECT/tests/deploy/support/freeze.py" "${lanes[0]}" "$LANE_SECONDS" &
	sleep 10
	unit_is intake-worker@1.service NRestarts 0
	"$PROJECT/tests/deploy/support/knock.py" "$WEBHOOKS" "$MACHINE/key" 20 2
	wait_until "$LANE_SECONDS" was_restarted intake-worker@1.service 0
	wait
	await_ready_units
}

@test "settings that are wrong are tried again after a while, and told in the journal" {
	printf '[Service]\nEnvironment=GATEWAY_THREADS=many\nRestartSec=12s\n' | drop_in intake-gateway.service zz-wrong
	inside systemctl restart intake-gateway || true
	sleep 4
	unit_is intake-gateway.service NRestarts 0
	journal intake-gateway | grep -q 'GATEWAY_THREADS: must be a whole number'
	inside rm /etc/systemd/system/intake-gateway.service.d/zz-wrong.conf
	inside systemctl daemon-reload
	await_status intake-gateway.service "Ready: takes webhooks"
}

@test "an upgrade asks nothing, restarts nothing, and has systemd read the units anew" {
	before=$(inside systemctl show -P MainPID intake-gateway.service)
	inside touch -d 2000-01-01 /lib/systemd/system/intake-gateway.service
	inside systemctl daemon-reload
	newer_package | put /root/newer.deb
	inside apt-get install -y -q /root/newer.deb </dev/null
	# shellcheck disable=SC2016 # dpkg's
	[[ $(inside dpkg-query -W -f '${Status} ${Version}' intake) == "install ok installed $NEWER" ]]
	unit_is intake-gateway.service MainPID "$before"
	unit_is intake-gateway.service NeedDaemonReload no
	inside grep -q "^CONTACTS_TOPIC=$PLACE" /etc/intake/worker.env
}

@test "a gateway that is stopped alone is started by who connects, with its socket it stays away" {
	inside systemctl stop intake-gateway.service
	curl -s -f -m 30 -o /dev/null "http://$WEBHOOKS/openapi.json"
	inside systemctl is-active intake-gateway.service
	inside systemctl stop intake-gateway.socket intake-gateway.service
	run -7 curl -s -m 5 "http://$WEBHOOKS/openapi.json"
}

@test "what is removed is stopped, and what is purged is gone" {
	inside apt-get remove -y -q intake
	run -3 inside systemctl is-active intake-gateway.socket
	[[ -z $(inside pgrep intake-) ]]
	inside test -e /etc/intake/secrets/owner.database-url
	inside apt-get purge -y -q intake
	run -1 inside test -e /etc/intake
	[[ -z $(inside find /etc/systemd/system -name 'intake-*' -type l) ]]
}
