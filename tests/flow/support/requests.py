#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Send each request of tests/vectors/requests.json to a server and compare its answers.

requests.py ADDRESS VECTORS

Prints what differs; exits 1 when anything does. The last line says how many were sent.
"""

import json
import socket
import sys

ANSWER_S, QUIET_S = 5, 0.05


def receive(connection, wanted):
    """What came, up to the end or to a moment's silence behind `wanted` answers; and whether it ended."""
    received = b""
    try:
        while True:
            connection.settimeout(QUIET_S if received.count(b"HTTP/1.1 ") >= wanted else ANSWER_S)
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
    wrong = 0
    for vector in vectors:
        refused = vector["refused"]
        with socket.create_connection((host, int(port)), timeout=ANSWER_S) as connection:
            connection.sendall(vector["bytes"].encode("latin-1"))
            # A refusal ends with a close: one answer more would come before it.
            received, closed = receive(connection, vector["answers"] + refused)
        answers = received.count(b"HTTP/1.1 ")
        bad = received.count(b"HTTP/1.1 400 ")
        if answers != vector["answers"] or bad != refused or (refused and not closed):
            wrong += 1
            print(f"{vector['name']}: {answers} answers, {bad} of them 400, {'closed' if closed else 'open'}")
    print(f"{len(vectors)} requests, {wrong} wrong")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
