# SPDX-License-Identifier: MIT
"""Do lint and the engine agree?

Whatever a policy says, and to whom:
  - where the engine sets nothing because of a mistake, lint reports an error
    in that very line;
  - a policy in which lint finds no error never makes the engine do so;
  - of a policy that lint calls unusable, the engine gives nobody anything;
  - where lint says that people would get no URI, somebody gets none for that.

The corpus is asked about, and variations of it with a slip or two. The people
are made for each policy: for every header somebody who is meant, with uids,
groups and sessions that its conditions want.
"""

import itertools
import json
import os
import pathlib
import random
import re
import subprocess
import tempfile

from cases import Scratch, Skipped, find_cases

VARIATIONS = 250
QUERIES_MAX = 10  # for one header
UNUSABLE = "The whole policy would be unusable"
NO_URI = re.compile(r"would get no URI$")
NEVER = re.compile(r"never (applies|decides)")

HEADER = re.compile(
    rb"^[ \t]*\[(user|group|gid|others)(?:[ \t]+([^]#\r\n]*))?\]", re.M)
ODD = [b"[", b"]", b"#", b"=", b'"', b"'", b" ", b",", b"\t", b"\r", b"\n",
       b"$", b"%", b"{", b"}", b":", b"/", b"-", b"\0", b"\x80", b"\x1b", b"0",
       b"\xef\xbb\xbf", b"none", b"uri = qemu:///system\n", b"from = remote\n",
       b"trial = yes\n", b"[others]\n", b"uids = 0\n"]


def items_of(key, text):
    """What stands in the comma lists of this key."""
    for line in re.findall(rb"^[ \t]*" + key + rb"[ \t]*=([^#\r\n]*)", text,
                           re.M):
        yield from (item.strip() for item in line.split(b","))


def is_nameable(name):
    """Can the tests' name service have it? Its fields end with a colon."""
    return name and not re.search(rb"[:\0\n]", name)


class People:
    """For every rule somebody whom it selects, and their names service."""

    def __init__(self, text):
        self.users, self.groups = [], {}
        self.beyond = set()  # headers for which there can be nobody
        headers = list(HEADER.finditer(text))
        ends = [header.start() for header in headers[1:]] + [len(text)]
        for number, (header, end) in enumerate(zip(headers, ends)):
            self._add(number, header, text[header.end():end])
        self._add_user(b"plain", 3999, [])

    def _add(self, number, header, body):
        kind, name = header.group(1), header.group(2) or b""
        wanted = list(items_of(b"require_groups", body))
        if not all(is_nameable(group) for group in wanted):
            self.beyond.add(header.groups())
            wanted = []
        uids = [int(digits) for digits in re.findall(
            rb"\d+", b",".join(items_of(b"uids", body)))]
        user = b"u%d" % number
        if kind == b"user" and is_nameable(name) and b"," not in name:
            user = name
        elif kind == b"group" and is_nameable(name):
            wanted.append(name)
        elif kind == b"gid" and name.isdigit():
            self.groups.setdefault(b"gid%d" % int(name), int(name))
            wanted.append(b"gid%d" % int(name))
        elif kind != b"others":
            self.beyond.add(header.groups())
        if not set(wanted).isdisjoint(items_of(b"exclude_groups", body)):
            self.beyond.add(header.groups())
        for uid in [2000 + number, *uids[:3]]:
            self._add_user(user if uid >= 2000 else user + b"-%d" % uid, uid,
                           wanted)
            user = b"u%d-%d" % (number, uid)

    def _add_user(self, name, uid, groups):
        self.users.append((name, uid % 2**32, groups))
        for group in groups:
            self.groups.setdefault(group, 7000 + len(self.groups))

    def write(self, directory):
        """As files of the tests' name service."""
        passwd = [b"%s:x:%d:99::/home/x:/bin/sh\n" % (name, uid)
                  for name, uid, _ in self.users]
        group = [b"%s:x:%d:%s\n" % (
                     name, gid, b",".join(user for user, _, groups in self.users
                                          if name in groups))
                 for name, gid in self.groups.items()]
        (directory / "passwd").write_bytes(b"".join(passwd))
        (directory / "group").write_bytes(b"".join(group))


