#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Post contacts with requests, a shape of body each: python_requests.py URL KEY NAME PHONE"""

import json
import sys

import requests


def main():
    url, key, name, phone = sys.argv[1:]

    def contact(shape):
        return {"name": name, "email": f"requests-{shape}@example.com", "phone": phone}

    shapes = {
        "json": {"json": contact("json")},
        "list": {"json": [contact("list"), contact("list2")]},
        "form": {"data": contact("form")},
        "text": {"data": json.dumps(contact("text"), ensure_ascii=False).encode()},
        "chunked": {"data": iter([json.dumps(contact("chunked"))[:9].encode(),
                                  json.dumps(contact("chunked"))[9:].encode()])},
    }
    for shape, body in shapes.items():
        answer = requests.post(url, headers={"x-api-key": key}, timeout=10, **body)
        print(shape, answer.status_code, answer.text)
        answer.raise_for_status()


if __name__ == "__main__":
    main()
