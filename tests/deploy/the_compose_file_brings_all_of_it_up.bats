#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What deploy/containers/compose.yaml says of each service is done here without Docker: its command, environment, user and
# secrets, behind the names and ports of its network. The images of Kafka, Postgres and Redis are not to be had: Kafka
# makes its settings of the environment by the class that its image starts, Postgres and Redis are Debian's.

load ../flow/support/intake

readonly NOBODY=65532
# What apache/kafka's image calls every cluster that is not given a name.
readonly IMAGES_CLUSTER_ID=5L6g3nShT-eMCtK--X86sw

setup() {
	((EUID == 0)) || skip "only root can make a network"
	CASE=$(mktemp -d "$FLOW_DIR/case.XXXXXX")
	chmod 755 "$CASE"
	: >"$CASE/programs"
	KAFKA_SCRIPTS=$("$PROJECT/tests/tool" kafka-scripts)
	KAFKA_JARS=$PROJECT/.cache/kafka-$(basename "$KAFKA_SCRIPTS" | sed 's/.*-//')/jars
	"$PROJECT/deploy/containers/make-secrets" "$CASE/secrets"
	"$("$PROJECT/tests/tool" docker-compose)" -f "$PROJECT/deploy/containers/compose.yaml" config --format json >"$CASE/compose.json"
	network_start
}

teardown() {
	local program log
	[[ -n ${CASE:-} ]] || return 0
	[[ -n ${BATS_TEST_COMPLETED:-} ]] || for log in "$CASE"/*.log; do
		echo "--- the end of ${log##*/}"
		tail -n 15 "$log"
	done
	while read -r program; do
		end "$CASE" "$program" TERM "$STOP_SECONDS"
	done <"$CASE/programs"
	[[ ! -d $CASE/postgres ]] || "$PROJECT/deploy/local/postgres" stop "$CASE/postgres"
	end "$CASE" network TERM 5
	rm -rf "$CASE"
}

# ---- one network for all

# of SERVICE FILTER: what the compose file says of it.
of() {
	jq -r --arg service "$1" ".services[\$service] | $2" "$CASE/compose.json"
}

# Every service is a name of loopback's, and each has a folder of its own where its volume would be.
network_start() {
	{ echo "127.0.0.1 localhost $(hostname)" && jq -r '.services | keys[] | "127.0.0.1 " + .' "$CASE/compose.json"; } >"$CASE/hosts"
	mkdir -m 777 "$CASE/volumes"
	# shellcheck disable=SC2016 # that shell's
	launch "$CASE" network unshare --mount --net --propagation private sh -c '
		ip link set lo up && mount --bind "$0/hosts" /etc/hosts && mount -t tmpfs tmpfs /var/lib && touch "$0/up" &&
			exec sleep infinity' "$CASE"
	wait_until 10 test -e "$CASE/up"
	INSIDE=(nsenter --target "$(server_pid "$CASE" network)" --mount --net)
}

# in_container COMMAND...: what the service sees beside it: a /run with its secrets alone, its volumes, its user's rights.
# shellcheck disable=SC2016 # that shell's
IN_CONTAINER='set -e
case=$1 user=$2 volumes=$3 secrets=$4
shift 4
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/secrets
for secret in $secrets; do cp -p "$case/secrets/$secret" /run/secrets/; done
for volume in $volumes; do mkdir -p "$volume"; done
[ -n "$user" ] || exec "$@"
exec setpriv --reuid "$user" --regid "$user" --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all "$@"'

# prepare SERVICE USER [NAME=value]...: sets CONTAINER, what goes before each command of it; image settings come first.
prepare() {
	local service=$1 user=$2 settings
	shift 2
	mapfile -t settings < <(of "$service" '.environment // {} | to_entries[] | "\(.key)=\(.value)"')
	CONTAINER=("${INSIDE[@]}" unshare --mount --propagation private sh -c "$IN_CONTAINER" "$service" "$CASE" "$user"
		"$(of "$service" '[.volumes[]? | select(.type == "volume").target] | join(" ")')"
		"$(of "$service" '[.secrets[]?.source] | join(" ")')"
		env -i "PATH=$FLOW_BUILD/gateway:$FLOW_BUILD/worker:$PROJECT/deploy:$KAFKA_SCRIPTS:$PATH" "$@" "${settings[@]}")
}

# healthy SERVICE: by its own health check.
healthy() {
	local check
	mapfile -t check < <(of "$1" '.healthcheck.test[1:][]')
	"${CONTAINER[@]}" "${check[0]##*/}" "${check[@]:1}" >>"$CASE/health.log" 2>&1
}

await_healthy() {
	wait_until "$READY_SECONDS" healthy "$1" || { echo "$1 is not healthy"; return 1; }
}

# start SERVICE COMMAND...
start() {
	echo "$1" >>"$CASE/programs"
	launch "$CASE" "$1" "${CONTAINER[@]}" "${@:2}"
	await_healthy "$1"
}

# ---- the services

