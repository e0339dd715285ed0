# SPDX-License-Identifier: Apache-2.0
"""Check that manifests and compose file fit the programs' tables, the images, and each other.

manifests.py FOLDER: of what tests/check/manifests has put there. Prints what is wrong; exits 1 if anything is.
"""

import json
import pathlib
import re
import sys

import kubernetes_validate
import yaml

KUBERNETES = ("1.30", "1.34")
PROJECT = pathlib.Path(__file__).parents[2]
NOBODY = 65532
MIB = 1 << 20
ROW_BYTES = 500  # of a record that is read ahead, beyond key and value: WORKER_PREFETCH_ROWS says so
GRACE_SPARE_S = 2
PROGRAMS = ("gateway", "worker")
problems = []


def check(good, sentence):
    if not good:
        problems.append(sentence)


def constant(file, name):
    """A limit of the code, in milliseconds."""
    found = re.search(rf"\b{name} = ([0-9* ]+)", (PROJECT / file).read_text())
    product = 1
    for factor in found.group(1).split("*"):
        product *= int(factor)
    return product


class Program:
    """Settings by the program's own table, and what its image says."""

    def __init__(self, folder, name, stages):
        self.name = name
        self.prefix = f"{name.upper()}_"
        rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", (folder / f"{name}.settings").read_text(), re.M)
        self.defaults = dict(rows)
        self.image = stages[name]

    def setting(self, environment, name):
        return int(environment.get(name, self.defaults[name]))

    def check_names(self, where, environment):
        for name in environment:
            known = name in self.defaults or name.removesuffix("_FILE") in self.defaults
            check(known or name.startswith("KAFKA_PROPERTY_"), f"{where}: {name} is no setting of intake-{self.name}")
            secret = re.search(r"//[^/]*:[^/]*@|password", environment[name] or "")
            check(name.endswith("_FILE") or not secret, f"{where}: {name} has a password in it")
        for name in ("KAFKA_BROKERS", "DATABASE_URL"):
            check(name in environment or f"{name}_FILE" in environment, f"{where}: {name} is not set")

    def grace_s(self, environment):
        """The longest that its stop can take."""
        if self.name == "gateway":
            ms = (self.setting(environment, "GATEWAY_DRAIN_DELAY_MS")
                  + self.setting(environment, "GATEWAY_DRAIN_TIMEOUT_MS") + constant("gateway/server.c", "FLUSH_MS"))
        else:
            ms = (constant("worker/consume.c", "STOP_WAIT_MS") + constant("worker/assignment.c", "REVOKE_WAIT_MS")
                  + constant("worker/commit.c", "COMMIT_WAIT_MS") + constant("worker/topic_look.c", "ANSWER_MS"))
        return ms / 1000

    def memory_least(self, environment):
        if self.name == "gateway":
            return self.setting(environment, "GATEWAY_MAX_BUFFER_BYTES") + 64 * MIB
        return (2 * self.setting(environment, "WORKER_PREFETCH_BYTES")
                + self.setting(environment, "WORKER_PREFETCH_ROWS") * ROW_BYTES + 64 * MIB)


def dockerfile_stages():
    """By name: the environment, ports, user and commands of each stage, those before it included."""
    stages, at = {}, None
    text = (PROJECT / "deploy/containers/Dockerfile").read_text().replace("\\\n", " ")
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        if word == "FROM":
            base, _, name = rest.split(" ")
            at = {key: value.copy() for key, value in stages.get(base, {"ENV": {}, "EXPOSE": [], "USER": []}).items()}
            stages[name] = at
        elif word == "ENV":
            at["ENV"].update(pair.split("=", 1) for pair in rest.split())
        elif word == "EXPOSE":
            at["EXPOSE"] = [int(port) for port in rest.split()]
        elif word == "USER":
            at["USER"] = [rest]
        elif word in ("ENTRYPOINT", "CMD") or (word == "HEALTHCHECK" and "CMD" in rest):
            check(rest[rest.index("["):].startswith('["') if "[" in rest else False, f"{word} {rest} needs a shell")
    return stages


