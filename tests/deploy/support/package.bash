# SPDX-License-Identifier: Apache-2.0
# package - Intake's Debian package in a machine of its own under systemd; Kafka and Postgres are this one's.
# shellcheck shell=bash

# shellcheck source=tests/flow/support/intake.bash
source "${BASH_SOURCE[0]%/*}/../../flow/support/intake.bash"

# shellcheck source=tests/flow/support/procedure.bash
source "${BASH_SOURCE[0]%/*}/../../flow/support/procedure.bash"
# shellcheck source=tests/deploy/support/runbook.bash
source "${BASH_SOURCE[0]%/*}/runbook.bash"

readonly MACHINE_PROGRAM=$PROJECT/tests/deploy/support/machine START_SECONDS=30 NEWER=99.0.0
# System calls of x86-64, in which an event loop and a lane wait, and how long a lane's step may take and more.
# shellcheck disable=SC2034 # for the files that read this
readonly EPOLL_WAIT=232 FUTEX=202 LANE_SECONDS=100

# ---- the machine

# package_begin RELEASE: builds the package (or takes INTAKE_PACKAGE), boots the machine, installs it there.
package_begin() {
	((EUID == 0)) || skip "only root can boot another system"
	findmnt -t cgroup2 >/dev/null || skip "there is no cgroup2 here"
	MACHINE=$(mktemp -d "$FLOW_DIR/machine.XXXXXX")
	PLACE=intake_${MACHINE##*.}
	PLACE=${PLACE,,}
	export MACHINE PLACE
	PACKAGE=${INTAKE_PACKAGE:-$("$MACHINE_PROGRAM" package "$1" "$MACHINE/package")}
	WEBHOOKS=127.0.0.1:$(free_port)
	export PACKAGE WEBHOOKS
	"$MACHINE_PROGRAM" boot "$1" "$MACHINE/system" >/dev/null
	put /root/intake.deb <"$PACKAGE"
	inside apt-get install -y -q /root/intake.deb >"$MACHINE/install.log" 2>&1 ||
		{ tail "$MACHINE/install.log" && return 1; }
	owner_sql postgres "create database $PLACE"
	configure
}

package_end() {
	[[ -n ${MACHINE:-} ]] || return 0
	inside journalctl --no-pager -q -u 'intake-*' >"$MACHINE/journal" 2>&1 || true
	"$MACHINE_PROGRAM" stop "$MACHINE/system"
	owner_sql postgres "drop database if exists $PLACE with (force)"
	rm -rf --one-file-system "$MACHINE"
}

inside() {
	timeout 300 "$MACHINE_PROGRAM" run "$MACHINE/system" "$@"
}

# put PATH [MODE]: a file of the machine, from stdin.
put() {
	inside install -D -m "${2:-644}" /dev/stdin "$1"
}

# drop_in UNIT NAME: what systemctl edit would write, from stdin.
drop_in() {
	put "/etc/systemd/system/$1.d/$2.conf"
	inside systemctl daemon-reload
}

journal() {
	inside journalctl --no-pager -q -o cat -u "$1"
}

# unit_is UNIT PROPERTY VALUE
unit_is() {
	[[ $(inside systemctl show -P "$2" "$1") == "$3" ]]
}

# ---- the set-up, as the README has it

owner_sql() {
	psql -X -A -t -q -v ON_ERROR_STOP=1 "postgresql://$FLOW_SERVER/$1" -c "$2"
}

secret() {
	put "/etc/intake/secrets/$1" 600
}

configure() {
	local program
	for program in gateway worker; do
		inside sed -i -e "s/^KAFKA_BROKERS=.*/KAFKA_BROKERS=$KAFKA_BROKERS/" \
			-e "s/^CONTACTS_TOPIC=.*/CONTACTS_TOPIC=$PLACE/" "/etc/intake/$program.env"
		echo "postgresql://flow_$program:$FLOW_PROGRAM_PASSWORD@$FLOW_SERVER/$PLACE" | secret $program.database-url
		# What the filter holds back ends the program, so that nothing is held back unseen.
		drop_in "intake-$program$([[ $program == gateway ]] || echo @).service" strict <<-'UNIT'
			[Service]
			SystemCallErrorNumber=kill
		UNIT
	done
	echo "postgresql://$PGUSER:$PGPASSWORD@$FLOW_SERVER/$PLACE" | secret owner.database-url
	printf '[Socket]\nListenStream=\nListenStream=%s\n' "$WEBHOOKS" | drop_in intake-gateway.socket address
	echo "GATEWAY_ADMIN_LISTEN=127.0.0.1:$(free_port)" | inside tee -a /etc/intake/gateway.env >/dev/null
	echo "WORKER_GROUP=$PLACE" | inside tee -a /etc/intake/worker.env >/dev/null
	echo "WORKER_ADMIN_LISTEN=127.0.0.1:$(free_port)" | put /etc/intake/worker-1.env
}

# by_hand PROCEDURE PROGRAM COMMAND...: in a shell that deploy/README.md has got ready for that.
by_hand() {
	local ready
	ready=$(procedure_text "by hand, $1")
	[[ -n $ready ]] || { echo "deploy/README.md has no procedure 'by hand, $1'" && return 1; }
	shift
	inside bash -euo pipefail -c "$ready"$'\n"$@"' by_hand "$@"
}

# await_status UNIT TEXT: of systemctl status.
await_status() {
	wait_until "$START_SECONDS" unit_is "$1" StatusText "$2" || {
		inside systemctl status --no-pager -n 20 "$1"
		return 1
	}
}

await_ready_units() {
	await_status intake-gateway.service "Ready: takes webhooks"
	await_status intake-worker@1.service "Ready: applies events"
}

# ---- the cases, on whatever release

package_is_clean() {
	lintian --fail-on error,warning "$PACKAGE"
	inside dpkg --verify intake >"$MACHINE/verify"
	run -1 grep -v ' c /etc/intake/' "$MACHINE/verify"
	inside intake-gateway --version
	[[ $(inside systemctl is-enabled intake-gateway.service) == disabled ]]
}

is_migrated() {
	inside systemctl start intake-migrate
	journal intake-migrate | grep -q backfill
	inside systemctl start intake-migrate
	[[ $(owner_sql "$PLACE" "select count(*) from sqitch.changes") == $(grep -c '^[a-z_]* ' "$PROJECT/migrations/sqitch.plan") ]]
}

post_becomes_a_row() {
	by_hand "a worker's" intake-worker topics create --partitions 4
	business=$(by_hand "the owner's" intake-gateway business create --name Package --limit 1000000 --json | jq -r .business_id)
	by_hand "the owner's" intake-gateway key regenerate --business "$business" --json | jq -r .api_key >"$MACHINE/key"
	inside systemctl enable --now intake-gateway.socket intake-gateway.service intake-worker@1
	await_ready_units
	code=$(curl -s -m 30 -o /dev/null -w '%{http_code}' -H @<(printf 'x-api-key: %s\n' "$(<"$MACHINE/key")") \
		-d '{"name":"Ada","email":"ada@example.com"}' "http://$WEBHOOKS/api/webhooks/contacts")
	expect status "$code" 202
	wait_until "$APPLY_SECONDS" has_rows 1
}

# look SECTION BEGINNING: that command of the runbook, as root of the machine.
look() {
	inside bash -euo pipefail -c "$(runbook_command "$1" "$2")"
}

# What of the runbook asks systemd, and what a shell of the machine has to be given first.
the_runbook_works() {
	local settings url
	settings=$(runbook_command Where mapfile)
	url=$(runbook_command Where "export DATABASE_URL")
	inside bash -euo pipefail -c "$settings; $url; $(runbook_command Where 'intake-worker dead-letters')"
	look IntakePromiseAtRisk "systemctl list-units" | grep -q 'intake-worker@1.service *loaded active running'
	look IntakeNoGateway "systemctl status" | grep -q 'Status: "Ready: takes webhooks"'
	look IntakeTargetDown "systemctl status" | grep -q '^. intake-worker@1.service - '
	inside systemctl stop intake-worker@1
	look IntakePromiseAtRisk "systemctl start"
	await_ready_units
	look Where "journalctl" | grep -q 'level=warn event='
	run -1 look IntakeOffsetsJumped "journalctl"
	all_were_tried machine
}

has_rows() {
	[[ $(owner_sql "$PLACE" "select count(*) from contacts") == "$1" ]]
}

# secrets_are_hidden UNIT: all that other processes can see of it, and what a crash would leave.
secrets_are_hidden() {
	local pid
	pid=$(inside systemctl show -P MainPID "$1")
	inside cat "/proc/$pid/environ" "/proc/$pid/cmdline" >"$MACHINE/seen"
	inside systemctl show "$1" >>"$MACHINE/seen"
	run -1 grep -aF -e "$FLOW_PROGRAM_PASSWORD" "$MACHINE/seen"
	grep -aqF "DATABASE_URL_FILE=/run/credentials/" "$MACHINE/seen"
	inside grep -qE '^Max core file size +0 +0' "/proc/$pid/limits"
	[[ -z $(inside pgrep -P "$pid") ]]
}

restart_refuses_nobody() {
	"$PROJECT/tests/deploy/support/knock.py" "$WEBHOOKS" "$MACHINE/key" 150 8 >"$MACHINE/knock" 2>"$MACHINE/knock.log" &
	local knocking=$!
	sleep 2
	inside systemctl restart intake-gateway
	sleep 2
	inside systemctl restart intake-gateway intake-worker@1
	wait "$knocking"
	sed 's/^/# /' "$MACHINE/knock" >&3
	grep -q '^accepted=1200 refused=0 others=0 ' "$MACHINE/knock" || { sort "$MACHINE/knock.log" | uniq -c && return 1; }
	wait_until "$APPLY_SECONDS" has_rows 1201
	journal intake-gateway >"$MACHINE/journal"
	run -1 grep -F level=error "$MACHINE/journal"
}

# The package as a version to come will be, whose files of settings are as these.
newer_package() {
	rm -rf "$MACHINE/newer"
	dpkg-deb -R "$PACKAGE" "$MACHINE/newer"
	sed -i "s/^Version: .*/Version: $NEWER/" "$MACHINE/newer/DEBIAN/control"
	dpkg-deb -b "$MACHINE/newer" "$MACHINE/newer.deb" >/dev/null
	cat "$MACHINE/newer.deb"
}

# waiting_in PID SYSCALL NAME: its threads of that name that wait in that system call.
waiting_in() {
	local task
	for task in "/proc/$1/task/"*; do
		[[ $(cut -d' ' -f1 "$task/syscall") != "$2" || $(<"$task/comm") != "$3" ]] || echo "${task##*/}"
	done
}

# The host's pid of a unit's main process: its namespace's is another.
host_pid() {
	local pid
	pid=$(inside systemctl show -P MainPID "$1")
	grep -lE "^NSpid:.*\s$pid$" /proc/[0-9]*/status 2>/dev/null | cut -d/ -f3 | while read -r host; do
		[[ $(readlink "/proc/$host/ns/pid") != $(readlink /proc/$$/ns/pid) ]] && tr '\0' ' ' <"/proc/$host/cmdline" |
			grep -q "${1%%[@.]*}" && echo "$host"
	done | head -n 1
}

restarts() {
	inside systemctl show -P NRestarts "$1"
}

was_restarted() {
	(($(restarts "$1") > $2))
}

# frozen_is_restarted UNIT TID
frozen_is_restarted() {
	local before
	before=$(restarts "$1")
	"$PROJECT/tests/deploy/support/freeze.py" "$2" 40 &
	wait_until 40 was_restarted "$1" "$before"
	wait
	journal "$1" | grep -qi "watchdog timeout"
	await_ready_units
}

# quick_watchdog UNIT: the same in seconds. (Idle loops turn once a second and a sign of life takes three turns at most,
# so that with 4 s a busy machine had a second only.)
quick_watchdog() {
	printf '[Service]\nWatchdogSec=8s\nRestartSec=100ms\n' | drop_in "$1" watchdog
}
