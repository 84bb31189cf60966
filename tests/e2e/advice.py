# SPDX-License-Identifier: MIT
"""What virturi prints, taken apart as a person would read it."""

import re

from guest import Wrong


class Advice:
    """Of needs-relogin."""

    def __init__(self, done):
        if done.status not in (0, 1) or not done.out:
            raise Wrong(f"needs-relogin: status {done.status}: {done.out}")
        self.is_needed = done.status == 1
        self.text = done.out
        head, _, rest = done.out.partition("least that is enough\n")
        self.headline = head.partition("\n")[0]
        # NAME  GROUP  URI
        self.table = {name: (group, uri) for name, group, uri in re.findall(
            r"^  (\S.*?) +(yes|no) {5,}(.*)$", head, re.M)}
        # FOR  COMMAND  (PRICE)
        self.cures = re.findall(
            r"^  (\S.*?)  +(\S.*?)(?:  +\(.*\))?$", rest, re.M)

    def find(self, label):
        """What helps that."""
        for known, command in self.cures:
            if known == label:
                return command
        raise Wrong(f"nothing is said {label!r}:\n{self.text}")


class Checks(dict):
    def __missing__(self, name):
        raise Wrong(f"check says nothing of {name!r}")


def read_checks(text):
    """Of check: id -> (status, what it says, with all lines below it)."""
    found = re.findall(r"^([A-Z]{4})  (\S+) +(.*(?:\n +.*)*)", text, re.M)
    return Checks((name, (status, said)) for status, name, said in found)


def read_remedy(said, label):
    """The command below a line of check's, without what it ends."""
    found = re.search(rf"^ +{label}: +(.*?)(?: \(.*\))?$", said, re.M)
    if not found:
        raise Wrong(f"no {label!r} in:\n{said}")
    return found[1]


def commands(cure):
    """What is for a machine in "COMMAND, then log in again"."""
    return [part for part in cure.split(", then ")
            if not re.search(r"\b(log in|login)\b", part)]
