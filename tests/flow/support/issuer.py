#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An issuer's keys over https, and what may go wrong with them.

issuer.py PORT CERTIFICATE FOLDER

FOLDER has the files; CERTIFICATE has certificate and key. Each request is a line of output. Paths of its own:
/moved      leads to /keys.json by a redirect
/large      keys.json with white space before it, 100 KB
/silent     answers nothing for a minute
Runs until it is killed.
"""

import argparse
import http.server
import ssl
import time

LARGE_BYTES = 100 * 1024
SILENT_S = 60


class Issuer(http.server.SimpleHTTPRequestHandler):
    folder = "."

    def log_message(self, format, *args):
        print(self.path, flush=True)

    def keys(self):
        with open(f"{self.folder}/keys.json", "rb") as file:
            return file.read()

    def answer(self, body, status=200, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/keys.json":
            self.answer(self.keys())
        elif self.path == "/moved":
            self.answer(b"", 302, Location="/keys.json")
        elif self.path == "/large":
            self.answer(b" " * LARGE_BYTES + self.keys())
        elif self.path == "/silent":
            self.log_request()
            time.sleep(SILENT_S)
        else:
            self.answer(b"", 404)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("certificate")
    parser.add_argument("folder")
    options = parser.parse_args()
    Issuer.folder = options.folder
    server = http.server.ThreadingHTTPServer(("127.0.0.1", options.port), Issuer)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
