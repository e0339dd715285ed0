#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# deploy/containers/Dockerfile is built by Buildah on a bare Debian, and what it makes is run as its own settings say: as
# nobody, without capabilities, on a root that cannot be written to, without a shell. A posted contact becomes a row.
# INTAKE_DEBIAN=trixie does it with Debian 13.

load ../flow/support/intake

readonly BUILD_SECONDS=1500 NOBODY=65532

setup_file() {
	((EUID == 0)) || skip "only root can enter another system"
	"$PROJECT/deploy/install" fresh containers >&2
	local base
	base=$("$PROJECT/tests/fresh" --base "${INTAKE_DEBIAN:-bookworm}" | tail -n 1)
	IMAGES=$(mktemp -d "${TMPDIR:-/tmp}/intake-images.XXXXXX")
	export IMAGES
	image_of_base "$base" >"$IMAGES/base.log" 2>&1
}

teardown_file() {
	[[ ${IMAGES:-} ]] || return 0
	buildah_here rm --all >/dev/null
	buildah_here rmi --all --force >/dev/null
	rm -rf "$IMAGES"
}

# Its storage is a folder of the test's own.
buildah_here() {
	buildah --root "$IMAGES/storage" --runroot "$IMAGES/run" "$@"
}

# image_of_base FOLDER: a bare Debian in the place of the registry's.
image_of_base() {
	local container
	container=$(buildah_here from scratch)
	buildah_here add -q "$container" "$1" /
	buildah_here commit -q "$container" "debian:${INTAKE_DEBIAN:-bookworm}-slim"
	buildah_here rm "$container"
}

image_build() {
	timeout "$BUILD_SECONDS" nice buildah --root "$IMAGES/storage" --runroot "$IMAGES/run" bud --isolation chroot \
		--pull-never --layers --format docker --build-arg "DEBIAN=${INTAKE_DEBIAN:-bookworm}" --target "$1" \
		-f "$PROJECT/deploy/containers/Dockerfile" -t "intake-$1" "$PROJECT" >"$IMAGES/$1.log" 2>&1 ||
		{ tail -n 20 "$IMAGES/$1.log"; return 1; }
}

setup() {
	case_begin
	cp /etc/resolv.conf "$CASE/"
	for target in gateway worker migrations; do
		image_build "$target"
		buildah_here inspect --type image "intake-$target" >"$CASE/$target.json"
		container_root "$target"
	done
}

teardown() {
	case_end
}

# container_root IMAGE: its files in $CASE/IMAGE.root; where the image needs none, without any shell.
container_root() {
	local container root
	container=$(buildah_here from --pull-never "intake-$1")
	root=$(buildah_here mount "$container")
	ln -s "$root" "$CASE/$1.root"
	chmod 755 "$CASE"
	[[ $1 == migrations ]] || rm -f "$root"/bin/{sh,bash,dash} "$root"/usr/bin/{sh,bash,dash,perl}
}

# config IMAGE FILTER: of what the image says of itself.
config() {
	jq -r ".Docker.config.$2" "$CASE/$1.json"
}

# container_launch IMAGE NAME NAME=value...: what the image's settings start, in a mount namespace of its own.
container_launch() {
	local image=$1 name=$2 command settings
	shift 2
	mapfile -t settings < <(config "$image" "Env[]")
	mapfile -t command < <(config "$image" "Entrypoint[], .Docker.config.Cmd[]")
	[[ ${COMMAND:-} == '' ]] || command=("$(config "$image" "Entrypoint[0]")" "$COMMAND")
	grep -qsx "$name" "$CASE/programs" || echo "$name" >>"$CASE/programs"
	launch "$CASE" "$name" container_enter "$CASE/$image.root" "$(config "$image" User)" \
		env -i "${settings[@]}" "$@" "${command[@]}"
}

# The programs find what launch starts by its name: setsid runs no function.
launch() {
	local dir=$1 name=$2 pid
	shift 2
	"$@" </dev/null >>"$dir/$name.log" 2>&1 3>&- &
	pid=$!
	sleep 0.1
	echo "$pid $(process_started "$pid")" >"$dir/$name.pid"
}

