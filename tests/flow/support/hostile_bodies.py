#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Post bodies that are made to hurt, and say what each got and how long it took.

hostile_bodies.py ADDRESS KEY

Prints "NAME STATUS ERROR MILLISECONDS ANSWER_BYTES" for each, the best of three times. Exits 1 where an
answer was another than wanted, tells a value back, is longer than 64 KiB, or took longer than a second.
"""

import http.client
import json
import sys
import time

LIMIT = 128 * 1024  # of a body
ROUNDS = 3
ANSWER_MOST = 64 * 1024
SLOW_MS = 1000  # on any machine, whatever else it does

GOOD = '"name":"Ada","email":"ada@example.com"'
SECRET = "zebedee@example.com"  # a value that must not come back


def whole(unit, before="", after="", most=LIMIT):
    """`before`, as many of `unit` as fit, `after`."""
    count = (LIMIT - len(before.encode()) - len(after.encode())) // len(unit.encode())
    return before + unit * min(count, most) + after


def members(count, unit='"m{}":1'):
    return ",".join(unit.format(i) for i in range(count))


def json_bodies():
    yield "depth_within_limits", 202, "{" + GOOD + ',"x":' + "[" * 15 + "]" * 15 + "}"
    yield "brackets_128k", "invalid_json", "[" * LIMIT
    yield "objects_128k", "invalid_json", whole('{"a":')
    yield "wrappers_in_wrappers", "validation_failed", '{"data":' * 15 + "{" + GOOD + "}" + "}" * 15
    yield "members_within_limits", 202, "{" + GOOD + "," + members(998) + "}"
    yield "members_over_limits", "invalid_json", "{" + GOOD + "," + members(999) + "}"
    yield "numbers_65k", "invalid_json", whole("1,", "{" + GOOD + ',"x":[', "1]}")
    yield "objects_43k", "invalid_json", whole("{},", "{" + GOOD + ',"x":[', "{}]}")
    yield "numbers_within_limits", 202, whole("2.5e-308,", "{" + GOOD + ',"x":[', "1]}")
    yield "number_100k_digits", "invalid_json", "{" + GOOD + ',"x":' + "9" * 100000 + "}"
    yield "number_300_digits", 202, "{" + GOOD + ',"x":' + "9" * 300 + "}"
    yield "number_100k_decimals", 202, "{" + GOOD + ',"x":0.' + "0" * 50000 + "1" * 50000 + "}"
    yield "number_long_exponent", 202, "{" + GOOD + ',"x":1e' + "0" * 100000 + "1}"
    yield "number_huge_exponent", "invalid_json", "{" + GOOD + ',"x":1e' + "9" * 100000 + "}"
    yield "phone_of_many_digits", "validation_failed", "{" + GOOD + ',"phone":' + "7" * 300 + "}"
    yield "doubled_names", 202, "{" + ",".join([GOOD] * 450) + "}"
    yield "names_alike", 202, "{" + GOOD + "," + ",".join(f'"e{"-" * i}mail":"{i}"' for i in range(1, 300)) + "}"
    yield "name_128k", "validation_failed", whole("x", '{"name":"', '","email":"' + SECRET + '"}')
    yield "name_of_line_breaks", 202, whole("\\n", '{"name":"x', 'x","email":"ada@example.com"}')
    yield "name_of_spaces", 202, whole("\u3000", '{"name":"', 'Ada","email":"ada@example.com"}')
    yield "email_of_labels", "validation_failed", whole("b.", '{"name":"Ada","email":"a@', 'co"}')
    yield "email_of_ats", "validation_failed", whole("a@", '{"name":"Ada","email":"', '"}')
    yield "member_name_120k", 202, "{" + GOOD + ',"' + "k" * 120000 + '":1}'
    yield "member_names_long", "validation_failed", "{" + members(990, '"' + "k" * 120 + '{}":1') + "}"
    yield "unclosed_text", "invalid_json", whole("x", '{"name":"')
    yield "quotes", "invalid_json", '"' * LIMIT
    yield "backslashes", 202, whole("\\\\", "{" + GOOD + ',"x":"', '"}')
    yield "escapes", 202, whole("\\u00e9", "{" + GOOD + ',"x":"', '"}')
    yield "surrogate_high", "invalid_json", '{"name":"a\\ud800","email":"ada@example.com"}'
    yield "surrogate_low", "invalid_json", '{"name":"a\\udc00","email":"ada@example.com"}'
    yield "surrogates_swapped", "invalid_json", '{"name":"\\ude00\\ud83d","email":"ada@example.com"}'
    yield "surrogate_in_a_name", "invalid_json", "{" + GOOD + ',"\\ud800":1}'
    yield "nul_escaped", "invalid_json", '{"name":"a\\u0000b","email":"ada@example.com"}'
    yield "nul_escaped_in_a_name", "invalid_json", "{" + GOOD + ',"a\\u0000b":1}'
    yield "json_twice", "invalid_json", json.dumps("{" + GOOD + "}")
    yield "spaces", "empty_body", " " * LIMIT
    yield "spaces_around", 202, whole(" ", "{" + GOOD + "}")


def list_bodies():
    yield "list_of_lists", "invalid_json", "[" * 17 + "]" * 17
    yield "list_of_nothing", "empty_body", "[]"
    yield "list_of_32k_objects", "too_many_contacts", whole("{},", "[", "{}]")
    yield "list_of_65k_numbers", "too_many_contacts", whole("1,", "[", "1]")
    yield "list_100_all_wrong", "validation_failed", "[" + ",".join(
        "{" + members(25, '"' + "k" * 38 + '{}":"' + SECRET + '"') + "}" for _ in range(70)) + "]"
    yield "list_100_of_numbers", "validation_failed", "[" + ",".join("1" * 100 for _ in range(100)) + "]"
    yield "list_100_largest", 202, "[" + ",".join(
        '{"name":"' + "x" * 200 + f'","email":"{i:03}{"a" * 230}@example.com"}}' for i in range(100)) + "]"


def form_bodies():
    yield "form_of_ampersands", "invalid_json", "&" * LIMIT
    yield "form_of_equals", "validation_failed", "=" * LIMIT
    yield "form_of_pairs", "invalid_json", whole("a=&")
    yield "form_of_one_pair", "validation_failed", whole("a=")
    yield "form_of_percents", "validation_failed", whole("%", "a=")
    yield "form_of_999", 202, "name=Ada&email=ada@example.com&" + "&".join(f"k{i}={'v' * 100}" for i in range(998))
    yield "form_of_1001", "invalid_json", "&".join(f"k{i}=" for i in range(1001))
    yield "form_of_pluses", "validation_failed", whole("+", "name=Ada&email=")
    yield "form_of_escapes", "validation_failed", whole("%41", "name=Ada&email=")
    yield "form_of_brackets", "validation_failed", whole("[", "a", "=1")
    yield "form_of_levels", "validation_failed", "&".join(f"d{i}[a]={'v' * 100}" for i in range(990))
    yield "form_name_128k", "validation_failed", whole("k", "", "=1")
    yield "form_nul", "invalid_utf8", "name=a%00b&email=ada@example.com"
    yield "form_overlong", "invalid_utf8", "name=%c0%af&email=ada@example.com"
    yield "form_surrogate", "invalid_utf8", "name=%ed%a0%80&email=ada@example.com"


def byte_bodies():
    good = ("{" + GOOD + "}").encode()
    yield "bom_utf8", 202, b"\xef\xbb\xbf" + good
    yield "bom_alone", "empty_body", b"\xef\xbb\xbf"
    yield "boms", "empty_body", b"\xef\xbb\xbf" * (LIMIT // 3)
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"):
        yield "in_" + encoding, "invalid_utf8", good.decode().encode(encoding)
    bad = {"overlong_2": b"\xc0\x80", "overlong_3": b"\xe0\x80\xaf", "overlong_4": b"\xf0\x80\x80\xaf",
           "surrogate_as_utf8": b"\xed\xa0\x80", "above_unicode": b"\xf4\x90\x80\x80", "five_bytes": b"\xf8\x88\x80\x80\x80",
           "lone_continuation": b"\x80", "cut": b"\xe2\x82", "latin_1": b"\xe9", "nul": b"\0"}
    for name, piece in bad.items():
        yield name, "invalid_utf8", b'{"name":"' + piece + b'","email":"ada@example.com"}'
        yield name + "_in_a_name", "invalid_utf8", b'{"' + piece + b'":1}'
        yield name + "_in_a_form", "invalid_utf8", b"name=" + piece + b"&email=ada@example.com"
    yield "nul_behind", "invalid_utf8", good + b"\0"
    yield "overlong_128k", "invalid_utf8", b'{"name":"' + b"\xc0\x80" * 60000
    yield "nuls_128k", "invalid_utf8", b"\0" * LIMIT


def post(connection, key, body):
    """Returns the status, the answer's bytes and the milliseconds."""
    began = time.monotonic()
    connection.request("POST", "/api/webhooks/contacts", body, {"x-api-key": key})
    answer = connection.getresponse()
    text = answer.read()
    return answer.status, text, (time.monotonic() - began) * 1000


def main():
    host, port = sys.argv[1].rsplit(":", 1)
    key = sys.argv[2]
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    wrong = 0
    for name, wanted, body in (*json_bodies(), *list_bodies(), *form_bodies(), *byte_bodies()):
        body = body if isinstance(body, bytes) else body.encode()
        assert len(body) <= LIMIT, (name, len(body))
        answers = [post(connection, key, body) for _ in range(ROUNDS)]
        status, text, _ = answers[0]
        took_ms = min(answer[2] for answer in answers)
        error = json.loads(text).get("error", "-")
        good = (status == wanted or (status == 400 and error == wanted)) and SECRET.encode() not in text \
            and len(text) <= ANSWER_MOST and took_ms < SLOW_MS
        print(name, status, error, f"{took_ms:.1f}", len(text), "" if good else f"WRONG, not {wanted}")
        wrong += not good
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
