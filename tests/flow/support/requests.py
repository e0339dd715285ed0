#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Send each request of tests/vectors/requests.json to a server and compare its answers.

requests.py ADDRESS VECTORS < KEY

Each carries the key, so that its body is read. What is no HTTP has the error bad_request; none of the
others is a contact. Prints what differs; exits 1 when anything does. The last line says how many were
sent.
"""

import json
import re
import socket
import sys

ANSWER_S, QUIET_S = 5, 0.05
STATUS_LINE = re.compile(rb"HTTP/1\.1 \d{3} ")


def receive(connection, wanted):
    """What came, up to the end or to a moment's silence behind `wanted` answers; and whether it ended."""
    received = b""
    try:
        while True:
            connection.settimeout(QUIET_S if len(STATUS_LINE.findall(received)) >= wanted else ANSWER_S)
            chunk = connection.recv(65536)
            if not chunk:
                return received, True
            received += chunk
    except TimeoutError:
        return received, False
    except ConnectionError:
        return received, True


def main():
    host, port = sys.argv[1].rsplit(":", 1)
    with open(sys.argv[2], encoding="utf-8") as file:
        vectors = json.load(file)
    key = sys.stdin.readline().strip()
    wrong = 0
    for vector in vectors:
        refused = vector["refused"]
        with socket.create_connection((host, int(port)), timeout=ANSWER_S) as connection:
            text = vector["bytes"].replace("Host: a\r\n", f"Host: a\r\nx-api-key: {key}\r\n", 1)
            connection.sendall(text.encode("latin-1"))
            # A refusal ends with a close: one answer more would come before it.
            received, closed = receive(connection, vector["answers"] + refused)
        answers = len(STATUS_LINE.findall(received))
        bad = received.count(b'"error":"bad_request"')
        if answers != vector["answers"] or bad != refused or (refused and not closed):
            wrong += 1
            print(f"{vector['name']}: {answers} answers, {bad} of them bad_request, {'closed' if closed else 'open'}")
    print(f"{len(vectors)} requests, {wrong} wrong")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