def bytes_of(text):
    units = {"Ki": 1 << 10, "Mi": MIB, "Gi": 1 << 30}
    return int(text[:-2]) * units[text[-2:]] if text[-2:] in units else int(text)


# ---- Kubernetes

def check_restricted(where, spec):
    """What the restricted pod security standard wants, and a little more."""
    pod, container = spec["securityContext"], spec["containers"][0]
    own = container["securityContext"]
    check(pod["runAsNonRoot"] and pod["runAsUser"] == NOBODY, f"{where}: may run as root")
    check(pod["seccompProfile"]["type"] == "RuntimeDefault", f"{where}: no seccomp profile")
    check(own["allowPrivilegeEscalation"] is False and own["readOnlyRootFilesystem"] is True
          and own["capabilities"]["drop"] == ["ALL"], f"{where}: has rights that it does not need")
    check(spec["automountServiceAccountToken"] is False, f"{where}: has a token for the API")
    check(spec["enableServiceLinks"] is False, f"{where}: Services can set names that stop the start")
    check("memory" in container["resources"]["limits"], f"{where}: no limit of memory")


def environment_of(container, configs):
    environment = {}
    for source in container.get("envFrom", []):
        environment |= configs[source["configMapRef"]["name"]]
    return environment | {entry["name"]: entry["value"] for entry in container["env"]}


def check_deployment(where, program, deployment, configs):
    spec = deployment["spec"]["template"]["spec"]
    container = spec["containers"][0]
    environment = environment_of(container, configs)
    program.check_names(where, environment)
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    for name, setting in (("admin", "ADMIN_LISTEN"), ("webhooks", "LISTEN")):
        value = environment.get(program.prefix + setting)
        check(value is None or value == f"*:{ports.get(name)}", f"{where}: {setting} is {value}, the port {ports}")
    check(sorted(ports.values()) == sorted(program.image["EXPOSE"]), f"{where}: the image exposes other ports")
    probes = {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
    for probe, path in probes.items():
        check(container[probe]["httpGet"] == {"path": path, "port": "admin"}, f"{where}: {probe} does not ask {path}")
    grace_s, needed_s = spec["terminationGracePeriodSeconds"], program.grace_s(environment)
    check(needed_s + GRACE_SPARE_S <= grace_s <= 2 * needed_s, f"{where}: {grace_s} s to stop, {needed_s} s needed")
    limit = bytes_of(container["resources"]["limits"]["memory"])
    least = program.memory_least(environment)
    check(least <= limit, f"{where}: a limit of {limit // MIB} MiB, its settings allow {least // MIB}")
    mounts = [mount["mountPath"] for mount in container["volumeMounts"]]
    for name, value in environment.items():
        check(not name.endswith("_FILE") or any(value.startswith(mount) for mount in mounts),
              f"{where}: {name} is {value}, which nothing mounts")
    if program.name == "gateway":
        probe = container["readinessProbe"]
        seen_ms = 1000 * probe["periodSeconds"] * probe["failureThreshold"] + 1000 * probe["timeoutSeconds"]
        check(program.setting(environment, "GATEWAY_DRAIN_DELAY_MS") >= seen_ms,
              f"{where}: it stops accepting before the probe can have told that it drains")


def is_let_out(objects, labels, protocol, number):
    """Whether a pod of these labels may talk to that port of the cluster's names."""
    for (kind, _), found in objects.items():
        if kind != "NetworkPolicy" or not found["spec"]["podSelector"].get("matchLabels", {}).items() <= labels.items():
            continue
        for rule in found["spec"].get("egress", []):
            if {"protocol": protocol, "port": number} in rule.get("ports", []):
                return True
    return False


def check_names_are_found(where, objects):
    """In each set of manifests by itself: the jobs are applied before all others, and waited for."""
    for (kind, name), found in objects.items():
        if kind in ("Deployment", "Job"):
            labels = found["spec"]["template"]["metadata"]["labels"]
            check(is_let_out(objects, labels, "UDP", 53) and is_let_out(objects, labels, "TCP", 53),
                  f"{where}: {kind} {name} may not ask for names")
    deny = objects.get(("NetworkPolicy", "deny-all"), {}).get("spec")
    check(deny == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}, f"{where}: deny-all does not")


