# SPDX-License-Identifier: MIT
"""In the guest: a command with a terminal, and somebody typing at it.

Standard input has what Guest.terminal() was asked for, as JSON.
"""

import json
import sys

from terminal import Terminal


def main():
    order = json.load(sys.stdin)
    with Terminal(order["argv"]) as terminal:
        try:
            for pattern, answer in order["talk"]:
                terminal.expect(repr(pattern), pattern, order["seconds"])
                if answer is not None:
                    terminal.type(answer)
            terminal.wait(order["seconds"])
        except (EOFError, TimeoutError) as error:
            print(f"{error}; the screen:\n{terminal.text}", file=sys.stderr)
            return 1
        print(terminal.text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
