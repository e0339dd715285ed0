#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random histories of contacts: events by the worker's statement, folded, repeated and in any order, between edits,
inserts and deletions by others. Each contact must end as its newest versions say.

usage: edit_histories.py UPSERT_SQL SEED COUNT     (psql's environment names the database)
"""

import random
import subprocess
import sys
import time

BUSINESS = "00000000-0000-4000-8000-00000000000b"


class Database:
    """One psql session; query returns the lines that it prints."""

    def __init__(self, upsert):
        self.psql = subprocess.Popen(
            ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.query("prepare upsert as " + upsert)

    def query(self, statement, role="none"):
        self.psql.stdin.write(f"set role {role};\n{statement}\n;\n\\echo =done=\n")
        self.psql.stdin.flush()
        lines = []
        for line in self.psql.stdout:
            if line == "=done=\n":
                return lines
            lines.append(line.rstrip("\n"))
        raise SystemExit(f"psql died of: {statement}")


def literal(value):
    return "null" if value is None else f"'{value}'"


class History:
    """One contact: what was written, with which version, since it was last deleted."""

    def __init__(self, database, chance, number):
        self.database, self.chance = database, chance
        self.address = f"contact{number}@example.com"
        self.deletion, self.is_inserted, self.writes, self.log = "", False, [], []
        now = int(time.time() * 1000)
        self.events = [self.event(now, n) for n in range(chance.randrange(1, 6))]

    def event(self, now, number):
        ms = f"{now + self.chance.randrange(-60, 60):012x}"
        bits = [self.chance.randrange(1 << n) for n in (12, 12, 48)]
        version = f"{ms[:8]}-{ms[8:]}-7{bits[0]:03x}-8{bits[1]:03x}-{bits[2]:012x}"
        return version, f"Event {number}", self.chance.choice([None, f"+{number}"])

    def apply(self, events):
        events = sorted(events)
        phones = [event for event in events if event[2]]
        phone_version, _, phone = phones[-1] if phones else (None, None, None)
        version, name, _ = events[-1]
        self.log.append(("apply", events))
        self.database.query(
            f"execute upsert ('{{{events[0][0]}}}', '{{{BUSINESS}}}', '{{{self.address}}}', array['{name}'],"
            f" '{{{version}}}', array[{literal(phone)}]::text[], array[{literal(phone_version)}]::uuid[],"
            f" {self.chance.choice(['true', 'false'])})",
            "intake_worker")

    def by_others(self, statement):
        lines = self.database.query(statement, "service_role")
        self.log.append((statement, lines))
        return lines

    def edit(self, step):
        field, value = self.chance.choice(
            [("name", f"Edit {step}"), ("phone", f"+44 {step}"), ("phone", None), ("status", "archived")])
        for line in self.by_others(
                f"with old as (select * from contacts where email = '{self.address}'),"
                f" new as (update contacts set {field} = {literal(value)} where email = '{self.address}' returning *)"
                f" select new.{field}_event_id from old, new where new.{field}_event_id is distinct from old.{field}_event_id"):
            self.writes.append((field, line, value))

    def insert(self, step):
        name = f"Insert {step}"
        if not self.by_others(
                f"insert into contacts (business_id, name, email) values ('{BUSINESS}', '{name}', '{self.address}')"
                " on conflict do nothing returning 1"):
            return
        [line] = self.database.query(
            f"select name_event_id, phone_event_id, status_event_id from contacts where email = '{self.address}'")
        self.log.append(line)
        self.writes += zip(("name", "phone", "status"), line.split("|"), (name, None, "active"))
        self.is_inserted = True

    def delete(self, _):
        for newest in self.by_others(
                f"delete from contacts where email = '{self.address}'"
                " returning greatest(name_event_id, phone_event_id, status_event_id)"):
            [self.deletion] = self.database.query(
                f"select event_id from intake.deletions where email_digest = intake.email_digest('{self.address}')")
            self.writes, self.is_inserted = [], False
            if self.deletion <= newest:
                raise SystemExit(f"deletion {self.deletion} is not newer than {newest}")

    def run(self):
        for step in range(self.chance.randrange(2, 12)):
            if self.chance.random() < 0.5:
                self.apply(self.chance.sample(self.events, self.chance.randrange(1, len(self.events) + 1)))
            else:
                self.chance.choice([self.edit, self.insert, self.delete])(step)
        for event in self.chance.sample(self.events * 2, len(self.events) * 2):
            self.apply([event])

    def wanted(self):
        live = [event for event in self.events if event[0] > self.deletion]
        if not live and not self.is_inserted:
            return []
        writes = list(self.writes)
        for version, name, phone in live:
            writes += [("name", version, name), ("status", version, "active")]
            if phone:
                writes.append(("phone", version, phone))
        newest = {field: value for field, _, value in sorted(writes, key=lambda write: write[1])}
        return [f"{newest['name']}|{newest.get('phone') or ''}|{newest['status']}"]

    def found(self):
        return self.database.query(f"select name, phone, status from contacts where email = '{self.address}'")


def main():
    path, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with open(path, encoding="utf-8") as file:
        database = Database(file.read())
    chance = random.Random(seed)
    for number in range(count):
        history = History(database, chance, number)
        history.run()
        if history.found() != history.wanted():
            print(f"history {number}: wanted {history.wanted()}, found {history.found()}", *history.log, sep="\n")
            sys.exit(1)


if __name__ == "__main__":
    main()