def check_references(where, objects):
    """Selectors find their pods, and every pod has its budget and its way through the network."""
    pods = {name: objects["Deployment", name]["spec"]["template"]["metadata"]["labels"]
            for kind, name in objects if kind == "Deployment"}
    for name, labels in pods.items():
        for kind in ("PodDisruptionBudget", "NetworkPolicy"):
            found = objects.get((kind, name), {}).get("spec", {})
            selector = (found.get("selector") or found.get("podSelector", {})).get("matchLabels", {})
            check(selector and selector.items() <= labels.items(), f"{where}: no {kind} of {name}")
        for spread in objects["Deployment", name]["spec"]["template"]["spec"]["topologySpreadConstraints"]:
            check(spread["labelSelector"]["matchLabels"].items() <= labels.items(), f"{where}: {name} spreads others")
            check(spread["whenUnsatisfiable"] != "DoNotSchedule" or spread.get("nodeTaintsPolicy") == "Honor",
                  f"{where}: {name}: a zone that is down keeps pods from the others")
        selector = objects["Deployment", name]["spec"]["selector"]["matchLabels"]
        check(selector.items() <= labels.items(), f"{where}: {name} selects others")
    service = objects["Service", "intake-gateway"]["spec"]
    check(service["selector"].items() <= pods["intake-gateway"].items(), f"{where}: the Service finds no gateway")


def check_watched(where, objects):
    """In a cluster, a process' job is what the pod's label and port make it (deploy/prometheus/kubernetes.yaml)."""
    scraped = yaml.safe_load((PROJECT / "deploy/prometheus/kubernetes.yaml").read_text())["scrape_configs"][0]
    port, job, _ = scraped["relabel_configs"]
    jobs = {found["job_name"] for found in
            yaml.safe_load((PROJECT / "deploy/prometheus/prometheus.yaml").read_text())["scrape_configs"]}
    label = job["source_labels"][0].removeprefix("__meta_kubernetes_pod_label_")
    for (kind, name), found in objects.items():
        if kind == "Deployment":
            template = found["spec"]["template"]
            labels = {re.sub(r"\W", "_", key): value for key, value in template["metadata"]["labels"].items()}
            check(labels[label] in jobs, f"{where}: {name} is no job of the alerts")
            check(port["regex"] in [named["name"] for named in template["spec"]["containers"][0]["ports"]],
                  f"{where}: {name} is not scraped")
            check(found["metadata"]["namespace"] in scraped["kubernetes_sd_configs"][0]["namespaces"]["names"],
                  f"{where}: {name} is in another namespace than is watched")


def configs_of(objects):
    return {found["metadata"]["name"]: found["data"] for (kind, _), found in objects.items() if kind == "ConfigMap"}


def check_scaling(where, objects, topic_partitions):
    scaled = objects["ScaledObject", "intake-worker"]["spec"]
    metadata = scaled["triggers"][0]["metadata"]
    deployment = objects["Deployment", "intake-worker"]
    config = environment_of(deployment["spec"]["template"]["spec"]["containers"][0], configs_of(objects))
    check(scaled["scaleTargetRef"]["name"] == "intake-worker", f"{where}: scales something else")
    check((metadata["topic"], metadata["consumerGroup"]) == (config["CONTACTS_TOPIC"], config["WORKER_GROUP"]),
          f"{where}: watches another topic or group than the workers read")
    check(metadata["bootstrapServersFromEnv"] in config, f"{where}: no such variable")
    check(metadata["offsetResetPolicy"] == "earliest", f"{where}: a new partition would have no lag")
    check(scaled["maxReplicaCount"] <= topic_partitions, f"{where}: more workers than partitions")
    for (kind, name), found in objects.items():
        check(kind != "Deployment" or "replicas" not in found["spec"], f"{where}: {name} is scaled and has a number")


def secret_files(spec):
    """By the path of its mount, the Secret whose keys are files there."""
    secrets = {volume["name"]: volume["secret"]["secretName"] for volume in spec.get("volumes", []) if "secret" in volume}
    mounts = spec["containers"][0].get("volumeMounts", [])
    return {mount["mountPath"]: secrets[mount["name"]] for mount in mounts if mount["name"] in secrets}


