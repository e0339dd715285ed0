#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Clients of many addresses, as a proxy that is told by the PROXY protocol sees them.

crowd.py PORT CA head|line ADDRESS...

Each opens a connection to 127.0.0.1:PORT, says that it comes from ADDRESS, and sends the head of a POST whose body never
comes, or its first line only; all stay open. Says a line for each: "taken" or "refused".
"""

import socket
import ssl
import sys

WAIT_S = 1.0
LINE = b"POST /api/webhooks/contacts HTTP/1.1\r\n"
HEADERS = b"Host: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n"


def come(port, context, words, address):
    family = "TCP6" if ":" in address else "TCP4"
    own = "::1" if ":" in address else "127.0.0.1"
    plain = socket.create_connection(("127.0.0.1", port), timeout=WAIT_S)
    plain.sendall(f"PROXY {family} {address} {own} 1024 {port}\r\n".encode())
    client = context.wrap_socket(plain, server_hostname="localhost")
    client.sendall(words)
    return client


def is_taken(client):
    """Nothing is said to who is waited for."""
    try:
        client.recv(1)
    except TimeoutError:
        return True
    return False


def main():
    context = ssl.create_default_context(cafile=sys.argv[2])
    words = LINE + HEADERS if sys.argv[3] == "head" else LINE
    clients = []
    for address in sys.argv[4:]:
        try:
            clients.append(come(int(sys.argv[1]), context, words, address))
            print("taken" if is_taken(clients[-1]) else "refused", flush=True)
        except OSError:
            print("refused", flush=True)


if __name__ == "__main__":
    main()
