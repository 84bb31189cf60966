# SPDX-License-Identifier: MIT
"""
What can be measured of a session or a command: times, from contenders that
take turns; and what does not depend on how busy the machine is.
"""

import os
import re
import statistics
import subprocess
import tempfile


class Figure:
    """A median, with the quartiles and the least of what it was taken of."""

    def __init__(self, samples):
        samples = sorted(samples)
        self.count = len(samples)
        self.least = samples[0]
        self.median = statistics.median(samples)
        if len(samples) > 1:
            self.low, _, self.high = statistics.quantiles(samples, n=4)
        else:
            self.low = self.high = samples[0]

    def document(self):
        return {key: round(value, 1) for key, value in vars(self).items()}


class Timing:
    """Figures of one contender, in µs, with whatever was measured last."""

    def __init__(self):
        self.parts, self.wholes = [], []

    def add(self, part_line, whole_line):
        self.parts += [int(text) for text in part_line.split()]
        self.wholes += [int(text) for text in whole_line.split()]


class Meter:
    """Runs the driver, tests/bench/session.c."""

    def __init__(self, build):
        self.driver = str(build / "tests/bench/session")
        self.counter = str(build / "tests/bench/count.so")
        self.environment = {}

    def _environment(self, **more):
        return {**os.environ, "LC_ALL": "C.UTF-8", **self.environment, **more}

    def _run(self, *command, **more):
        done = subprocess.run(
            [str(word) for word in command], env=self._environment(**more),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{command}: {done.stderr or done.returncode}")
        return done

    # --- Times --------------------------------------------------------------

    def inside(self, user, stacks, rounds):
        """For each stack (µs in open_session, µs from start to end)."""
        lines = self._run(self.driver, "inside", rounds, user,
                          *stacks).stdout.splitlines()
        return self._pairs(lines, 1000, 1000)

    def spawn(self, uid, commands, rounds):
        """For each command (µs of the CPU, µs from start to end)."""
        words = []
        for command in commands:
            words += [*command, "--"]
        lines = self._run(self.driver, "spawn", rounds, uid,
                          *words[:-1]).stdout.splitlines()
        return self._pairs(lines, 1, 1000)

    @staticmethod
    def _pairs(lines, *units):
        figures = [[int(text) / units[i % 2] for text in line.split()]
                   for i, line in enumerate(lines)]
        return list(zip(figures[::2], figures[1::2]))

    def once(self, user, stack, count=1):
        """The command that opens and closes one session, or so many."""
        return [self.driver, "once", user, stack, str(count)]

    # --- What does not depend on load ---------------------------------------

    def instructions(self, command):
        """Of a whole process and its children, as callgrind counts them."""
        with tempfile.TemporaryDirectory() as directory:
            done = self._run(
                "valgrind", "--tool=callgrind", "--trace-children=no",
                f"--callgrind-out-file={directory}/out", *command)
        return int(re.search(r"Collected : (\d+)", done.stderr).group(1))

    def system_calls(self, command):
        with tempfile.NamedTemporaryFile("r") as log:
            self._run("strace", "-f", "-qq", "-e", "signal=none",
                      "-o", log.name, *command)
            return sum(1 for line in log if "resumed>" not in line)

    def lookups(self, command):
        """Questions about users, groups, lists of a user's groups."""
        done = self._run(*command, LD_PRELOAD=self.counter)
        last = [line for line in done.stderr.splitlines()
                if line.startswith("lookups ")][-1]
        return [int(text) for text in last.split()[1:]]

    def further(self, what, user, stack, count=5):
        """What a session costs in a process that has had one."""
        one, many = (what(self.once(user, stack, n)) for n in (1, 1 + count))
        if isinstance(one, list):
            return [(b - a) / count for a, b in zip(one, many)]
        return (many - one) / count

    def memory(self, user, stack, times=15):
        """KiB at the peak of a fresh process: the median of some."""
        return statistics.median(
            int(self._run(self.driver, "memory", user, stack).stdout)
            for _ in range(times))

    def kept(self, user, stack, count):
        """Bytes, mappings and descriptors that so many sessions left."""
        done = self._run(self.driver, "kept", user, stack, count)
        return [int(text) for text in done.stdout.split()]
