#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Open connections that send nothing, or something and no more, and wait for the server to close them.

hostile.py ADDRESS --connections N [--send BYTES] [--drip]

Prints "ready" when all are open and have sent, then what the server's answers began with, then
"closed N". --drip sends the bytes one a second.
"""

import argparse
import collections
import resource
import selectors
import socket
import time

GIVE_UP_S = 120


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("address")
    parser.add_argument("--connections", type=int, default=100)
    parser.add_argument("--send", default="")
    parser.add_argument("--drip", action="store_true")
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    host, port = options.address.rsplit(":", 1)
    data = options.send.encode("latin-1").decode("unicode_escape").encode("latin-1")
    selector = selectors.DefaultSelector()
    for _ in range(options.connections):
        connection = socket.create_connection((host, int(port)), timeout=10)
        if data and not options.drip:
            connection.sendall(data)
        connection.setblocking(False)
        selector.register(connection, selectors.EVENT_READ)
    print("ready", flush=True)
    answers = collections.Counter()
    closed, sent = 0, 0
    give_up = time.monotonic() + GIVE_UP_S
    next_drip = time.monotonic()
    while closed < options.connections and time.monotonic() < give_up:
        if options.drip and time.monotonic() >= next_drip and sent < len(data):
            for key in list(selector.get_map().values()):
                try:
                    key.fileobj.send(data[sent:sent + 1])
                except OSError:
                    pass
            sent += 1
            next_drip += 1
        for key, _ in selector.select(0.2):
            try:
                received = key.fileobj.recv(65536)
            except ConnectionError:
                received = b""
            if received:
                answers[received[:12].decode("latin-1")] += 1
            else:
                selector.unregister(key.fileobj)
                key.fileobj.close()
                closed += 1
    for text, count in answers.items():
        print(f"answer {text!r} {count}")
    print(f"closed {closed}", flush=True)


if __name__ == "__main__":
    main()
