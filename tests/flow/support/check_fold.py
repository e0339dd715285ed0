#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check that a table is what its topic says, without any of our code.

check_fold.py TOPIC CONTACTS [--repeats] [--grown] [--answers MARKER=FILE]... [--dead DEAD [--reread]] [--gone BUSINESS]...

TOPIC     what `kcat -C -J` prints: one JSON object a record, headers included
CONTACTS  one JSON object a row of the table contacts
--repeats the same event may stand in the topic more than once. An idempotent producer that gives up on a
          message (a broker was away for longer than its time-out) goes on with a new epoch, and sends
          again what was in flight behind it; the broker cannot know that. It is one event to a worker.
--grown   the topic has more partitions than it began with, so that a contact's events are in two at most
DEAD      the same of the dead letters' topic: each must be a record of TOPIC, key, value and headers, and say
          why; what is there does not count. Without it every record must be an event
--reread  a worker was interrupted: what it had written to the dead letters may be read again, and be folded
          under a newer event then; so it may count or not
BUSINESS  was deleted meanwhile: it has no rows, whatever became of its events
FILE      what intake-load --marker MARKER --out FILE wrote: every 202 must be in the topic; of the
          others only those that were told maybe_stored, or nothing, may be there

Each field's value must be the one of its newest event, by the order of the events' ids (a phone that
an event does not have changes nothing). Prints what differs; exits 0 if nothing does.
"""

import argparse
import json
import sys
import uuid

PROBLEMS_SHOWN = 20
FIELDS = ("name", "phone", "status", "name_event_id", "phone_event_id", "status_event_id")
TYPE = "contact.received.v1"
DEAD_PREFIX = "dead_letter."
REASONS = ("tombstone", "unknown_type", "undecodable", "invalid", "business_gone", "refused")


class Problems:
    """Counts all, shows the first."""

    def __init__(self):
        self.count = 0

    def add(self, text):
        self.count += 1
        if self.count <= PROBLEMS_SHOWN:
            print(text)


def read_records(path):
    # Bytes that are not UTF-8 stay what they are: records of others have them.
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            record = json.loads(line, strict=False)
            pairs = record.get("headers", [])
            yield record, list(zip(pairs[0::2], pairs[1::2]))


class DeadLetters:
    """By where their records stood."""

    def __init__(self, path, problems):
        self.by_place = {}
        self.count = 0
        self.problems = problems
        self.reasons = {}
        self.event_ids = set()
        if path:
            for record, headers in read_records(path):
                self.take(record, headers)

    def take(self, record, headers):
        why = {name[len(DEAD_PREFIX):]: value for name, value in headers if name.startswith(DEAD_PREFIX)}
        self.count += 1
        missing = {"reason", "message", "topic", "partition", "offset", "timestamp", "attempts"} - why.keys()
        if missing or why["reason"] not in REASONS:
            self.problems.add(f"dead letter {record['offset']}: {why} lacks {missing}")
            return
        place = (int(why["partition"]), int(why["offset"]))
        if place not in self.by_place:
            self.reasons[why["reason"]] = self.reasons.get(why["reason"], 0) + 1
        self.by_place[place] = (record, headers, why)

    def is_dead(self, record, headers):
        found = self.by_place.pop((record["partition"], record["offset"]), None)
        if not found:
            return False
        letter, letter_headers, why = found
        self.event_ids.add(dict(headers).get("ce_id"))
        kept = [header for header in letter_headers if not header[0].startswith(DEAD_PREFIX)]
        where = f"{record['partition']}/{record['offset']}"
        if (letter.get("key"), letter.get("payload")) != (record.get("key"), record.get("payload")):
            self.problems.add(f"{where}: its dead letter has another key or value")
        if kept != [header for header in headers if not header[0].startswith(DEAD_PREFIX)]:
            self.problems.add(f"{where}: its dead letter has other headers: {kept}, not {headers}")
        if why["timestamp"] != str(record["ts"]):
            self.problems.add(f"{where}: its dead letter is of {why['timestamp']}, not {record['ts']}")
        return True

    def finish(self):
        for place in self.by_place:
            self.problems.add(f"a dead letter of {place}, where no record stands")


def read_events(path, repeats, grown, dead, problems):
    """Yield (id, value) of each event, after checking what the contract says of its form."""
    partitions = {}
    seen = {}
    for record, pairs in read_records(path):
        if dead.is_dead(record, pairs):
            continue
        headers = dict(pairs)
        where = f"{record['partition']}/{record['offset']}"
        if headers.get("ce_type") != TYPE:
            problems.add(f"{where}: neither an event nor a dead letter")
            continue
        value = json.loads(record["payload"])
        event_id = headers.get("ce_id", "")
        if headers.get("ce_type") != TYPE or headers.get("ce_specversion") != "1.0":
            problems.add(f"{where}: not a CloudEvent of ours: {sorted(headers)}")
        if uuid.UUID(event_id).version != 7:
            problems.add(f"{where}: ce_id is no UUIDv7")
        if record["key"] != f"{value['business_id']}:{value['email']}":
            problems.add(f"{where}: the record key is not business_id:email")
        partitions.setdefault(record["key"], set()).add(record["partition"])
        if len(partitions[record["key"]]) > (2 if grown else 1):
            problems.add(f"{where}: this contact's events are in {partitions[record['key']]}")
        if event_id not in seen:
            seen[event_id] = value
            yield event_id, value
        elif not repeats or seen[event_id] != value:
            problems.add(f"{where}: ce_id {event_id} is there twice")


def fold(events):
    """The table that the events make, by (business_id, email)."""
    rows = {}
    for event_id, value in events:
        key = (value["business_id"], value["email"])
        row = rows.setdefault(key, dict.fromkeys(FIELDS) | {"ids": set()})
        row["ids"].add(event_id)
        if row["name_event_id"] is None or event_id > row["name_event_id"]:
            row.update(name=value["name"], name_event_id=event_id)
            row.update(status="active", status_event_id=event_id)
        if "phone" in value and (row["phone_event_id"] is None or event_id > row["phone_event_id"]):
            row.update(phone=value["phone"], phone_event_id=event_id)
    return rows


def compare(expected, path, gone, may_count, problems):
    """The table against the fold; returns the number of rows. may_count: ids of events that may be in it."""
    expected = {key: row for key, row in expected.items() if key[0] not in gone}
    found = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            found[(row["business_id"], row["email"])] = row
    for key in expected.keys() - found.keys():
        problems.add(f"{key}: no row")
    for key in found.keys() - expected.keys():
        problems.add(f"{key}: a row that no event made")
    for key in expected.keys() & found.keys():
        for field in FIELDS:
            version = found[key][field.removesuffix("_event_id") + "_event_id"]
            if expected[key][field] != found[key][field] and version not in may_count:
                problems.add(f"{key}: {field} is {found[key][field]!r}, "
                             f"the topic says {expected[key][field]!r}")
        if found[key]["id"] not in expected[key]["ids"] | may_count:
            problems.add(f"{key}: its id is not that of one of its events")
    return len(found)


def check_answers(events, path, marker, problems):
    """What senders were told against what the topic has; returns counts by answer."""
    by_number = {}
    for event_id, value in events:
        if value["name"].startswith(marker + " "):
            by_number.setdefault(int(value["name"][len(marker) + 1:]), []).append(event_id)
    counts = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            number, status, error, event_id = line.split()
            stored = by_number.pop(int(number), [])
            told = "accepted" if status == "202" else error
            counts[told] = counts.get(told, 0) + 1
            if status == "202" and stored != [event_id]:
                problems.add(f"request {number}: accepted as {event_id}, stored as {stored}")
            if told not in ("accepted", "maybe_stored", "no_answer") and stored:
                problems.add(f"request {number}: told {status} {error}, but it is in the topic")
    for number in by_number:
        problems.add(f"request {number}: in the topic, but never sent")
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("topic")
    parser.add_argument("contacts")
    parser.add_argument("--repeats", action="store_true")
    parser.add_argument("--grown", action="store_true")
    parser.add_argument("--answers", action="append", default=[])
    parser.add_argument("--dead")
    parser.add_argument("--reread", action="store_true")
    parser.add_argument("--gone", action="append", default=[])
    options = parser.parse_args()
    problems = Problems()
    dead = DeadLetters(options.dead, problems)
    events = list(read_events(options.topic, options.repeats, options.grown, dead, problems))
    dead.finish()
    may_count = dead.event_ids if options.reread else set()
    rows = compare(fold(events), options.contacts, options.gone, may_count, problems)
    print(f"events={len(events)} rows={rows}", end="")
    if options.dead:
        print(f" dead_letters={dead.count}", *(f"{why}={count}" for why, count in sorted(dead.reasons.items())),
              end="")
    for answers in options.answers:
        marker, path = answers.split("=", 1)
        counts = check_answers(events, path, marker, problems)
        print("", *(f"{told}={count}" for told, count in sorted(counts.items())), end="")
    print(f" problems={problems.count}")
    sys.exit(1 if problems.count or not (events or dead.count) else 0)


if __name__ == "__main__":
    main()
