# SPDX-License-Identifier: MIT
"""
What can be measured of a session or a command: times, of contenders that take
turns; and what does not depend on how busy the machine is.
"""

import re
import statistics
import subprocess
import tempfile

# Nothing of the caller's: a variable is work for whoever is started.
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
               "HOME": "/", "TERM": "dumb"}


class Figure:
    """A median, with the quartiles and the least of what it was taken of."""

    def __init__(self, samples):
        samples = sorted(samples)
        self.count = len(samples)
        self.least = samples[0]
        self.median = statistics.median(samples)
        self.low, _, self.high = (statistics.quantiles(samples, n=4)
                                  if self.count > 1 else samples * 3)

    def document(self):
        return {key: round(value, 1) for key, value in vars(self).items()}


class Meter:
    """Runs the driver, session.c. Times are in µs."""

    def __init__(self, build, *, budget_s, rounds):
        self.driver = str(build / "tests/bench/session")
        self.counter = str(build / "tests/bench/count.so")
        self.stages_program = str(build / "tests/bench/stages")
        self.budget_s = budget_s        # for one contest
        self.rounds = rounds            # at most
        self.environment = {}           # what a directory wants
        self.loader = []                # another libc to run under

    def run(self, *command, user=None, **more):
        """Its output; whoever fails ends the benchmark."""
        done = subprocess.run(
            [str(word) for word in command], user=user,
            env={**ENVIRONMENT, **self.environment, **more},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{command}: {done.returncode}: {done.stderr}")
        return done

    # --- Times --------------------------------------------------------------

    def inside(self, user, stacks):
        """For each stack: open_session alone, and from start to end."""
        return self._contest(["inside", user, *stacks], 1000)

    def spawn(self, uid, commands):
        """For each command: of the CPU, and from start to end."""
        words = [word for command in commands for word in (*command, "--")]
        return self._contest(["spawn", uid, *words[:-1]], 1)

    def _contest(self, words, unit):
        """As many rounds as there is time for, told from the first few."""
        mode, *others = words
        pilot = self._samples([mode, 3, *others], unit)
        round_us = sum(statistics.median(whole) for _, whole in pilot)
        rounds = int(self.budget_s * 1e6 / round_us)
        rounds = max(5, min(rounds, self.rounds))
        return [(Figure(part), Figure(whole)) for part, whole in
                self._samples([mode, rounds, *others], unit)]

    def _samples(self, words, unit):
        lines = self.run(*self.loader, self.driver, *words).stdout
        lines = [[int(text) for text in line.split()]
                 for line in lines.splitlines()]
        return [([part / unit for part in parts],
                 [whole / 1000 for whole in wholes])
                for parts, wholes in zip(lines[::2], lines[1::2])]

    # --- What does not depend on load ---------------------------------------

    def once(self, user, stack, count=1):
        """The command that opens and closes one session, or so many."""
        return [*self.loader, self.driver, "once", user, stack, str(count)]

    def instructions(self, command, user="root"):
        """Of one process, as callgrind counts them."""
        done = self.run("valgrind", "--tool=callgrind",
                        "--callgrind-out-file=/dev/null", *command, user=user)
        return int(re.search(r"Collected : (\d+)", done.stderr).group(1))

    def system_calls(self, command, user="root"):
        """Of a process and its children."""
        with tempfile.NamedTemporaryFile("r") as log:
            self.run("strace", "-f", "-qq", "-e", "signal=none", "-u", user,
                     "-o", log.name, *command)
            return sum(1 for line in log if "resumed>" not in line)

    def lookups(self, command):
        """Questions about users, about groups, for lists of groups."""
        done = self.run(*command, LD_PRELOAD=self.counter)
        return [int(count) for count in re.findall(
            r"^lookups (\d+) (\d+) (\d+)$", done.stderr, re.M)[-1]]

    def further(self, what, user, stack, count=5):
        """What a session costs in a process that has had one."""
        one = what(self.once(user, stack))
        return (what(self.once(user, stack, 1 + count)) - one) / count

    def memory(self, user, stack, times=15):
        """KiB at the peak of a fresh process: the median of some."""
        return statistics.median(
            int(self.run(self.driver, "memory", user, stack).stdout)
            for _ in range(times))

    def kept(self, user, stack, count):
        """Bytes, mappings and descriptors that so many sessions left; what
        malloc(3) puts aside for the next caller is not to count as used."""
        done = self.run(self.driver, "kept", user, stack, count,
                        GLIBC_TUNABLES="glibc.malloc.tcache_count=0:"
                        "glibc.malloc.mxfast=0")
        return [int(text) for text in done.stdout.split()]

    def stages(self, user, count):
        """ns in each stage of a decision: see stages.c."""
        lines = self.run(self.stages_program, user, count).stdout.splitlines()
        return {name: int(ns) for name, ns in map(str.split, lines)}
