#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Print the commands of deploy/runbook.md, a line each: SECTION, PLACE and COMMAND, with tabs between.

SECTION  the alert, or "Where" of what stands before the first
PLACE    who can try it: stack (a case with Kafka, Postgres and the programs), machine (one that systemd has started),
         prometheus, or nowhere here

A command is what stands in a block (each line of a shell's, a whole statement of SQL), or in backticks, has a space, and is
no option of one.
"""

import pathlib
import re
import sys

RUNBOOK = pathlib.Path(__file__).resolve().parents[3] / "deploy/runbook.md"

# The first that fits. Nowhere: a test's machine keeps no time of its own, and sees nothing of the kernel's log.
PLACES = (
    (r"chronyc |timedatectl |journalctl -k", "nowhere"),
    (r"systemctl |journalctl |mapfile |export ", "machine"),
    (r"sum by ", "prometheus"),
    (r"", "stack"),
)


def place_of(command):
    return next(place for start, place in PLACES if re.match(start, command))


def commands_of(section):
    for language, block, inline in re.findall(r"^```(\w+)\n(.*?)^```|`([^`\n]+)`", section, re.M | re.S):
        if language == "sh":
            yield from block.splitlines()
        elif block:
            yield " ".join(block.split())
        elif " " in inline and not inline.startswith("-"):
            yield inline


def main():
    if len(sys.argv) != 1:
        sys.exit(__doc__)
    for section in re.split(r"^## ", RUNBOOK.read_text(), flags=re.M):
        name = section.split("\n", 1)[0]
        for command in commands_of(section):
            print(name if name.startswith("Intake") else "Where", place_of(command), command, sep="\t")


main()
