#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# deploy/kubernetes on a Kubernetes of the least version that it is for, by the procedures of deploy/README.md. Etcd, API
# server, controllers and scheduler are real; kwok plays the nodes, and no container runs (support/cluster).

load ../flow/support/intake
load ../flow/support/procedure

readonly ROLL_SECONDS=120 SOON_SECONDS=60

setup_file() {
	"$PROJECT/tests/tool" cluster >&2
}

# The operator has files of their own.
setup() {
	CLUSTER=$(mktemp -d "$FLOW_DIR/cluster.XXXXXX")
	mkdir "$CLUSTER/bin"
	cp -r "$PROJECT/deploy" "$CLUSTER/"
	ln -s "$("$PROJECT/tests/tool" kubectl)" "$CLUSTER/bin/kubectl"
	PATH=$CLUSTER/bin:$PATH
	# shellcheck disable=SC1090
	source <("$PROJECT/tests/deploy/support/cluster" start "$CLUSTER/local" 2>"$CLUSTER/start.log") ||
		{ cat "$CLUSTER/start.log"; return 1; }
	export KUBECONFIG
	kubectl create -f "$("$PROJECT/tests/tool" cluster)" >/dev/null
	echo "postgresql://nobody@localhost/none" | tee "$CLUSTER/"{owner,gateway,worker,redis}_url >/dev/null
	operator "prepare a cluster"
}

teardown() {
	end_jobs
	[[ -n ${BATS_TEST_COMPLETED:-} ]] || kubectl -n intake get all,events
	"$PROJECT/tests/deploy/support/cluster" stop "$CLUSTER/local"
	rm -rf "$CLUSTER"
}

# operator PROCEDURE [NAME=value]...
operator() {
	PROJECT=$CLUSTER procedure "$@"
}

intake() {
	kubectl -n intake "$@"
}

# rolled NAME...: each Deployment has what was last said.
rolled() {
	local name
	for name; do
		intake rollout status "deployment/intake-$name" --timeout="${ROLL_SECONDS}s" >/dev/null
	done
}

# images KIND: of all of a kind, once each.
images() {
	intake get "$1" -o jsonpath='{range .items[*]}{.spec.template.spec.containers[0].image}{"\n"}{end}' | sort -u | tr '\n' ' '
}

# watch NAME: notes the Deployment's numbers of pods (wanted, there, ready) whenever one changes, until the case ends.
watch() {
	intake get "deployment/intake-$1" --watch 3>&- >"$CLUSTER/$1.numbers" \
		-o jsonpath='{.spec.replicas} {.status.replicas} {.status.readyReplicas}{"\n"}' &
	wait_until "$SOON_SECONDS" test -s "$CLUSTER/$1.numbers"
}

# least NAME COLUMN: since it is watched.
least() {
	awk -v column="$2" '{ print $column + 0 }' "$CLUSTER/$1.numbers" | sort -n | head -n 1
}

# watch_wanted NAME: notes how many pods each of its versions is to have, until the case ends. How many there are is told
# late: for moments, one that goes and the one in its place are both counted.
watch_wanted() {
	intake get replicaset -l "app.kubernetes.io/name=intake-$1" --watch 3>&- >"$CLUSTER/$1.wanted" \
		-o jsonpath='{.metadata.name} {.spec.replicas}{"\n"}' &
	wait_until "$SOON_SECONDS" test -s "$CLUSTER/$1.wanted"
}

# most_wanted NAME: of all versions at once, since they are watched.
most_wanted() {
	awk '{ sum += $2 - wanted[$1]; wanted[$1] = $2; if (sum > most) most = sum } END { print most }' "$CLUSTER/$1.wanted"
}

# replicas NAME
replicas() {
	intake get "deployment/intake-$1" -o jsonpath='{.spec.replicas}'
}

replicas_are() {
	[[ $(replicas "$1") == "$2" ]]
}

# running NAME: how many of its pods have a node.
running() {
	intake get pods -l "app.kubernetes.io/name=intake-$1" --field-selector status.phase=Running --no-headers 2>/dev/null | wc -l
}

running_are() {
	[[ $(running "$1") == "$2" ]]
}

# zones NAME: that its pods are in.
zones() {
	intake get pods -l "app.kubernetes.io/name=intake-$1" -o jsonpath='{range .items[*]}{.spec.nodeName}{"\n"}{end}' |
		xargs kubectl get node -o jsonpath='{range .items[*]}{.metadata.labels.topology\.kubernetes\.io/zone}{"\n"}{end}' |
		sort -u | tr '\n' ' '
}

# workers_may_go COUNT: so many could be evicted now.
workers_may_go() {
	[[ $(intake get poddisruptionbudget intake-worker -o jsonpath='{.status.disruptionsAllowed}') == "$1" ]]
}

pods_are_gone() {
	[[ -z $(intake get pods -o name) ]]
}

# own_overlay NAME RESOURCE COMPONENT...: the operator's own, beside the manifests; prints its folder.
own_overlay() {
	local folder=$CLUSTER/deploy/$1 resource=$2
	shift 2
	mkdir "$folder"
	printf 'resources: [../kubernetes/%s]\ncomponents: [%s]\n' "$resource" \
		"$(printf '../kubernetes/components/%s, ' "$@")" >"$folder/kustomization.yaml"
	echo "$folder"
}

