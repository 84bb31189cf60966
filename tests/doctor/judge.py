# SPDX-License-Identifier: MIT
"""What the command has to say in a situation, and whether it did."""

import difflib
import os
import re
import shlex

IDS = """
    policy decision environment user-manager groups processes kvm socket
    authorisation libvirt pam runtime-dir machines clients risks
""".split()
STATUSES = "PASS SKIP NOTE WARN FAIL".split()

# Colours, in the way of ECMA-48
SGR = re.compile(rb"\x1b\[[0-9;]*m")

# What nobody can know beforehand, and what stands for it
VOLATILE = [
    (r"/run/sessions/(home|shells)/", r"/\1/"),
    (r"/usr/lib/[\w-]+/security/", "/usr/lib/TRIPLET/security/"),
    (r"(/pam\.d/common-[\w-]+):\d+", r"\1:LINE"),
    (r"\(uid \d+\)", "(uid UID)"),
    (r"user-\d+\.slice|user@\d+", lambda m: re.sub(r"\d+", "UID", m[0])),
    (r"/run/user/\d+", lambda m: m[0] if m[0].endswith("/0") else
     "/run/user/UID"),
    (r"\d+ more of (\w+)'s, none", r"N more of \1's, none"),
    (r"since (\w{3} )?\d\d:\d\d", "since TIME"),
    (r"libvirt \d+\.\d+\.\d+", "libvirt VERSION"),
    (r"\(pid \d+", "(pid PID"),
    (r"\bkill \d+", "kill PID"),
    (r"-S \d+ -X", "-S PID -X"),
    # the table of needs-relogin, and the list of check's processes
    (r"(?m)^(  \S.*?) \d+ +(?=yes|no|\?)", r"\1 PID  "),
    (r"(?m)^.*: (?:with older groups|without the URI)$",
     lambda m: re.sub(r" \d+([,:])", r" PID\1", m[0])),
]


def hide_volatile(text):
    for pattern, replacement in VOLATILE:
        text = re.sub(pattern, replacement, text)
    return text


def find_raw(answer):
    """Bytes that are to reach no terminal. All is said in plain ASCII."""
    for name, data in ("stdout", answer.out), ("stderr", answer.err):
        raw = [b for b in data if not (32 <= b < 127 or b == ord("\n"))]
        if raw:
            yield f"{name} has the bytes {bytes(raw[:20])!r}"