class Court:
    """One policy in force, before lint and before the engine."""

    def __init__(self, build, directory, text):
        self.build, self.top, self.text = build, directory, text
        self.people = People(text)
        self.root = directory / "root"
        self.file = self.root / build.layers[0] / "virturi.conf.d/50-x.conf"
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_bytes(text)
        for path in [self.file, *self.file.parents]:
            if self.root in [path, *path.parents]:
                path.chmod(0o644 if path == self.file else 0o755)
        self.people.write(directory)

    def _ask(self, *arguments):
        done = subprocess.run(
            [self.build.command, *arguments, "--json", "--root", "root"],
            cwd=self.top, env=self.build.environment(self.top), check=False,
            stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        return json.loads(done.stdout)

    def lint(self):
        """Its errors, as (line, text), and headers that may have no effect."""
        found = self._ask("lint")["diagnostics"]
        errors = [(each["line"], each["text"]) for each in found
                  if each["severity"] == "error"]
        idle = {find_header(self.text, each["line"]) for each in found
                if NEVER.match(each["text"])}
        return errors, idle | self.people.beyond

    def _sessions(self):
        services = [b"login", *items_of(b"services", self.text)]
        services = [name for name in dict.fromkeys(services)
                    if name and b"\0" not in name][:4]
        return itertools.product(services, ([], ["--rhost", "192.0.2.1"]))

    def queries(self):
        """Who is to be asked about, in which session."""
        sessions = list(self._sessions())
        for name, _, _ in self.people.users:
            for service, rhost in sessions[:QUERIES_MAX]:
                if not name.startswith(b"-"):
                    yield ["uri", name, "--service", service, *rhost]

    def decide(self, query):
        """The engine's answer: (line, text) of a mistake, or None."""
        answer = self._ask(*query)
        if "error" not in answer:
            return None
        match = re.match(r"root/\S*?50-x\.conf:(?:(\d+):)? (.*)",
                         answer["error"])
        if match is None:
            return -1, answer["error"]
        return int(match.group(1) or 0), match.group(2)


def find_header(text, line):
    """The header this line is below, or is: its kind and name, or None."""
    found = None
    for header in HEADER.finditer(text):
        if text[:header.start()].count(b"\n") < line:
            found = header.groups()
    return found


def find_disagreements(court):
    """What lint and the engine do not agree about."""
    errors, excused = court.lint()
    lines = {line for line, _ in errors}
    is_unusable = any(UNUSABLE in text for _, text in errors)
    for query in court.queries():
        mistake = court.decide(query)
        asked = b" ".join(os.fsencode(word) for word in query[1:])
        if mistake is None and is_unusable:
            yield f"expected no answer, as lint says: {asked}"
        if mistake is None:
            continue
        excused.add(find_header(court.text, mistake[0]))
        if mistake[0] not in lines:
            yield f"expected lint to report this, for {asked}: {mistake}"
    for line, text in errors:
        if NO_URI.search(text) and not is_unusable and \
                find_header(court.text, line) not in excused:
            yield f"expected somebody to get no URI for this: {line}: {text}"


def read_corpus(build):
    """The texts of all policies, as they are after `setup`."""
    for kind in "faults", "good":
        for case in find_cases(kind):
            try:
                with Scratch(case, build, is_read=True) as scratch:
                    yield from read_case(scratch.work)
            except Skipped:
                continue


def read_case(work):
    """The texts of one case's files."""
    for path in sorted(work.rglob("*")):
        if path.is_file() and path.stat().st_size < 65536 and \
                os.access(path, os.R_OK) and "pam.d" not in path.parts:
            text = path.read_bytes()
            # of rules by the hundred, some are enough
            if text and text.count(b"\n[") < 50:
                yield text


def vary(text, texts, chance):
    """The text with a slip or two."""
    for _ in range(chance.randint(1, 3)):
        lines = text.splitlines(keepends=True) or [b""]
        at = chance.randrange(len(lines))
        place = chance.randrange(len(text) + 1)
        other = chance.choice(chance.choice(texts).splitlines(keepends=True))
        text = chance.choice([
            b"".join(lines[:at] + lines[at + 1:]),
            b"".join(lines[:at] + [lines[at]] + lines[at:]),
            b"".join(lines[:at] + [other] + lines[at:]),
            text[:place] + chance.choice(ODD) + text[place:],
            text[:place] + text[place + 1:],
        ])
    return text[:4000]


def judge(build, text):
    """The disagreements about one text, with the text."""
    with tempfile.TemporaryDirectory(prefix="virturi-agree-") as directory:
        court = Court(build, pathlib.Path(directory), text)
        found = list(find_disagreements(court))
    return [f"{text!r}", *found[:5]] if found else []


def run(build, tap, pool):
    """Two tests: the corpus, and its variations."""
    if build.wrapper:
        tap.skip("lint and the engine agree", "too slow under a wrapper")
        return
    corpus = list(dict.fromkeys(read_corpus(build)))
    chance = random.Random(3)
    small = [text for text in corpus if len(text) < 2000]
    count = VARIATIONS // 5 if build.is_sanitized else VARIATIONS
    varied = [vary(chance.choice(small), small, chance) for _ in range(count)]
    for texts, what in (corpus, "policies"), (varied, "variations"):
        found = pool.map(lambda text: judge(build, text), texts)
        tap.result(f"lint and the engine agree about {len(texts)} {what}",
                   sum(found, []))