@test "a version is applied, and at once the next: no job is in its way, no gateway is missed, no worker is too many" {
	operator "apply to a cluster" OVERLAY=small
	rolled gateway worker
	expect tokens "$(intake get pods -o json | jq '[.items[].spec.volumes[]? | select(.projected)] | length')" 0
	watch gateway
	watch_wanted worker
	sed -i 's/newTag: .*}/newTag: 99.0.0 }/' "$CLUSTER"/deploy/kubernetes/{jobs,base}/kustomization.yaml
	operator "apply to a cluster" OVERLAY=small
	expect "images of the jobs" "$(images job)" "intake-migrations:99.0.0 intake-worker:99.0.0 "
	rolled gateway worker
	expect "images that run" "$(images deployment)" "intake-gateway:99.0.0 intake-worker:99.0.0 "
	expect "fewest gateways ready" "$(least gateway 3)" 2
	expect "most workers at once" "$(most_wanted worker)" 2
}

@test "a changed setting starts the programs anew" {
	operator "apply to a cluster" OVERLAY=small
	rolled gateway worker
	before=$(intake get replicaset -o name | wc -l)
	echo "GATEWAY_PUBLIC_URL=https://hooks.example.com" >>"$CLUSTER/deploy/kubernetes/base/intake.env"
	operator "apply to a cluster" OVERLAY=small
	rolled gateway worker
	expect "sets of pods" "$(intake get replicaset -o name | wc -l)" $((before + 2))
	config=$(intake get deployment intake-gateway -o jsonpath='{.spec.template.spec.containers[0].envFrom[0].configMapRef.name}')
	expect "its setting" "$(intake get configmap "$config" -o jsonpath='{.data.GATEWAY_PUBLIC_URL}')" https://hooks.example.com
}

@test "all of it is taken without a warning, and is then what was said" {
	local folders=("$CLUSTER"/deploy/kubernetes/{jobs,overlays/small,overlays/production}) folder
	folders+=("$(own_overlay jobs jobs kafka-login)" "$(own_overlay production overlays/production kafka-login kafka-login-keda)")
	for folder in "${folders[@]}"; do
		kubectl apply --dry-run=server --validate=strict --warnings-as-errors -k "$folder"
	done
	operator "apply to a cluster" OVERLAY=production
	kubectl diff -k "$CLUSTER/deploy/kubernetes/overlays/production"
	wait_until "$SOON_SECONDS" replicas_are gateway 3
	run ! kubectl -n intake run strong --image=x
	[[ $output == *'violates PodSecurity "restricted'* ]]
}

@test "from small to production and back, as many go on as were there, and who scales has the say" {
	operator "apply to a cluster" OVERLAY=small
	intake scale deployment intake-gateway --replicas=5
	rolled gateway worker
	watch gateway
	watch worker
	operator "from small to production"
	operator "apply to a cluster" OVERLAY=production
	rolled gateway
	expect "fewest gateways wanted" "$(least gateway 1)" 5
	expect "fewest workers wanted" "$(least worker 1)" 2
	operator "from production to small"
	expect "gateways wanted" "$(replicas gateway)" 2
	expect "scalers left" "$(intake get horizontalpodautoscaler,scaledobject -o name)" ''
	kubectl diff -k "$CLUSTER/deploy/kubernetes/overlays/small"
}

@test "while a zone is down there are as many gateways as are wanted, in the others" {
	operator "apply to a cluster" OVERLAY=production
	wait_until "$SOON_SECONDS" running_are gateway 3
	expect zones "$(zones gateway)" "zone-1 zone-2 zone-3 "
	kubectl cordon -l topology.kubernetes.io/zone=zone-3
	intake scale deployment intake-gateway --replicas=9
	wait_until "$SOON_SECONDS" running_are gateway 9
}

@test "nodes are drained though no worker is ready, and one at a time where they are" {
	operator "apply to a cluster" OVERLAY=small
	rolled gateway worker
	wait_until "$SOON_SECONDS" workers_may_go 1
	pods=$(intake get pods -l app.kubernetes.io/name=intake-worker -o name)
	for pod in $pods; do
		intake patch "$pod" --subresource=status -p '{"status":{"conditions":[{"type":"Ready","status":"False"}]}}'
	done
	wait_until "$SOON_SECONDS" workers_may_go 0
	for pod in $pods; do
		kubectl drain "$(intake get "$pod" -o jsonpath='{.spec.nodeName}')" --ignore-daemonsets --delete-emptydir-data \
			--pod-selector=app.kubernetes.io/name=intake-worker --timeout="${SOON_SECONDS}s"
	done
}

@test "what is removed leaves the secrets" {
	operator "apply to a cluster" OVERLAY=small
	operator "remove from a cluster"
	wait_until "$SOON_SECONDS" pods_are_gone
	expect left "$(intake get deployment,job,service,poddisruptionbudget -o name)" ''
	expect secrets "$(intake get secrets -o name | sort | tr '\n' ' ')" "secret/intake-gateway secret/intake-owner secret/intake-worker "
}