start_kafka() {
	local java=(java -cp "$KAFKA_JARS/*")
	mkdir "$CASE/kafka" "$CASE/mounted" "$CASE/defaults"
	: >"$CASE/kafka/server.properties"
	prepare kafka '' "CLUSTER_ID=$IMAGES_CLUSTER_ID"
	"${CONTAINER[@]}" "${java[@]}" kafka.docker.KafkaDockerWrapper setup --default-configs-dir "$CASE/defaults" \
		--mounted-configs-dir "$CASE/mounted" --final-configs-dir "$CASE/kafka" \
		>"$CASE/format.log" 2>&1
	start kafka "${java[@]:0:1}" "$(of kafka .environment.KAFKA_HEAP_OPTS)" "${java[@]:1}" kafka.Kafka \
		"$CASE/kafka/server.properties"
}

# As the image's first start: that user with that password, and his database.
start_postgres() {
	local owner
	owner=$("${INSIDE[@]}" "$PROJECT/deploy/local/postgres" start "$CASE/postgres" --port 5432 --fast |
		sed -n 's/^DATABASE_URL=//p')
	"${INSIDE[@]}" psql -X -q -v ON_ERROR_STOP=1 -v "password=$(<"$CASE/secrets/owner_password")" "$owner" \
		<<<"alter role $(of postgres .environment.POSTGRES_USER) password :'password'"
	prepare postgres ''
	await_healthy postgres
}

start_redis() {
	local command
	mapfile -t command < <(of redis '.command[]')
	prepare redis ''
	start redis "${command[@]}"
	expect "what Redis leaves out first" "$("${INSIDE[@]}" redis-cli config get maxmemory-policy | tail -n 1)" volatile-ttl
}

# once SERVICE COMMAND...: one that ends.
once() {
	timeout 60 "${CONTAINER[@]}" "${@:2}" >>"$CASE/$1.log" 2>&1 || { echo "$1 failed"; return 1; }
}

make_logins() {
	local command
	# shellcheck disable=SC2016 # it is jq's
	mapfile -t command < <(of logins '(.volumes[0]) as $v | .entrypoint[] | if . == $v.target then $v.source else . end')
	prepare logins "$(of logins '.user | split(":")[0]')"
	once logins "${command[@]}"
}

# image_settings TARGET: ENV of that stage of the Dockerfile.
image_settings() {
	sed -n "/ AS $1\$/,/^CMD/ s/^ENV //p" "$PROJECT/deploy/containers/Dockerfile" | tr ' ' '\n'
}

# start_program gateway|worker NUMBER [NAME=value]...: containers have ports of their own; here the second needs others.
start_program() {
	local settings
	mapfile -t settings < <(image_settings "$1")
	prepare "$1-$2" "$NOBODY" "${settings[@]}"
	CONTAINER+=("${@:3}")
	start "$1-$2" "intake-$1" "$([[ $1 == gateway ]] && echo serve || echo run)"
}

# post_to PORT KEY BODY: prints the status.
post_to() {
	"${INSIDE[@]}" curl -s -m 20 -o "$CASE/answer" -w '%{http_code}' -H @<(printf 'x-api-key: %s\n' "$2") -d "$3" \
		"http://127.0.0.1:$1/api/webhooks/contacts"
}

as_owner() {
	"${INSIDE[@]}" env "PGSERVICEFILE=$CASE/secrets/owner_service" PGSERVICE=intake PGUSER= PGPASSWORD= "$@"
}

# rows_are COUNT
rows_are() {
	[[ $(as_owner psql -XAtq -c 'select count(*) from contacts') == "$1" ]]
}

@test "compose: every service does its work for the others, and a contact posted to either gateway becomes a row" {
	local settings command business key
	start_kafka
	start_postgres
	start_redis
	mapfile -t settings < <(image_settings migrations)
	prepare migrations "$NOBODY" "${settings[@]}"
	once migrations migrate deploy
	make_logins
	make_logins
	mapfile -t command < <(of topics '.command[]')
	prepare topics "$NOBODY"
	once topics intake-worker "${command[@]}"
	start_program gateway 1
	start_program worker 1
	expect "the second gateway's settings" "$(of gateway-2 .environment)" "$(of gateway-1 .environment)"
	start_program gateway 2 "GATEWAY_LISTEN=*:8081" "GATEWAY_ADMIN_LISTEN=*:9190"
	start_program worker 2 "WORKER_ADMIN_LISTEN=*:9191"

	prepare gateway-1 "$NOBODY" # with the -v and -e of deploy/README.md
	CONTAINER=("${CONTAINER[@]/#gateway_url/owner_url}" DATABASE_URL_FILE=/run/secrets/owner_url)
	business=$("${CONTAINER[@]}" intake-gateway business create --name "Ada's shop" --json | jq -r .business_id)
	key=$("${CONTAINER[@]}" intake-gateway key regenerate --business "$business" --json | jq -r .api_key)
	expect "through the first" "$(post_to 8080 "$key" '{"name":"Ada","email":"ada@example.com"}')" 202
	expect "through the second" "$(post_to 8081 "$key" '{"name":"Bob","email":"bob@example.com"}')" 202
	wait_until "$APPLY_SECONDS" rows_are 2
	(($("${INSIDE[@]}" redis-cli dbsize) > 0)) || { echo "nothing is counted in Redis"; return 1; }
}
