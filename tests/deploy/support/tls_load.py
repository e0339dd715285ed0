#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Post contacts by HTTPS at a steady rate, and record every answer.

tls_load.py --url https://HOST:PORT/PATH --ca FILE --keys FILE --out FILE [--requests N] [--rate N] [--threads N]

Request number n is about a contact of its own, named "load n". Threads keep their connections, but for one request
in eight. OUT gets a line a request, as intake-load writes it: NUMBER STATUS ERROR ID ("-" where there is
none); where no answer came: status 0, no_answer. Prints NAME=count for each kind of answer.
"""

import argparse
import collections
import http.client
import json
import ssl
import threading
import time
import urllib.parse

ANSWER_SECONDS = 30
NEW_CONNECTION_EVERY = 8


class Load:
    def __init__(self, options):
        self.options = options
        self.url = urllib.parse.urlsplit(options.url)
        self.tls = ssl.create_default_context(cafile=options.ca)
        with open(options.keys, encoding="ascii") as file:
            self.keys = file.read().split()
        self.began = time.monotonic()
        self.numbers = iter(range(options.requests))
        self.lock = threading.Lock()
        self.answers = []

    def next_number(self):
        """The next request's, when it is due."""
        with self.lock:
            number = next(self.numbers, None)
        if number is not None:
            time.sleep(max(0, self.began + number / self.options.rate - time.monotonic()))
        return number

    def connect(self):
        return http.client.HTTPSConnection(
            self.url.hostname, self.url.port, timeout=ANSWER_SECONDS, context=self.tls
        )

    def post(self, connection, number):
        """(status, error, id) that the sender is told."""
        body = json.dumps({"name": f"load {number}", "email": f"load{number}@example.com"})
        headers = {"x-api-key": self.keys[number % len(self.keys)], "content-type": "application/json"}
        connection.request("POST", self.url.path, body, headers)
        answer = connection.getresponse()
        told = json.loads(answer.read())
        return answer.status, told.get("error", "-"), told.get("id", "-")

    def run(self):
        connection = self.connect()
        while (number := self.next_number()) is not None:
            try:
                outcome = self.post(connection, number)
            except (OSError, http.client.HTTPException, ValueError) as error:
                print(f"request {number}: {error!r}")
                outcome = (0, "no_answer", "-")
            if not outcome[0] or number % NEW_CONNECTION_EVERY == 0:
                connection.close()
                connection = self.connect()
            with self.lock:
                self.answers.append((number, *outcome))
        connection.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("url", "ca", "keys", "out"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--requests", type=int, default=4000)
    parser.add_argument("--rate", type=int, default=300)
    parser.add_argument("--threads", type=int, default=12)
    load = Load(parser.parse_args())
    threads = [threading.Thread(target=load.run) for _ in range(load.options.threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with open(load.options.out, "w", encoding="ascii") as file:
        for answer in sorted(load.answers):
            print(*answer, file=file)
    told = collections.Counter("accepted" if answer[1] == 202 else answer[2] for answer in load.answers)
    print(*(f"{name}={count}" for name, count in sorted(told.items())), sep="\n")


main()
