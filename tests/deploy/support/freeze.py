#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Let one thread of a process stand still, as one that hangs would; the others go on.

freeze.py TID SECONDS   prints frozen, and lets it go when the time is over or the process has ended

SIGSTOP stops all threads of a process: only a tracer can stop one.
"""
import ctypes
import os
import sys
import time

PTRACE_SEIZE, PTRACE_INTERRUPT = 0x4206, 0x4207
WALL = 0x40000000


def ptrace(libc, request, tid):
    if libc.ptrace(request, tid, None, None) != 0:
        sys.exit(f"freeze: {os.strerror(ctypes.get_errno())}")


def main():
    tid, seconds = int(sys.argv[1]), float(sys.argv[2])
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    ptrace(libc, PTRACE_SEIZE, tid)
    ptrace(libc, PTRACE_INTERRUPT, tid)
    os.waitpid(tid, WALL)
    print("frozen", flush=True)
    until = time.monotonic() + seconds
    while time.monotonic() < until and os.path.exists(f"/proc/{tid}"):
        time.sleep(0.05)
        # A thread that is killed has to be told so, and reaped.
        try:
            if os.waitpid(tid, WALL | os.WNOHANG)[0] == tid:
                return
        except ChildProcessError:
            return


if __name__ == "__main__":
    main()
