#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A slow way to a server: answers come later, and it takes only so many bytes a second.

slow_proxy.py PORT TARGET --delay-ms N --bytes-per-s N

PORT and TARGET's are of 127.0.0.1. All connections share the bytes a second. Runs until it is killed.
"""

import argparse
import asyncio
import time

CHUNK_BYTES = 16 * 1024


class Pace:
    """When the next bytes may go on."""

    def __init__(self, bytes_per_s):
        self.bytes_per_s = bytes_per_s
        self.free_at = 0.0

    async def wait(self, count):
        now = time.monotonic()
        self.free_at = max(self.free_at, now) + count / self.bytes_per_s
        await asyncio.sleep(self.free_at - now)


async def forward_paced(reader, writer, pace):
    while chunk := await reader.read(CHUNK_BYTES):
        await pace.wait(len(chunk))
        writer.write(chunk)
        await writer.drain()
    writer.close()


async def forward_delayed(reader, writer, delay_s):
    under_way = asyncio.Queue()

    async def deliver():
        while True:
            due, chunk = await under_way.get()
            await asyncio.sleep(max(0, due - time.monotonic()))
            if not chunk:
                writer.close()
                return
            writer.write(chunk)

    delivery = asyncio.create_task(deliver())
    while True:
        chunk = await reader.read(CHUNK_BYTES)
        under_way.put_nowait((time.monotonic() + delay_s, chunk))
        if not chunk:
            break
    await delivery


async def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("port", type=int)
    parser.add_argument("target", type=int)
    parser.add_argument("--delay-ms", type=int, required=True)
    parser.add_argument("--bytes-per-s", type=int, required=True)
    options = parser.parse_args()
    pace = Pace(options.bytes_per_s)

    async def serve(reader, writer):
        try:
            there, back = await asyncio.open_connection("127.0.0.1", options.target)
            await asyncio.gather(forward_paced(reader, back, pace),
                                 forward_delayed(there, writer, options.delay_ms / 1000))
        except OSError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", options.port)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
