# SPDX-License-Identifier: MIT
"""What has to be true of every session: the tables."""

import dataclasses
import typing

import ways
from machine import MEMBER, PEOPLE, SHELL_NAMES, Person
from ways import VIRSH, VIRTURI, WHO, Program


@dataclasses.dataclass(frozen=True)
class Situation:
    """What the administrator did, and what the log says of it."""
    name: str
    policy: str | None
    arguments: str = ""
    module: bool = True
    uri: str | None = None          # what members get
    complains: tuple = ()           # at whose login there is one line
    says: str = ""                  # what that line has in it


URI = "qemu:///system"
RULE = "[group libvirt]\nuri = {}\n"

SITE = Situation("", RULE.format(URI), uri=URI)
TEST = Situation("", RULE.format("test:///default"), uri="test:///default")

FAULTS = [
    Situation("unknown header", "[grop libvirt]\nuri = qemu:///system\n",
              complains=PEOPLE, says="50-site.conf:1"),
    Situation("policy= of a missing file", SITE.policy,
              arguments="policy=/missing/file",
              complains=PEOPLE, says="/missing/file"),
    Situation("mistake in the rule", RULE.format("qemu:///system x"),
              complains=(MEMBER,), says="50-site.conf:2"),
    Situation("no policy", None),
    Situation("no module", SITE.policy, module=False),
]

WAYS = {
    "ssh command": ways.ssh_command,
    "ssh terminal": ways.ssh_terminal,
    "su -l": ways.su_login,
    "su": ways.su,
    "sudo -u": ways.sudo,
    "sudo -iu": ways.sudo_login,
    "login": ways.login,
    "cron": ways.cron,
}


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    situation: Situation
    way: typing.Callable
    person: Person
    expected: str                   # a line on the screen, whole
    shell: str = "bash"
    program: Program = WHO

    @property
    def log_lines(self):
        return int(self.person in self.situation.complains)


def who_row(name, situation, way, person, shell="bash"):
    """A row that asks who, in which shell, and with which URI."""
    uri = situation.uri if person.in_group and situation.uri else "no URI"
    seen_shell = "sh" if way is ways.cron else shell
    return Row(name, situation, way, person, shell=shell,
               expected=f"{person.name} in {seen_shell}: {uri}")


def every_way(situation):
    for name, way in WAYS.items():
        for person in PEOPLE:
            parts = situation.name, name, person.name
            yield who_row(", ".join(filter(None, parts)), situation, way,
                          person)


def every_shell():
    for shell in SHELL_NAMES:
        for way in "ssh command", "ssh terminal":
            for person in PEOPLE:
                yield who_row(f"{shell}, {way}, {person.name}", SITE,
                              WAYS[way], person, shell)


def all_rows():
    yield from every_way(SITE)
    yield Row("plain sudo in the member's session", SITE, ways.plain_sudo,
              MEMBER, "root in bash: no URI")
    yield Row("virturi uri, ssh command, member", SITE, ways.ssh_command,
              MEMBER, URI, program=VIRTURI)
    for way in "ssh command", "ssh terminal", "su -l", "sudo -iu", "cron":
        yield Row(f"virsh uri, {way}, member", TEST, WAYS[way], MEMBER,
                  TEST.uri, program=VIRSH)
    yield from every_shell()
    for situation in FAULTS:
        yield from every_way(situation)