class Judge:
    """Prints TAP, without numbers.

    goldens: a descriptor of the directory with the golden files, since a
    stage may hide it, and may not write to it.
    """

    def __init__(self, goldens, update=False):
        self._goldens, self._update = goldens, update
        self.failed = self.count = 0

    def report(self, name, faults, *answers):
        """One row: a name, what is wrong, and what had been said."""
        faults = list(faults)
        self.count += 1
        if not faults:
            print(f"ok - {name}", flush=True)
            return
        self.failed += 1
        print(f"not ok - {name}")
        for fault in faults:
            print(f"# {fault}")
        for answer in answers:
            print(f"# $ {answer.command}")
            lines = answer.out + answer.err
            for line in lines.decode(errors="backslashreplace").split("\n"):
                print("#  ", line if line.isprintable() else repr(line))
            print(f"# exit status {answer.status} after "
                  f"{answer.seconds:.2f} s", flush=True)

    def skip(self, name, why):
        self.count += 1
        print(f"ok - {name} # SKIP {why}", flush=True)

    def check(self, name, shell, *arguments, status=0, verdict="", head="",
              golden=None, prefix="", seconds=1, colored=False,
              steady=True, **rows):
        """Ask `virturi check`, as text and as JSON.

        rows: for a check's id (dashes become underscores) its status, one
        or "PASS|NOTE" or "*", or a tuple of that and words that its text
        or remedy has to have. What is not named may not be worse than NOTE.
        A word may have alternatives too.
        A status of "*" is any that the command may have.

        head, verdict: what the first and last lines have to have. seconds:
        what it may take. steady: both answers have to agree.
        """
        command = f"{prefix} {shlex.join(['virturi', 'check', *arguments])}"
        text = shell.run(command)
        machine = shell.run(command + " --json")
        rows = {key.replace("_", "-"): value for key, value in rows.items()}
        faults = [*self._judge_answers(text, machine, status, seconds),
                  *self._judge_colors(text, colored),
                  *self._judge_document(machine, "check"),
                  *self._judge_rows(machine, rows, verdict),
                  *self._judge_text(text, head),
                  *(self._judge_likeness(text, machine) if steady else []),
                  *self._judge_golden(text, golden)]
        self.report(name, faults, text, *self._unlike(machine))
        return text

    def relogin(self, name, shell, *arguments, needed, words=(), without=(),
                golden=None, prefix="", seconds=1, status=None):
        """Ask `virturi needs-relogin`: words that are to be in its text,
        and words that are not."""
        command = prefix + " " + \
            shlex.join(["virturi", "needs-relogin", *arguments])
        text = shell.run(command)
        machine = shell.run(command + " --json")
        if status is None:
            status = int(needed)
        faults = [*self._judge_answers(text, machine, status, seconds),
                  *find_raw(text),
                  *self._judge_document(machine, "needs-relogin"),
                  *self._judge_golden(text, golden)]
        faults += [f"expected {word!r}" for word in words
                   if word not in text.text]
        faults += [f"did not expect {word!r}" for word in without
                   if word in text.text]
        if not faults and status != 3 and \
                machine.json["needed"] is not needed:
            faults.append(f"needed is {machine.json['needed']}")
        self.report(name, faults, text, *self._unlike(machine))
        return text

    def says(self, name, answer, *words, status=0, without=()):
        """Any other command."""
        faults = [f"expected {word!r}" for word in words
                  if word not in answer.text + answer.err.decode()]
        faults += [f"did not expect {word!r}" for word in without
                   if word in answer.text + answer.err.decode()]
        if answer.status != status:
            faults.append(f"exit status {answer.status}, not {status}")
        self.report(name, [*faults, *find_raw(answer)], answer)

    def processes(self, name, shell, wanted):
        """Which processes lag, and what they lack, as JSON has them."""
        answer = shell.virturi("needs-relogin", "--json")
        found = [(process["name"], process["missing"])
                 for process in answer.json["processes"]]
        self.report(name, [f"expected {process}" for process in wanted
                           if process not in found], answer)

    def colors(self, name, shell, command, wanted):
        """Is there colour on the terminal?"""
        raw = shell.show(command)
        found = SGR.search(raw) is not None
        faults = [] if found is wanted else [f"on the terminal: {raw!r}"]
        self.report(name, faults)

    @staticmethod
    def _unlike(machine):
        """JSON is shown where it is none; else it is long and the same."""
        try:
            machine.json
        except ValueError:
            yield machine

    @staticmethod
    def _judge_answers(text, machine, status, seconds):
        for answer in text, machine:
            if answer.status != status and \
                    (status != "*" or answer.status not in (0, 1, 3)):
                yield f"exit status {answer.status}, not {status}"
            if answer.seconds > seconds:
                yield f"took {answer.seconds:.1f} s"
            if answer.err and answer.status < 2:
                yield "something on standard error"
        yield from find_raw(machine)

    @staticmethod
    def _judge_colors(text, colored):
        if colored and not SGR.search(text.out):
            yield "no colours"
        if colored:
            text.out = SGR.sub(b"", text.out)
        yield from find_raw(text)

    @staticmethod
    def _judge_document(machine, command):
        try:
            document = machine.json
        except ValueError as error:
            yield f"no JSON: {error}"
            return
        if document.get("version") != 1 or document.get("command") != command:
            yield "not a document of ours"

    @staticmethod
    def _judge_rows(machine, rows, verdict):
        try:
            checks = {row["id"]: row for row in machine.json["checks"]}
        except (ValueError, LookupError):
            yield "no checks"
            return
        if list(checks) != IDS:
            yield f"the checks are {' '.join(checks)}"
        for key in rows.keys() - checks.keys():
            yield f"there is no check {key}"
        for key, row in checks.items():
            wanted = rows.get(key, "PASS|SKIP|NOTE")
            allowed, *words = [wanted] if isinstance(wanted, str) else wanted
            said = f"{row['text']}\n{row['remedy'] or ''}"
            if allowed != "*" and row["status"] not in allowed.split("|"):
                yield f"{key} is {row['status']}, not {allowed}"
            yield from (f"{key} does not say {word!r}" for word in words
                        if not any(part in said for part in word.split("|")))
        if verdict not in (machine.json["verdict"] or ""):
            yield f"the verdict is {machine.json['verdict']!r}"
        if machine.json["ok"] is not (machine.status == 0):
            yield f"ok is {machine.json['ok']}"
        fails = any(row["status"] == "FAIL" for row in checks.values())
        if fails is not (machine.status == 1):
            yield f"with exit status {machine.status} there is " + \
                ("a FAIL" if fails else "no FAIL")

    @staticmethod
    def _judge_text(text, head):
        if not text.out:
            yield "nothing on standard output"
        elif head not in text.text.splitlines()[0]:
            yield f"expected {head!r} in the first line"

    @staticmethod
    def _judge_likeness(text, machine):
        """What people read says the same as what programs read."""
        seen = re.findall(rf"^({'|'.join(STATUSES)})  (\S+)", text.text, re.M)
        try:
            document = machine.json
            told = [(row["status"], row["id"]) for row in document["checks"]]
        except (ValueError, LookupError):
            return
        yield from (f"as text {a}, as JSON {b}"
                    for a, b in zip(seen, told, strict=True) if a != b)
        if text.text.splitlines()[-1:] != [document["verdict"]]:
            yield "the last line is not the verdict"

    def _judge_golden(self, text, golden):
        if golden is None:
            return
        name = f"{golden}.txt"
        said = hide_volatile(text.text) + f"exit status {text.status}\n"
        if self._update:
            with self._open(name, "w") as file:
                file.write(said)
        try:
            with self._open(name) as file:
                expected = file.read()
        except FileNotFoundError:
            expected = ""
        if said != expected:
            yield f"differs from {name}:"
            yield from list(difflib.unified_diff(
                expected.splitlines(), said.splitlines(), lineterm=""))[2:]

    def _open(self, name, mode="r"):
        return open(name, mode, opener=lambda path, flags: os.open(
            path, flags, 0o644, dir_fd=self._goldens))
