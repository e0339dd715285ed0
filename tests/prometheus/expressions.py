# SPDX-License-Identifier: Apache-2.0
"""expressions - those of the rules, the dashboard and the runbook, and what they name."""

import json
import pathlib
import re

import yaml

PROJECT = pathlib.Path(__file__).resolve().parent.parent.parent
RULES = PROJECT / "deploy" / "prometheus"
DASHBOARD = PROJECT / "deploy" / "grafana" / "intake.json"
RUNBOOK = PROJECT / "deploy" / "runbook.md"
KEYWORDS = {"and", "or", "unless", "bool", "offset", "inf", "nan"}


def rules_of(name):
    groups = yaml.safe_load((RULES / name).read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard_expressions():
    """(title, expression) of every panel and variable."""
    dashboard = json.loads(DASHBOARD.read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield f"dashboard, {panel['title']}", target["expr"]


def runbook_expressions():
    """(where, expression) of what the runbook has Prometheus asked."""
    for expression in re.findall(r"`([^`\n]*\brate\([^`\n]*)`", RUNBOOK.read_text()):
        yield "runbook", expression


def selectors_of(expression):
    """The metrics that an expression names, each with its matchers (label, operator, value)."""
    found = []

    def matched(match):
        found.append((match[1], re.findall(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"', match[2])))
        return " "

    rest = re.sub(r"([a-zA-Z_:][\w:]*)\s*\{([^}]*)\}", matched, expression)
    rest = re.sub(r'"[^"]*"', " ", rest)
    rest = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", " ", rest)
    rest = re.sub(r"\[[^\]]*\]|\boffset\s+\w+|\$\w+", " ", rest)
    for match in re.finditer(r"(?<![\w:.])([a-zA-Z_:][\w:]*)\b(?!\s*\()", rest):
        if match[1].lower() not in KEYWORDS:
            found.append((match[1], []))
    return found
