# SPDX-License-Identifier: MIT
"""Where text comes out: the command, the log, a manager's journal."""

import contextlib
import os
import re
import subprocess
from typing import NamedTuple

from foreign.alphabet import CONTROLS, find_faults_in_text
from foreign.stage import BIN, SECONDS, UID, Answer, listen_for_log, \
    read_datagrams, write

UTF8, C = b"C.UTF-8", b"C"


def read_to_end(fd):
    """What a terminal is sent until nobody has it open."""
    data = b""
    with contextlib.suppress(OSError):      # EIO: that is its end
        while chunk := os.read(fd, 65536):
            data += chunk
    return data


class Outlet(NamedTuple):
    """One way to ask the command."""

    name: str
    locale: bytes = UTF8
    is_first: bool = False      # with each kind of text, not only with all
    is_terminal: bool = False
    is_json: bool = False

    @property
    def is_ascii(self):
        return self.locale == C

    def ask(self, stage, argv, more):
        """Its answer; argv is without the program where that has a name."""
        program = os.fsencode(more.pop("program", BIN / "virturi"))
        options = ["--json"] if self.is_json else []
        argv = [program, *argv[:1], *options, *argv[1:]]
        environment = stage.environment(more, self.locale)
        if self.is_terminal:
            return self._ask_on_terminal(stage, argv, environment)
        with stage.popen(argv, environment, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE) as process:
            streams = process.communicate(timeout=SECONDS)
        return Answer(process.returncode, streams)

    def _ask_on_terminal(self, stage, argv, environment):
        ours, theirs = os.openpty()
        environment[b"VIRTURI_TERMINAL"] = b"yes"
        process = stage.popen(argv, environment, stdout=theirs, stderr=theirs)
        os.close(theirs)
        streams = read_to_end(ours),
        os.close(ours)
        return Answer(process.wait(SECONDS), streams)


OUTLETS = [
    Outlet("a pipe", is_first=True),
    Outlet("a pipe in C's locale", C),
    Outlet("a terminal", is_terminal=True),
    Outlet("JSON", is_json=True),
    Outlet("JSON in C's locale", C, is_json=True),
]


class Spoken(NamedTuple):
    """A source of what is logged."""

    name: str
    prepare: object     # (stage, text, uid) → options for ask()
    without: bytes = b"\0"
    room: int = 1 << 17
    is_in_log: bool = True


def in_file_name(stage, text, _uid):
    stage.set_policy(b"x\n", drop_in=text + b".conf")
    return {}


def policy(before, after=b"\n"):
    def prepare(stage, text, _uid):
        stage.set_policy(before + text + after)
        return {}
    return prepare


def user(stage, text, uid):
    stage.set_names(user=text, uid=uid)
    stage.set_policy(b"[others]\nuri = none\ntrial = yes\n")
    return {"user": text}


def called(stage, text, uid):
    stage.set_names(uid=uid, group=text, fault=b"group\tcalled\tas " + text)
    stage.set_policy(b"[group called]\nuri = test:///x\n")
    return {}


# quotes and controls in a value are refused
VALUE = {"without": CONTROLS + b"\"'", "room": 7000}
POLICY_SOURCES = [
    Spoken("a file's name", in_file_name, b"\0/", 240),
    Spoken("a header", policy(b"[", b"]\n"), b"\0\r\n]", 7000),
    Spoken("a user's header", policy(b"[user myself]\nuri = x\n[user ",
                                     b"]\nuri = none\n[others]\nuri = x\n"),
           b"\0\r\n]", 7000, False),
    Spoken("a URI", policy(b"[user myself]\nuri = "), **VALUE),
    Spoken("a URI with controls", policy(b"[user myself]\nuri = "), b"\0\n",
           7000, False),
    Spoken("a URI on trial", policy(b"[user myself]\ntrial = yes\nuri = "),
           **VALUE),
    Spoken("services", policy(
        b"[user myself]\nuri = none\nservices = "), is_in_log=False, **VALUE),
    Spoken("a required group", policy(
        b"[user myself]\nuri = none\nrequire_groups = "), is_in_log=False,
        **VALUE),
    Spoken("uids", policy(b"[user myself]\nuri = none\nuids = "), **VALUE),
    Spoken("a key", policy(b"[user myself]\nuri = none\nx", b" = x\n"),
           b"\0\r\n=", 900),
    Spoken("a line of no form", policy(b""), b"\0\n", 7000, False),
    Spoken("a user's name", user, b"\0:"),
    Spoken("a directory's name for a group", called, b"\0:\t,*", 240),
]