def check_program_login(where, name, spec, configs):
    """It has a name at Kafka, from files of its own Secret. Returns the Secret's key for user name and password."""
    environment = environment_of(spec["containers"][0], configs)
    check(environment.get("KAFKA_PROPERTY_SECURITY_PROTOCOL") == "SASL_SSL", f"{where}: {name} has no login")
    keys = {}
    for setting in ("username", "password"):
        path = environment.get(f"KAFKA_PROPERTY_SASL_{setting.upper()}_FILE", "/")
        folder, keys[setting] = path.rsplit("/", 1)
        check(secret_files(spec).get(folder) == name, f"{where}: {name} has no {setting} of its own")
    return keys


def check_keda_login(where, objects, worker, keys, configs):
    """KEDA logs in as the workers do."""
    trigger = objects["ScaledObject", "intake-worker"]["spec"]["triggers"][0]
    login = objects["TriggerAuthentication", trigger["authenticationRef"]["name"]]["spec"]["secretTargetRef"]
    given = {reference["parameter"]: (reference["name"], reference["key"]) for reference in login}
    check(given == {name: ("intake-worker", key) for name, key in keys.items()}, f"{where}: KEDA's login is {given}")
    mechanism = environment_of(worker["containers"][0], configs)["KAFKA_PROPERTY_SASL_MECHANISM"]
    check(trigger["metadata"]["sasl"].replace("_", "") == mechanism.lower().replace("-", "")
          and trigger["metadata"]["tls"] == "enable", f"{where}: KEDA logs in in another way than by {mechanism} and TLS")


def check_login(where, objects, configs):
    specs = {name: found["spec"]["template"]["spec"] for (kind, name), found in objects.items()
             if kind in ("Deployment", "Job") and name != "intake-migrate"}
    keys = {name: check_program_login(where, name, spec, configs) for name, spec in specs.items()}
    if ("ScaledObject", "intake-worker") in objects:
        check_keda_login(where, objects, specs["intake-worker"], keys["intake-worker"], configs)


def check_topics_job(objects):
    """It makes the topic that gateways and workers use."""
    container = objects["Job", "intake-topics"]["spec"]["template"]["spec"]["containers"][0]
    said = {line["name"]: line["value"] for line in container["env"] if not line["name"].startswith("KAFKA_PROPERTY_")}
    shared = dict(line.split("=", 1) for line in
                  pathlib.Path("deploy/kubernetes/base/intake.env").read_text().split() if line[0] != "#")
    check(said == shared, f"jobs: the topics' job says {said}, base/intake.env {shared}")


def read_objects(path):
    documents = list(yaml.safe_load_all(path.read_text()))
    for document in documents:
        for version in KUBERNETES:
            try:
                kubernetes_validate.validate(document, version, strict=True)
            except kubernetes_validate.SchemaNotFoundError:
                check(document["apiVersion"] == "keda.sh/v1alpha1", f"{path.stem}: no schema of {document['kind']}")
            except kubernetes_validate.ValidationError as error:
                check(False, f"{path.stem}: {document['kind']} {document['metadata']['name']}: {error.message}")
    return {(document["kind"], re.sub(r"-[a-z0-9]{10}$", "", document["metadata"]["name"])): document
            for document in documents}


def check_overlay(path, programs, partitions):
    objects = read_objects(path)
    configs = configs_of(objects)
    check(not any(kind == "Secret" for kind, _ in objects), f"{path.stem}: has a Secret in it")
    for (kind, name), found in objects.items():
        where = f"{path.stem}: {kind} {name}"
        check(kind == "Namespace" or found["metadata"].get("namespace") == "intake", f"{where}: is in no namespace")
        if kind in ("Deployment", "Job"):
            check_restricted(where, found["spec"]["template"]["spec"])
            image = found["spec"]["template"]["spec"]["containers"][0]["image"]
            check(image.endswith(f":{version()}"), f"{where}: {image} is not of this version")
        if kind == "Deployment":
            check_deployment(where, programs[name.removeprefix("intake-")], found, configs)
    check_names_are_found(path.stem, objects)
    if path.stem.startswith("login-"):
        check_login(path.stem, objects, configs)
    if ("Job", "intake-topics") in objects:
        check_topics_job(objects)
    if ("Deployment", "intake-gateway") in objects:
        check_references(path.stem, objects)
        check_watched(path.stem, objects)
    if ("ScaledObject", "intake-worker") in objects:
        check_scaling(path.stem, objects, partitions)


