# SPDX-License-Identifier: MIT
"""Huge and hostile policies: a second of processor time at most, each.

Under valgrind and the sanitizers the same is read, but not timed.
"""

import os
import pathlib
import random
import subprocess
import tempfile

from cases import HERE, set_modes

MIB = 1 << 20
LIMIT_S = 1.0


def fill(line, size=MIB):
    """Lines, numbered where they want it, up to so many bytes."""
    lines, total = [], 0
    while True:
        text = line % {b"n": len(lines)}
        total += len(text)
        if total > size:
            return b"".join(lines)
        lines.append(text)


def rules(count, header, body=b"uri = qemu:///system\n"):
    """So many rules."""
    return b"".join(header % {b"n": number} + b"\n" + body
                    for number in range(count))


def pad(key):
    """A line of nearly 8,000 bytes that is a list of short names."""
    names = [b"%x" % number for number in range(1600)]
    return key + b" = " + b",".join(names)[:7900].rstrip(b",") + b"\n"


LISTS = b"uri = none\n" + pad(b"services") + pad(b"require_groups") + \
    pad(b"exclude_groups")

FILES = {
    "1 MiB of random bytes": random.Random(1).randbytes(MIB),
    "1 MiB of random text": bytes(random.Random(1).choices(
        b"[]=#,'\"$%{}: \t\rabgroupuserigdethsn\n\n\n", k=MIB)),
    "1 MiB of newlines": b"\n" * MIB,
    "1 MiB of brackets": b"[" * MIB,
    "1 MiB of bad headers": fill(b"[grup %(n)d]\n"),
    "1 MiB of CRLF": b"\r\n" * (MIB // 2),
    "a line of 1 MiB": b"[group a]\nuri = " + b"x" * (MIB - 20) + b"\n",
    "a comment of 1 MiB": b"#" * MIB,
    "a rule of 1 MiB": b"[group kvm]\nuri = none\n" + fill(
        b"key%(n)d = value\n", MIB - 30),
    "a rule with 1 MiB of blank lines": b"[group kvm]\nuri = none\n" +
                                        b" \n" * (MIB // 2 - 20),
    "1,000 rules of 1 KiB": rules(1000, b"[group g%(n)d]", fill(
        b"# what this rule is for, and who wanted it\n", 960)
        + b"uri = qemu:///system\n"),
    "1,000 rules for users": rules(1000, b"[user u%(n)d]"),
    "1,000 rules with one header": rules(1000, b"[group kvm]"),
    "1,000 rules for one group, by name and number":
        rules(999, b"[gid %(n)d]") + b"[group kvm]\nuri = none\n",
    "1,000 rules with a slip each": rules(
        1000, b"[user u%(n)d]", b"url = qemu:///system\nfrom = here\n"),
    "1 MiB of names in lists": rules(43, b"[gid %(n)d]", LISTS),
    "1 MiB of ranges": rules(
        130, b"[gid %(n)d]",
        b"uri = none\nuids = " + b"1000," * 1580 + b"1\n"),
    "1 MiB of variables": rules(
        130, b"[gid %(n)d]", b"uri = qemu+ssh://" + b"${user}" * 1130
        + b"@h/system\n"),
    "1 MiB of percent signs": rules(
        130, b"[gid %(n)d]", b"uri = qemu:///" + b"%%25" * 1950 + b"\n"),
}

SHORT = {
    "1,000 files": lambda n: b"[group g%d]\nuri = none\n" % n,
    "1,000 files with 10 rules each": lambda n: rules(
        10, b"[user u%d-%%(n)d]" % n),
    "1,000 files for the same people": lambda n: b"[group kvm]\nuri = none\n",
    "1,000 files with a bad header each": lambda n: b"[grup kvm]\nuri = x\n",
}


def find_problems(build, arguments, directory):
    """Runs lint; what is wrong with the way it ended."""
    with open(directory / "said", "wb") as said:
        child = subprocess.Popen(
            [*build.wrapper, build.command, "lint", "--root", "root",
             *arguments], cwd=directory, stdout=said, stderr=said,
            stdin=subprocess.DEVNULL, env=build.environment(HERE / "names"))
        _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    used = usage.ru_utime + usage.ru_stime
    if child.returncode not in (0, 1):
        yield f"expected exit status 0 or 1, not {child.returncode}"
        yield from (directory / "said").read_text(
            encoding="utf-8", errors="replace").splitlines()[-20:]
    if used > LIMIT_S and not build.wrapper and not build.is_sanitized:
        yield f"expected at most {LIMIT_S} s, not {used:.2f} s"


def run(build, tap):
    """A test for each input."""
    for name, text in FILES.items():
        with tempfile.TemporaryDirectory(prefix="virturi-big-") as top:
            top = pathlib.Path(top)
            (top / "root/etc/pam.d").mkdir(parents=True)
            (top / "policy").write_bytes(text[:MIB])
            tap.result(f"lint reads {name}",
                       find_problems(build, ["policy"], top))
    for name, text in SHORT.items():
        with tempfile.TemporaryDirectory(prefix="virturi-big-") as top:
            top = pathlib.Path(top)
            policies = top / "root" / build.layers[0] / "virturi.conf.d"
            policies.mkdir(parents=True)
            for number in range(1000):
                (policies / f"{number}.conf").write_bytes(text(number))
            set_modes(top)
            tap.result(f"lint reads {name}, in force",
                       find_problems(build, [], top))
            tap.result(f"lint reads {name}, as candidates",
                       find_problems(build, [str(policies)], top))
