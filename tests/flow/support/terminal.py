# SPDX-License-Identifier: Apache-2.0
"""Run a command at a terminal of a given size, and print what stood on it.

    terminal.py COLUMNSxROWS[,COLUMNSxROWS] [--interrupt PATTERN] COMMAND...

Prints the screens that the command drew, each once, behind a line "=== COLUMNSxROWS", and at the end all that is
left on the terminal behind "=== end CODE". With a second size the window changes to it after the third screen.
--interrupt: Ctrl-C is pressed once a screen matches. A bar that reaches beyond the window is an error.
"""
import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time

SECONDS_MOST = 60
SEQUENCE = re.compile(r"\x1b\[(\d*)([A-Za-z])")


class Terminal:
    """As much of one as is needed: lines, a cursor, up, clear below; colours are counted."""

    def __init__(self, columns):
        self.columns, self.lines, self.row, self.column = columns, [""], 0, 0
        self.colours = self.overflows = 0

    def put(self, character):
        if self.column >= self.columns:
            # Sentences may be broken in two; what is drawn over must not be.
            self.overflows += "[" in self.lines[self.row]
            self.newline()
            self.column = 0
        line = self.lines[self.row].ljust(self.column)
        self.lines[self.row] = line[: self.column] + character + line[self.column + 1 :]
        self.column += 1

    def newline(self):
        self.row += 1
        if self.row == len(self.lines):
            self.lines.append("")

    def obey(self, number, letter):
        if letter == "A":
            self.row = max(0, self.row - int(number or 1))
        elif letter == "J":
            self.lines = self.lines[: self.row + 1]
            self.lines[self.row] = self.lines[self.row][: self.column]
        elif letter == "m":
            self.colours += 1
        else:
            raise SystemExit(f"a control sequence that was not foreseen: {number}{letter}")

    def feed(self, text):
        while text:
            found = SEQUENCE.match(text)
            if found:
                self.obey(*found.groups())
                text = text[found.end() :]
                continue
            character, text = text[0], text[1:]
            if character == "\r":
                self.column = 0
            elif character == "\n":
                self.newline()
            else:
                self.put(character)

    def reflow(self, columns):
        """What stands in a window that becomes narrower is broken into more lines."""
        lines = []
        for line in self.lines[: self.row]:
            lines += [line[i : i + columns] for i in range(0, len(line), columns)] or [""]
        self.lines, self.row, self.column, self.columns = lines + [""], len(lines), 0, columns


def set_size(fd, size):
    columns, rows = map(int, size.split("x"))
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    return columns


def show(title, terminal):
    print(f"=== {title}")
    print("\n".join(line.rstrip() for line in terminal.lines).strip("\n"), flush=True)


def main():
    words = sys.argv[1:]
    sizes = words.pop(0).split(",")
    pattern = None
    if words[0] == "--interrupt":
        pattern = re.compile(words[1])
        words = words[2:]
    pid, fd = pty.fork()
    if pid == 0:
        time.sleep(0.1)
        os.execvp(words[0], words)
    terminal, screens, shown = Terminal(set_size(fd, sizes[0])), 0, None
    until = time.monotonic() + SECONDS_MOST
    size = sizes.pop(0)
    while time.monotonic() < until:
        if not select.select([fd], [], [], 0.1)[0]:
            continue
        try:
            terminal.feed(os.read(fd, 65536).decode())
        except OSError:
            break
        if "[" in "".join(terminal.lines) and terminal.lines != shown:
            show(size, terminal)
            shown, screens = list(terminal.lines), screens + 1
        if sizes and screens >= 3:
            size = sizes.pop(0)
            terminal.reflow(set_size(fd, size))
        if pattern and pattern.search("\n".join(terminal.lines)):
            os.write(fd, b"\x03")
            pattern = None
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    show(f"end {code}", terminal)
    print(f"colours={terminal.colours} overflows={terminal.overflows}")
    return 1 if terminal.overflows else 0


sys.exit(main())
