#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The route that a web application has of its own before Intake: what it does, no more.

web_application.py PORT DATABASE_URL

POST /api/webhooks/contacts with x-api-key, a JSON contact: an upsert by (business_id, email) as service_role,
answered 200 with the contact's id. The key is verified against businesses.api_key_hash, as Node would.
"""

import hashlib
import hmac
import http.server
import json
import subprocess
import sys

UPSERT = """
set role service_role;
insert into contacts as c (business_id, name, email, phone, status)
values (:'business', :'name', lower(:'email'), nullif(:'phone', ''), 'active')
on conflict (business_id, email) do update set name = excluded.name, status = 'active',
  phone = coalesce(excluded.phone, c.phone), updated_at = now()
returning id
"""


def psql(statement, **variables):
    command = ["psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1"]
    for name, value in variables.items():
        command += ["-v", f"{name}={value}"]
    done = subprocess.run([*command, sys.argv[2]], input=statement, capture_output=True, text=True, timeout=10)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout.splitlines()


def verifies(key, stored):
    salt, found = stored.split(":")
    made = hashlib.scrypt(key.encode(), salt=salt.encode(), n=16384, r=8, p=1, maxmem=64 << 20, dklen=64)
    return hmac.compare_digest(made.hex(), found)


def business_of(key):
    rows = psql("select id || ' ' || api_key_hash from businesses where api_key_hash is not null")
    for business, stored in (row.split(" ") for row in rows):
        if verifies(key.removeprefix("sk_"), stored):
            return business
    return None


class Route(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        business = business_of(self.headers.get("x-api-key", ""))
        if not business:
            return self.answer(401, {"success": False})
        found = psql(UPSERT, business=business, name=body["name"], email=body["email"], phone=body.get("phone", ""))
        return self.answer(200, {"success": True, "contact": {"id": found[0]}})

    def answer(self, status, value):
        text = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Route).serve_forever()
