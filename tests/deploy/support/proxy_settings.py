#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The proxies' limits and words are the gateway's.

proxy_settings.py GATEWAY

GATEWAY  the program, whose table says the settings' defaults. Prints what differs; exits 0 if nothing does.
"""

import pathlib
import re
import subprocess
import sys

PROJECT = pathlib.Path(__file__).resolve().parents[3]
NGINX = (PROJECT / "deploy/nginx/intake.conf").read_text()
HAPROXY = (PROJECT / "deploy/haproxy/haproxy.cfg").read_text()

# Where a value stands, what it has to be to the setting, and by what the setting is divided.
RULES = (
    (NGINX, r"client_max_body_size (\d+);", "is", "GATEWAY_MAX_BODY_BYTES", 1),
    (NGINX, r"client_body_buffer_size (\d+)k;", "is", "GATEWAY_MAX_BODY_BYTES", 1024),
    (NGINX, r"client_header_timeout (\d+)s;", "is", "GATEWAY_HEAD_TIMEOUT_MS", 1000),
    (NGINX, r"client_body_timeout (\d+)s;", "is", "GATEWAY_BODY_TIMEOUT_MS", 1000),
    (NGINX, r"\n\tkeepalive_timeout (75)s;", "is", "GATEWAY_IDLE_TIMEOUT_MS", 1000),
    (NGINX, r"\n\tkeepalive_timeout (60)s;", "less", "GATEWAY_IDLE_TIMEOUT_MS", 1000),
    (NGINX, r"\n\tsend_timeout (\d+)s;", "is", "GATEWAY_WRITE_TIMEOUT_MS", 1000),
    (NGINX, r"proxy_read_timeout (\d+)s;", "more", "GATEWAY_ANSWER_TIMEOUT_MS", 1000),
    (NGINX, r"limit_conn intake_addresses (\d+);", "is", "GATEWAY_MAX_CONNECTIONS_PER_ADDRESS", 1),
    (HAPROXY, r"\n\tmaxconn (\d+)", "is", "GATEWAY_MAX_CONNECTIONS", 1),
    (HAPROXY, r"timeout http-request (\d+)s", "is", "GATEWAY_HEAD_TIMEOUT_MS", 1000),
    (HAPROXY, r"timeout client (\d+)s", "is", "GATEWAY_BODY_TIMEOUT_MS", 1000),
    (HAPROXY, r"timeout http-keep-alive (\d+)s", "is", "GATEWAY_IDLE_TIMEOUT_MS", 1000),
    (HAPROXY, r"timeout server (\d+)s", "more", "GATEWAY_ANSWER_TIMEOUT_MS", 1000),
    (HAPROXY, r"sc0_conn_cur gt (\d+)", "is", "GATEWAY_MAX_CONNECTIONS_PER_ADDRESS", 1),
)
COMPARE = {
    "is": lambda value, setting: value == setting,
    "less": lambda value, setting: value < setting,
    "more": lambda value, setting: value > setting,
}


def settings_of(gateway):
    command = [gateway, "describe", "--settings"]
    table = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout
    return dict(re.findall(r"^\| `(\w+)` \| (\d+) \|", table, re.M))


def refusals_of_gateway():
    """{error: (status, sentence)} of gateway/reply.c."""
    text = re.sub(r'"\s*"', "", (PROJECT / "gateway/reply.c").read_text())
    rows = re.findall(r'\{(\d+), "(\w+)", METRIC_\w+,\s*"([^"]*)"\}', text)
    return {error: (status, sentence) for status, error, sentence in rows}


def refusals_of_proxies():
    for error, sentence, status in re.findall(
        r'"error":"(\w+)","message":"([^"$]*)","status":(\d+)', NGINX + HAPROXY
    ):
        yield error, status, sentence
    for error, sentence in re.findall(r'^\t(not_stored|default) "(.*)";$', NGINX, re.M):
        yield error.replace("default", "maybe_stored"), "503", sentence


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    problems = []
    settings = settings_of(sys.argv[1])
    for text, pattern, relation, name, divisor in RULES:
        found = re.findall(pattern, text)
        wanted = float(settings[name]) / divisor
        if len(found) != 1 or not COMPARE[relation](float(found[0]), wanted):
            problems.append(f"{pattern.strip()}: {found}, {relation} {wanted:g} ({name})")
    ours = refusals_of_gateway()
    count = 0
    for error, status, sentence in refusals_of_proxies():
        count += 1
        if ours.get(error) != (status, sentence):
            problems.append(f"{error}: {status} {sentence!r}, the gateway says {ours.get(error)}")
    print("\n".join(problems) or f"{len(RULES)} limits, {count} sentences")
    sys.exit(bool(problems) or not count)


main()