# container_enter ROOT USER COMMAND...
container_enter() {
	local root user=$2
	root=$(readlink -f "$1")
	shift 2
	# shellcheck disable=SC2016 # it is the inner shell's
	exec unshare --mount --propagation private bash -c '
		mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && mount -t proc -o ro proc "$1/proc" || exit 1
		cd "$1" && shift && exec chroot . "$@"' container "$root" \
		/usr/bin/setpriv --reuid "${user%:*}" --regid "${user#*:}" --clear-groups --no-new-privs --bounding-set=-all \
		--inh-caps=-all "$@"
}

# expect_no_rights NAME: it is nobody, may nothing, and can write nowhere.
expect_no_rights() {
	local status
	status=$(</"proc/$(program_pid "$1")/status")
	expect "user of $1" "$(awk '/^Uid/ { print $2, $3 }' <<<"$status")" "$NOBODY $NOBODY"
	expect "capabilities of $1" "$(awk '/^Cap(Eff|Prm|Bnd)/ { print $2 }' <<<"$status" | sort -u)" 0000000000000000
	awk '$5 == "/" { print $6 }' "/proc/$(program_pid "$1")/mountinfo" | grep -q '^ro'
}

# check_health IMAGE: what HEALTHCHECK says, beside the running one.
check_health() {
	local command
	mapfile -t command < <(config "$1" "Healthcheck.Test[1:][]")
	container_enter "$CASE/$1.root" "$NOBODY:$NOBODY" env -i "${SETTINGS[@]}" "${command[@]}"
}

# healthy IMAGE
healthy() {
	[[ $(check_health "$1" 2>/dev/null) == ok ]]
}

@test "the images are built, and their programs run without rights, shell or a place to write" {
	local fresh=${CASE_DATABASE}_images url
	psql -X -q "postgresql://$FLOW_SERVER/postgres" -c "create database $fresh"
	url=postgresql://$PGUSER:$PGPASSWORD@$FLOW_SERVER/$fresh
	COMMAND='' container_launch migrations migrate "DATABASE_URL=$url"
	wait_until 120 server_gone "$CASE" migrate
	wait "$(cut -d' ' -f1 "$CASE/migrate.pid")" || { tail "$CASE/migrate.log"; return 1; }
	export DATABASE=postgresql://$FLOW_SERVER/$fresh
	sql "select 1 from intake.api_keys" >/dev/null
	business_make

	echo "127.0.0.1:$(free_port)" >"$CASE/gateway1.listen"
	echo "127.0.0.1:$(free_port)" >"$CASE/gateway1.admin"
	echo "127.0.0.1:$(free_port)" >"$CASE/worker1.admin"
	SETTINGS=("KAFKA_BROKERS=$KAFKA_BROKERS" "CONTACTS_TOPIC=$CONTACTS_TOPIC" "WORKER_GROUP=$WORKER_GROUP"
		"GATEWAY_LISTEN=$(<"$CASE/gateway1.listen")" "GATEWAY_ADMIN_LISTEN=$(<"$CASE/gateway1.admin")")
	CASE_DATABASE=$fresh
	SETTINGS+=("DATABASE_URL=$(login_url gateway)")
	container_launch gateway gateway1 "${SETTINGS[@]}"
	await_ready gateway1
	wait_until 10 healthy gateway
	expect_no_rights gateway1
	SETTINGS=("KAFKA_BROKERS=$KAFKA_BROKERS" "CONTACTS_TOPIC=$CONTACTS_TOPIC" "WORKER_GROUP=$WORKER_GROUP"
		"WORKER_ADMIN_LISTEN=$(<"$CASE/worker1.admin")" "DATABASE_URL=$(login_url worker)")
	! healthy worker || { echo "a worker that does not run is healthy"; return 1; }
	container_launch worker worker1 "${SETTINGS[@]}"
	await_ready worker1
	wait_until 10 healthy worker
	expect_no_rights worker1

	post 1 "$KEY" "$(contact_json "In a container" container@example.com)"
	expect_accepted
	await_sql "select name from contacts where email = 'container@example.com'" "In a container"
	program_stop worker1
	program_stop gateway1
	du -sh "$(readlink -f "$CASE/gateway.root")" "$(readlink -f "$CASE/worker.root")" \
		"$(readlink -f "$CASE/migrations.root")" | awk '{ print "# " $1 }' >&3
	psql -X -q "postgresql://$FLOW_SERVER/postgres" -c "drop database $fresh with (force)"
}
