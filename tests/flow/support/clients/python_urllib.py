#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Post contacts with Python's own library, a shape each: python_urllib.py URL KEY NAME PHONE"""

import json
import sys
import urllib.parse
import urllib.request


def main():
    url, key, name, phone = sys.argv[1:]

    def contact(shape):
        return {"name": name, "email": f"urllib-{shape}@example.com", "phone": phone}

    # urlopen labels both as application/x-www-form-urlencoded.
    shapes = {
        "json": json.dumps(contact("json")),
        "form": urllib.parse.urlencode(contact("form")),
    }
    for shape, body in shapes.items():
        request = urllib.request.Request(url, body.encode(), {"x-api-key": key})
        with urllib.request.urlopen(request, timeout=10) as answer:
            print(shape, answer.status, answer.read().decode())


if __name__ == "__main__":
    main()
