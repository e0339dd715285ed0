#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Post contacts, each over a connection of its own, as a sender without keep-alive does.

knock.py HOST:PORT KEY_FILE RATE SECONDS   prints accepted=N refused=N others=N slowest_ms=N

A request is due at a fixed time, whatever the ones before it wait for. Refused is a connection that was; others
are all that got no 202 for whatever reason, told one a line on stderr.
"""
import concurrent.futures
import http.client
import json
import sys
import threading
import time

ANSWER_SECONDS = 60
AT_ONCE = 256


def post(address, key, number):
    """Returns what became of it: accepted, refused, or anything else that happened."""
    body = json.dumps({"name": f"Knock {number}", "email": f"knock{number}@example.com"})
    connection = http.client.HTTPConnection(address, timeout=ANSWER_SECONDS)
    try:
        connection.request("POST", "/api/webhooks/contacts", body,
                           {"x-api-key": key, "content-type": "application/json", "connection": "close"})
        status = connection.getresponse().status
        return "accepted" if status == 202 else f"status {status}"
    except ConnectionRefusedError:
        return "refused"
    except (OSError, http.client.HTTPException) as error:
        return repr(error)
    finally:
        connection.close()


def main():
    address, key_file, rate, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
    with open(key_file, encoding="ascii") as file:
        key = file.read().strip()
    outcomes = []
    lock = threading.Lock()

    def one(number):
        began = time.monotonic()
        outcome = post(address, key, number)
        with lock:
            outcomes.append((outcome, time.monotonic() - began))

    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for number in range(int(rate * seconds)):
            time.sleep(max(0, began + number / rate - time.monotonic()))
            pool.submit(one, number)
    accepted = sum(outcome == "accepted" for outcome, _ in outcomes)
    refused = sum(outcome == "refused" for outcome, _ in outcomes)
    for outcome, _ in outcomes:
        if outcome not in ("accepted", "refused"):
            print(outcome, file=sys.stderr)
    slowest = max(took for _, took in outcomes)
    print(f"accepted={accepted} refused={refused} others={len(outcomes) - accepted - refused} "
          f"slowest_ms={slowest * 1000:.0f}")


if __name__ == "__main__":
    main()
