#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hostile histories, and what a backfill of them comes to, without any of our code.

backfill_fates.py make --business ID... --contacts N --events N --seed N [--since MS] [--until MS]
    events for intake-produce: older after newer, repeats, the same values again, phones that are missing
backfill_fates.py expect TOPIC CONTACTS DELETIONS BUSINESSES
    what each event comes to, in the order of the log, by partition and by business: a line each, as
    "partition 0 read=9 inserted=1 ..."
backfill_fates.py told FILE
    the same lines of what `backfill --dry-run --json` has told

TOPIC       what `kcat -C -J` prints
CONTACTS    one JSON object a row of the table before the backfill
DELETIONS   lines "business_id,hex of the digest,event_id"
BUSINESSES  those that exist, a line each
"""

import argparse
import hashlib
import json
import random
import sys
import uuid
from collections import defaultdict

COUNTS = ("read", "inserted", "updated", "unchanged", "stale", "bad", "gone")
NAMES = ("Ada", "Grace", "Łukasz")
PHONES = (None, None, "+44 20", "+48 22")
NEVER = ""  # older than every version


def make(options):
    rng = random.Random(options.seed)
    sent = []
    for _ in range(options.events):
        if sent and rng.random() < 0.1:
            line = rng.choice(sent)
        else:
            business = rng.choice(options.business)
            email = f"c{rng.randrange(options.contacts)}@example.com"
            value = {"business_id": business, "name": rng.choice(NAMES), "email": email}
            phone = rng.choice(PHONES)
            if phone:
                value["phone"] = phone
            ms = rng.randrange(options.since, options.until)
            version = uuid.UUID(int=ms << 80 | 7 << 76 | 2 << 62 | rng.getrandbits(62))
            line = f"{version}\t{business}:{email}\t{json.dumps(value, ensure_ascii=False)}"
            sent.append(line)
        print(line)


class Contact:
    def __init__(self, row=None):
        row = row or {}
        self.exists = bool(row)
        self.fields = {field: (row.get(f"{field}_event_id") or NEVER, row.get(field)) for field in
                       ("name", "phone", "status")}

    def fate(self, event_id, value, deleted):
        if event_id <= deleted:
            return "stale"
        phone = value.get("phone")
        new = {"name": (event_id, value["name"]), "status": (event_id, "active"),
               "phone": (event_id, phone) if phone else (deleted, None)}
        if not self.exists:
            self.exists = True
            self.fields = new
            return "inserted"
        # The version of a deletion says nothing of a phone that is not there.
        newer = [field for field in new if new[field][0] > self.fields[field][0]
                 and (field != "phone" or phone or self.fields["phone"][1])]
        changed = [field for field in newer if new[field][1] != self.fields[field][1]]
        for field in newer:
            self.fields[field] = new[field]
        return "updated" if changed else "unchanged" if newer else "stale"


def lines_of(kind, counts):
    return [f"{kind} {key} " + " ".join(f"{name}={count[name]}" for name in COUNTS)
            for key, count in sorted(counts.items()) if any(count.values())]


def expect(options):
    contacts = defaultdict(Contact)
    for line in open(options.contacts_file, encoding="utf-8"):
        row = json.loads(line)
        contacts[row["business_id"], row["email"]] = Contact(row)
    deletions = {}
    for line in open(options.deletions, encoding="utf-8"):
        business, digest, event_id = line.strip().split(",")
        deletions[business, digest] = event_id
    businesses = set(open(options.businesses, encoding="utf-8").read().split())

    by_partition = defaultdict(lambda: defaultdict(int))
    by_business = defaultdict(lambda: defaultdict(int))
    records = [json.loads(line) for line in open(options.topic, encoding="utf-8")]
    for record in sorted(records, key=lambda record: (record["partition"], record["offset"])):
        headers = record.get("headers", [])
        event_id = dict(zip(headers[0::2], headers[1::2])).get("ce_id")
        into = [by_partition[record["partition"]]]
        try:
            value = json.loads(record["payload"])
        except ValueError:
            value = None
        if value is None or not event_id:
            fate = "bad"
        else:
            business, email = value["business_id"], value["email"]
            into.append(by_business[business])
            digest = hashlib.sha256(email.encode()).hexdigest()
            fate = "gone" if business not in businesses else contacts[business, email].fate(
                event_id, value, deletions.get((business, digest), NEVER))
        for count in into:
            count["read"] += 1
            count[fate] += 1
    print("\n".join(lines_of("partition", by_partition) + lines_of("business", by_business)))


def told(options):
    counts = {"partition": {}, "business": {}}
    for line in open(options.topic, encoding="utf-8"):
        event = json.loads(line)
        if event["event"] == "partition":
            counts["partition"][event["partition"]] = event
        elif event["event"] == "business":
            counts["business"][event["business_id"]] = event
    events = {kind: {key: {name: event[name] for name in COUNTS} for key, event in found.items()}
              for kind, found in counts.items()}
    print("\n".join(lines_of("partition", events["partition"]) + lines_of("business", events["business"])))


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("make")
    command.add_argument("--business", action="append", required=True)
    command.add_argument("--contacts", type=int, required=True)
    command.add_argument("--events", type=int, required=True)
    command.add_argument("--seed", type=int, required=True)
    command.add_argument("--since", type=int, default=1_700_000_000_000)
    command.add_argument("--until", type=int, default=1_700_100_000_000)
    command.set_defaults(run=make)
    command = commands.add_parser("expect")
    for name in ("topic", "contacts_file", "deletions", "businesses"):
        command.add_argument(name)
    command.set_defaults(run=expect)
    command = commands.add_parser("told")
    command.add_argument("topic")
    command.set_defaults(run=told)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    sys.exit(main())
