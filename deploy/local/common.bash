# SPDX-License-Identifier: Apache-2.0
# common.bash - what the scripts of this folder share: one server, one folder, its processes by pid.
# shellcheck shell=bash
#
# A server's folder holds NAME.pid ("PID STARTTIME": a pid that was given to another process since is
# not ours), NAME.log, and env (NAME=value lines for whoever wants to connect).

# Where the project is.
# shellcheck disable=SC2034 # for the scripts that read this
PROJECT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

say() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

fail() {
	say "$@"
	exit 1
}

wrong_usage() {
	say "$* (--help says how)"
	exit 2
}

# The comment block after the SPDX line of the script that runs is its help.
show_help() {
	sed -n '3,/^$/ s/^# \{0,1\}//p' "$0"
}

# wait_until SECONDS COMMAND...: try it every 50 ms until it succeeds; false when the time is over.
wait_until() {
	local deadline=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000))
	shift
	until "$@"; do
		((${EPOCHREALTIME/[.,]/} < deadline)) || return 1
		sleep 0.05
	done
}

# When the process with this pid was started, in clock ticks; nothing for one that is gone or a zombie.
process_started() {
	local stat
	{ stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
	stat=${stat##*) }
	# shellcheck disable=SC2086 # the fields are to be split
	set -- $stat
	[[ $1 != Z && $1 != X ]] || return 1
	echo "${20}"
}

# server_pid DIR [NAME]: its pid, if that process is still the one that was started.
server_pid() {
	local pid started
	{ read -r pid started <"$1/${2:-server}.pid"; } 2>/dev/null || return 1
	[[ $(process_started "$pid") == "$started" ]] || return 1
	echo "$pid"
}

server_gone() {
	! server_pid "$@" >/dev/null
}

# launch DIR NAME COMMAND...: run it in a session of its own, output to DIR/NAME.log, pid noted.
launch() {
	local dir=$1 name=$2 fd pid
	shift 2
	(
		# A descriptor of the caller's that stays open would keep the caller's reader waiting.
		for fd in /proc/self/fd/*; do
			fd=${fd##*/}
			((fd <= 2)) || eval "exec $fd>&-"
		done
		exec setsid "$@" </dev/null >>"$dir/$name.log" 2>&1
	) &
	pid=$!
	echo "$pid $(process_started "$pid")" >"$dir/$name.pid"
}

# end DIR NAME SIGNAL SECONDS: signal our own process and wait; SIGKILL when it takes longer.
end() {
	local dir=$1 name=$2 signal=$3 seconds=$4 pid
	if pid=$(server_pid "$dir" "$name"); then
		kill -s "$signal" "$pid" 2>/dev/null || true
		if ! wait_until "$seconds" server_gone "$dir" "$name"; then
			say "$name (pid $pid) did not stop within $seconds s: killed"
			kill -s KILL "$pid" 2>/dev/null || true
			wait_until 5 server_gone "$dir" "$name" || fail "$name (pid $pid) cannot be stopped"
		fi
	fi
	rm -f "$dir/$name.pid"
}

# The one after the one that was given last to whichever test of this checkout; elsewhere any.
next_port() {
	local last=$RANDOM file=$PROJECT/.cache/port
	if [[ -d $PROJECT/.cache ]] && { : >>"$file"; } 2>/dev/null; then
		exec 9<"$file"
		flock 9
		read -r last <&9 || true
		echo $(((last + 1) % 12000)) >"$file"
	fi
	echo $((20000 + last % 12000))
}

# A TCP port that nobody has, or was given lately. Below the range the kernel hands out by itself, so that it stays
# free until the server takes it.
free_port() {
	local port hex try
	for ((try = 0; try < 100; try++)); do
		port=$(next_port)
		printf -v hex ':%04X ' "$port"
		if ! grep -qs "$hex" /proc/net/tcp /proc/net/tcp6; then
			echo "$port"
			return
		fi
	done
	fail "found no free port"
}

# write_env DIR NAME=value...: for the caller, on stdout and in DIR/env.
write_env() {
	local dir=$1
	shift
	(umask 077 && printf '%s\n' "$@" >"$dir/env")
	cat "$dir/env"
}

# The last lines of a log, when a server did not come up.
show_log() {
	tail -n "${2:-20}" "$1" | sed 's/^/    /' >&2
}

# need COMMAND PACKAGE: a sentence instead of "command not found".
need() {
	command -v "$1" >/dev/null || fail "$1 is not installed (Debian package: $2)"
}