class Generator:
    """70-virturi and its lines for the manager's journal."""

    NAME = "70-virturi"
    SOURCES = POLICY_SOURCES

    @staticmethod
    def ask(stage, source, text):
        source.prepare(stage, text, b"self")
        environment = stage.environment(
            {b"VIRTURI_ROOT": bytes(stage.root)}, UTF8)
        with stage.popen([BIN / "70-virturi"], environment,
                         stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE) as process:
            out, err = process.communicate(timeout=SECONDS)
        return [out + b"status %d" % process.returncode, *err.splitlines()]

    @staticmethod
    def find_faults(line):
        if line.endswith(b"status 0"):
            if not re.fullmatch(rb"(LIBVIRT_DEFAULT_URI=[!-~]+\n)?status 0",
                                line):
                yield f"on stdout: {line[:200]!r}"
            return
        head = re.match(rb"<[345]>70-virturi: ", line)
        if not head:
            yield f"no priority, or not ours: {line[:200]!r}"
        elif len(line) > 48 << 10:
            yield f"journald would break a line of {len(line)} bytes"
        else:
            yield from find_faults_in_text(line[head.end():])


def argument(_stage, text, _uid):
    return {"arguments": text.replace(b"]", b"\\]")}


def rhost(_stage, text, _uid):
    return {"rhost": text}


def policy_path(_stage, text, _uid):
    return {"arguments": b"policy=/" + text}


def policy_that_is_there(stage, text, _uid):
    path = b"%s/%s" % (bytes(stage.root), text)
    write(path, b"[user myself]\nuri = none\n")
    return {"arguments": b"debug policy=" + path}


def debug(prepare):
    def with_debug(stage, text, uid):
        return {"arguments": b"debug", **prepare(stage, text, uid)}
    return with_debug


NAMELESS = {"without": b"\0\n[]\\ \t\r", "room": 900}


class Module:
    """pam_virturi.so in a real stack, and what it sends to syslog(3)."""

    NAME = "pam_virturi"
    SOURCES = [
        Spoken("an argument", argument, **NAMELESS),
        Spoken("policy=", policy_path, **NAMELESS),
        Spoken("policy=, of a file that is there", policy_that_is_there,
               NAMELESS["without"] + b"/", 240),
        Spoken("PAM_RHOST", debug(rhost), is_in_log=False),
        *(source._replace(prepare=debug(source.prepare))
          for source in POLICY_SOURCES if source.name != "a file's name"),
    ]

    @staticmethod
    def ask(stage, source, text):
        stage.set_names(uid=b"%d" % UID)
        options = source.prepare(stage, text, b"%d" % UID)
        arguments = options.get("arguments", b"")
        if b"policy=" not in arguments:
            arguments += b" policy=%s%s/virturi.conf" % (
                bytes(stage.root), stage.confdir.encode())
        write("/etc/nsswitch.conf", b"passwd: virturi\ngroup: virturi\n")
        os.makedirs(stage.scratch / "pam")
        write(stage.scratch / "pam/test", b"session required %s [%s]\n" % (
            bytes(BIN / "pam_virturi.so"),
            arguments.replace(b" policy=", b"] [policy=", 1)))
        write(stage.scratch / "pam/other", b"")
        extra = [b"--rhost", options["rhost"]] if "rhost" in options else []
        with contextlib.closing(listen_for_log()) as listener:
            process = subprocess.Popen(
                [BIN / "session", stage.scratch / "pam", "test",
                 options.get("user", b"myself"), *extra, "--", "true"],
                env=stage.environment({}, UTF8), stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            lines = read_datagrams(listener, process)
        os.unlink("/dev/log")
        return [line for line in lines if b" pam_virturi(" in line]

    @staticmethod
    def find_faults(line):
        head = re.match(rb"<\d+>\w{3} [ \d]\d [\d:]+ "
                        rb"session: pam_virturi\(test:session\): ", line)
        if not head:
            yield f"the line's head is not ours: {line[:200]!r}"
        elif len(line) > 48 << 10:
            yield f"a line of {len(line)} bytes"
        else:
            yield from find_faults_in_text(
                line[head.end():].rstrip(b"\0").removesuffix(b"\n"))
