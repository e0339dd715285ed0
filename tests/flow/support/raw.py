#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Send bytes as they are over one connection and print what comes back.

raw.py ADDRESS [--split BYTES] [--quiet-ms N] BYTES...

Backslash escapes are read (\\r\\n). --split sends so many bytes at a time. The last line is <closed>
when the server closed the connection, <open> when it said nothing more for --quiet-ms.
"""

import argparse
import socket
import time


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("address")
    parser.add_argument("--split", type=int, default=0)
    parser.add_argument("--quiet-ms", type=int, default=700)
    parser.add_argument("bytes", nargs="+")
    options = parser.parse_args()
    host, port = options.address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        end = "<open>"
        try:
            for text in options.bytes:
                data = text.encode("latin-1", "backslashreplace").decode("unicode_escape").encode("latin-1")
                step = options.split or len(data)
                for start in range(0, len(data), step):
                    connection.sendall(data[start:start + step])
                    if options.split:
                        time.sleep(0.001)
            connection.settimeout(options.quiet_ms / 1000)
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
            end = "<closed>"
        except TimeoutError:
            pass
        except ConnectionError:
            end = "<closed>"
        print(received.decode("utf-8", "replace").replace("\r", ""))
        print(end)


if __name__ == "__main__":
    main()