def version():
    return re.search(r"project\(intake VERSION (\S+)", (PROJECT / "CMakeLists.txt").read_text()).group(1)


# ---- Compose

def seconds_of(text):
    minutes, seconds = re.fullmatch(r"(?:(\d+)m)?(?:(\d+)s)?", text).groups()
    return 60 * int(minutes or 0) + int(seconds or 0)


def check_kafka(service):
    """Of one heap a broker's Java takes half as much again, and the health check starts another one beside it. The
    version is the one that tests run."""
    tested = re.search(r"kafka_2.13</artifactId>\s*<version>([\d.]+)<", (PROJECT / "deploy/local/pom.xml").read_text())
    check(service["image"] == f"apache/kafka:{tested.group(1)}", f"compose: kafka is not {tested.group(1)}, which is tested")
    heap = re.fullmatch(r"-Xmx(\d+)m", service["environment"].get("KAFKA_HEAP_OPTS", "-Xmx1024m"))
    check(int(service["mem_limit"]) >= 2.5 * int(heap.group(1)) * MIB, "compose: kafka: its heap leaves too little room")


def check_compose(compose, programs):
    services = compose["services"]
    check_kafka(services["kafka"])
    for name in ("gateway-1", "gateway-2", "worker-1", "worker-2"):
        service, program = services[name], programs[name[:-2]]
        environment = service["environment"]
        where = f"compose: {name}"
        program.check_names(where, environment)
        check(seconds_of(service["stop_grace_period"]) >= program.grace_s(environment), f"{where}: killed while it stops")
        check(int(service["mem_limit"]) >= program.memory_least(environment), f"{where}: too little memory")
        check(service["healthcheck"]["test"][:3] == ["CMD", f"/usr/bin/intake-{program.name}", "healthcheck"],
              f"{where}: another health check")
        for port in service.get("ports", []):
            check(port["target"] == 8080 and port["host_ip"] == "127.0.0.1", f"{where}: publishes {port}")
    for name, service in services.items():
        ours = service["image"].startswith("intake-")
        check(not ours or (service.get("read_only") and service.get("cap_drop") == ["ALL"]),
              f"compose: {name} can write, or has capabilities")
        check("mem_limit" in service, f"compose: {name} has no limit of memory")
        for variable, value in service.get("environment", {}).items():
            check(not variable.endswith("_FILE") or value.rsplit("/", 1)[1] in
                  [secret["source"] for secret in service["secrets"]], f"compose: {name}: {variable} is not mounted")


def main():
    folder = pathlib.Path(sys.argv[1])
    stages = dockerfile_stages()
    programs = {name: Program(folder, name, stages) for name in PROGRAMS}
    for name in (*PROGRAMS, "migrations"):
        check(stages[name]["USER"] == [f"{NOBODY}:{NOBODY}"], f"the image {name} runs as {stages[name]['USER']}")
    for program in programs.values():
        for name in program.image["ENV"]:
            check(name in program.defaults, f"the image {program.name}: {name} is no setting")
    partitions = constant("worker/topics.c", "PARTITIONS_DEFAULT")
    for name in ("namespace", "jobs", "small", "production", "login-jobs", "login-production"):
        check_overlay(folder / f"{name}.yaml", programs, partitions)
    compose = json.loads((folder / "compose.json").read_text())
    check_compose(compose, programs)
    made = {path.name for path in (folder / "secrets").iterdir()}
    used = {pathlib.Path(secret["file"]).name for secret in compose["secrets"].values()}
    check(made == used, f"compose and make-secrets differ: {made ^ used}")
    print(*problems, sep="\n", end="\n" if problems else "")
    sys.exit(1 if problems else 0)


main()
