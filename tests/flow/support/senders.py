#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Send the requests of tests/vectors/senders and compare the answers with what their heads say.

senders.py ADDRESS KEY FILE...

Prints a row, "email|name|phone", for each contact that was accepted. Exits 1 if an answer was another.
"""

import http.client
import json
import pathlib
import socket
import sys


class Request:
    """One file: what it expects, and the bytes to send."""

    def __init__(self, path):
        head, self.body = path.read_bytes().removesuffix(b"\n").split(b"\n\n", 1)
        lines = head.decode().split("\n")
        status, wanted = lines[2].removeprefix("# ").split(" ", 1)
        self.status, self.wanted = int(status), json.loads(wanted)
        self.lines = lines[3:]

    def head(self, key):
        lines = [*self.lines, "Host: intake.example", f"x-api-key: {key}",
                 f"Content-Length: {len(self.body)}", "", ""]
        return "\r\n".join(lines).encode()


def post(address, key, request):
    """Returns the status and the answer's JSON."""
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(request.head(key))
        if "Expect: 100-continue" in request.lines:
            assert connection.recv(1024) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(request.body)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer.status, json.loads(answer.read())


def outcome(answer):
    """What of an answer the files speak of."""
    if "contacts" in answer:
        return [{key: value for key, value in contact.items() if key != "id"}
                for contact in answer["contacts"]]
    if "contact" in answer:
        return answer["contact"]
    return {key: answer[key] for key in ("error", "message")}


def main():
    address, key, *paths = sys.argv[1:]
    wrong = 0
    for path in map(pathlib.Path, paths):
        request = Request(path)
        status, answer = post(address, key, request)
        if (status, outcome(answer)) != (request.status, request.wanted):
            print(f"{path.name}: {status} {json.dumps(outcome(answer), ensure_ascii=False)}\n"
                  f"   not {request.status} {json.dumps(request.wanted, ensure_ascii=False)}", file=sys.stderr)
            wrong += 1
        if status == 202:
            contacts = request.wanted if isinstance(request.wanted, list) else [request.wanted]
            for contact in contacts:
                print("|".join([contact["email"], contact["name"], contact.get("phone", "")]))
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
