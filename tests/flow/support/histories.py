#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make up events for intake-produce.

histories.py --business ID... --contacts N --seed N    random histories, in order of acceptance
histories.py --shuffle --repeat --seed N < events      the same in another order, some of them twice
histories.py --business ID... --contacts N --flat      one event a contact, for benches; with --again a
                                                       later one, with another name
"""

import argparse
import json
import random
import sys
import uuid

START_MS = 1_800_000_000_000
AGAIN_MS = 10_000_000
EVENTS_MAX = 8
NAMES = ("Ada", "Grace", "Barbara", "Łukasz", "名前", "O'Neil")


def uuid7(ms, rng):
    """RFC 9562 section 5.7."""
    value = (ms << 80) | (7 << 76) | (rng.getrandbits(12) << 64) | (2 << 62) | rng.getrandbits(62)
    return str(uuid.UUID(int=value))


def event(ms, rng, business, email, name, phone):
    value = {"business_id": business, "name": name, "email": email}
    if phone:
        value["phone"] = phone
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return f"{uuid7(ms, rng)}\t{business}:{email}\t{text}"


def histories(businesses, contacts, rng):
    moments = []
    for contact in range(contacts):
        for _ in range(rng.randint(1, EVENTS_MAX)):
            moments.append((rng.randrange(60_000), contact))
    moments.sort()
    for number, (ms, contact) in enumerate(moments):
        phone = rng.choice((None, "+44 1", f"+44 {number}"))
        yield event(START_MS + ms, rng, businesses[contact % len(businesses)],
                    f"contact{contact}@example.com", f"{rng.choice(NAMES)} {number}", phone)


def flat(businesses, contacts, again, rng):
    for contact in range(contacts):
        yield event(START_MS + again * AGAIN_MS + contact // 10, rng, businesses[contact % len(businesses)],
                    f"contact{contact}@example.com", f"Contact {'again ' if again else 'number '}{contact}",
                    None if contact % 3 == 0 else f"+44 20 {contact:08d}")


def shuffled(lines, repeat, rng):
    lines = list(lines)
    if repeat:
        lines += [line for line in lines if rng.random() < 0.3]
    rng.shuffle(lines)
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--business", action="append")
    parser.add_argument("--contacts", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--flat", action="store_true")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--shuffle", action="store_true")
    parser.add_argument("--repeat", action="store_true")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    if options.shuffle:
        lines = shuffled(sys.stdin.read().splitlines(), options.repeat, rng)
    elif options.flat:
        lines = flat(options.business, options.contacts, options.again, rng)
    else:
        lines = histories(options.business, options.contacts, rng)
    for line in lines:
        print(line)


if __name__ == "__main__":
    main()
