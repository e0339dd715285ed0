#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make up events for intake-produce, so many a second: a load under which something goes wrong.

stream.py --business ID... --contacts N --rate N --seconds N

Of 100 events, one has the name "Refuse N" and one the phone "Refuse N", for operators' rules to refuse. Most
contacts have many events, so that rows are folded of many.
"""

import argparse
import json
import random
import sys
import time
import uuid

TICK_S = 0.02


def uuid7(ms, rng):
    """RFC 9562 section 5.7."""
    value = (ms << 80) | (7 << 76) | (rng.getrandbits(12) << 64) | (2 << 62) | rng.getrandbits(62)
    return str(uuid.UUID(int=value))


def event(number, options, rng):
    contact = rng.randrange(options.contacts)
    business = options.business[contact % len(options.business)]
    email = f"contact{contact}@example.com"
    value = {"business_id": business, "name": f"Contact {number}", "email": email}
    if number % 100 == 7:
        value["name"] = f"Refuse {number}"
    if number % 3 == 0:
        value["phone"] = f"+44 {number}"
    if number % 100 == 57:
        value["phone"] = f"Refuse {number}"
    return f"{uuid7(int(time.time() * 1000), rng)}\t{business}:{email}\t{json.dumps(value)}\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--business", action="append", required=True)
    parser.add_argument("--contacts", type=int, default=500)
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=5)
    options = parser.parse_args()
    rng = random.Random()
    began = time.monotonic()
    number = 0
    while (passed := time.monotonic() - began) < options.seconds:
        while number < passed * options.rate:
            sys.stdout.write(event(number, options, rng))
            number += 1
        sys.stdout.flush()
        time.sleep(TICK_S)


main()
