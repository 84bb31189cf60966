# SPDX-License-Identifier: MIT
"""A booted Debian that can be thrown away: systemd as PID 1, in nspawn."""

import contextlib
import dataclasses
import json
import os
import re
import select
import shlex
import signal
import socket
import subprocess
import time

import cell
import tree

BOOT_SECONDS = 30
OFF_SECONDS = 15

NSPAWN = [
    "systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit",
    "--private-network", "--console=pipe", "--notify-ready=yes",
    "--link-journal=no", "--resolv-conf=off", "--timezone=off",
    "--capability=CAP_IPC_LOCK",
]
ENVIRON = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
           "HOME": "/root", "LC_ALL": "C.UTF-8"}


class Wrong(Exception):
    """Something in the guest is not as it should be: the row fails."""


@dataclasses.dataclass(frozen=True)
class Done:
    """A command that has ended."""
    argv: tuple
    status: int
    out: str
    err: str

    def check(self):
        """Itself, or Wrong if the command failed."""
        if self.status:
            said = (self.err or self.out).strip()[-2000:]
            raise Wrong(f"{shlex.join(self.argv)}: status {self.status}: "
                        f"{said or 'no output'}")
        return self


def call(argv, command, stdin, timeout):
    """Run argv, which stands for a command in the guest."""
    text = {"stdin": subprocess.DEVNULL} if stdin is None \
        else {"input": stdin}
    try:
        done = subprocess.run(argv, capture_output=True, text=True,
                              errors="replace", timeout=timeout, env=ENVIRON,
                              **text)
    except subprocess.TimeoutExpired as late:
        said = ((late.stdout or b"") + (late.stderr or b"")).decode(
            errors="replace")
        raise Wrong(f"{shlex.join(command)}: not over after {timeout} s: "
                    f"{said.strip()[-2000:] or 'no output'}") from None
    return Done(command, done.returncode, done.stdout, done.stderr)


class Guest:
    """Boots when entered as a context manager, is gone when left."""

    def __init__(self, layers, name):
        self.name = name
        self._layers = layers
        self._dir = cell.RUN / name
        self._console = self._dir / "console"
        self._nspawn = None
        self._leader = None
        self._leader_fd = None
        self._overlay = None
        self._unplugged = None
        self._units = 0

    # Boot and end

    def __enter__(self):
        self._dir.mkdir()
        self._overlay = tree.mounted(self._layers, self._dir / "upper",
                                     self._dir / "root")
        root = self._overlay.__enter__()
        try:
            self._leader = self._boot(root)
            self._leader_fd = os.pidfd_open(self._leader)
            self._wait_until_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _boot(self, root):
        """Start it; the pid of its PID 1, once that has said "ready"."""
        cgroups = cell.cgroups_for(self.name)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready, \
                open(self._console, "wb") as console:
            ready.bind(str(self._dir / "notify"))
            self._nspawn = subprocess.Popen(
                cell.join(cgroups, [*NSPAWN, f"--machine={self.name}",
                                    f"--directory={root}"]),
                stdin=subprocess.DEVNULL, stdout=console, stderr=console,
                env=ENVIRON | {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1",
                               "NOTIFY_SOCKET": ready.getsockname()})
            return self._await_leader(ready)

    def _await_leader(self, ready):
        deadline = time.monotonic() + BOOT_SECONDS
        pidfd = os.pidfd_open(self._nspawn.pid)
        said = ""
        try:
            while "READY=1" not in said:
                left = max(0, deadline - time.monotonic())
                able = select.select([ready, pidfd], [], [], left)[0]
                if ready not in able:
                    raise Wrong("the guest did not boot; its console ends:\n"
                                + self.console_end())
                said += ready.recv(4096).decode() + "\n"
        finally:
            os.close(pidfd)
        return int(re.search(r"^X_NSPAWN_LEADER_PID=(\d+)", said, re.M)[1])

    def _wait_until_up(self):
        up = self.do("systemctl", "is-system-running", "--wait",
                     timeout=BOOT_SECONDS)
        if up.out.strip() != "running":
            units = self.do("systemctl", "--failed", "--plain",
                            "--no-legend").out
            raise Wrong(f"the guest is {up.out.strip()}, not running:\n"
                        f"{units}{self.console_end()}")

    def console_end(self):
        text = self._console.read_text(errors="replace")
        return "\n".join(text.splitlines()[-20:])

    def power_off(self):
        """Switch it off; Wrong if it does not go."""
        self.do("systemctl", "poweroff", "--force")
        try:
            self._nspawn.wait(OFF_SECONDS)
        except subprocess.TimeoutExpired:
            raise Wrong(f"the guest is not off after {OFF_SECONDS} s; its "
                        f"console ends:\n{self.console_end()}") from None

    def kill(self, why=None):
        """Pull the plug. What waits for the guest fails at once, and if why
        is given, with those words.
        """
        self._unplugged = why
        if self._leader_fd is not None:     # it outlives systemd-nspawn
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._leader_fd, signal.SIGKILL)
        if self._nspawn:
            self._nspawn.kill()

    def __exit__(self, *_):
        self.kill()
        if self._leader_fd is not None:
            leader_fd, self._leader_fd = self._leader_fd, None
            os.close(leader_fd)
        if self._nspawn:
            self._nspawn.wait()
        self._overlay.__exit__(None, None, None)

    # Commands

    def _enter(self, argv, command, stdin, timeout):
        """Run argv in all of the guest's namespaces."""
        done = call(["nsenter", f"--target={self._leader}", "--all", "--",
                     *argv], command, stdin, timeout)
        if self._unplugged:
            raise Wrong(self._unplugged)
        return done

    def do(self, *argv, stdin=None, timeout=20):
        """A simple command as root, at once: 5 ms.

        It runs in no unit and no session of the guest; for cat, usermod,
        systemctl. What opens a PAM session wants run().
        """
        return self._enter(argv, argv, stdin, timeout)

    def run(self, *argv, user=None, env=None, stdin=None, timeout=20):
        """A command in a transient service, so in a fresh cgroup, as root or
        as a user. No PAM session: those are what the command opens.
        """
        unit, service = self._in_unit(argv, user, env)
        try:
            return self._enter(service, argv, stdin, timeout)
        except Wrong:
            self.do("systemctl", "kill", "--signal=KILL", unit)
            raise

    def _in_unit(self, argv, user, env):
        """A new transient service's name, and the command that runs it."""
        self._units += 1
        unit = f"e2e-{self._units}.service"
        more = [f"--setenv={name}={value}"
                for name, value in (env or {}).items()]
        if user:
            more.append(f"--uid={user}")
        return unit, ["systemd-run", "--quiet", "--pipe", "--wait",
                      "--collect", f"--unit={unit}", *more, "--", *argv]

    @contextlib.contextmanager
    def start(self, *argv, env=None):
        """As run(), but it goes on until the context is left: a Popen with
        pipes. For a shell in it see shell.py.
        """
        unit, service = self._in_unit(argv, None, env)
        process = subprocess.Popen(
            ["nsenter", f"--target={self._leader}", "--all", "--", *service],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env=ENVIRON)
        try:
            yield process
        finally:
            # it may have ended with something typed and not read
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            self.do("systemctl", "stop", unit)
            process.wait()
            process.stdout.close()

    def ssh(self, user, command, tty=False, options=(), stdin=None,
            timeout=20):
        """A command over the guest's sshd; tty: in a terminal."""
        return self.run("ssh", "-tt" if tty else "-T", *options,
                        f"{user}@localhost", command, stdin=stdin,
                        env={"HOME": "/root", "TERM": "xterm"},
                        timeout=timeout)

    def terminal(self, argv, talk=(), timeout=20):
        """A command with a terminal, and somebody at it.

        talk: pairs, a pattern to wait for and the text to type then (None:
        nothing). Returns all that was on the screen, without escapes; Wrong
        if a pattern does not come or the command does not end by itself.
        """
        done = self.run("/usr/bin/python3", "/usr/local/lib/e2e/talk.py",
                        stdin=json.dumps({"argv": argv, "talk": list(talk),
                                          "seconds": timeout}),
                        env={"HOME": "/root", "TERM": "xterm"},
                        timeout=timeout + 5)
        return done.check().out

    # Files

    def read(self, path):
        return self.do("cat", path).check().out

    def exists(self, path):
        return self.do("test", "-e", path).status == 0

    def write(self, path, text, mode=0o644, owner="root:root"):
        """Replace a file, or make it and the directories above it."""
        self.do("sh", "-euc", """
            mkdir -p "$(dirname "$1")"
            rm -f "$1"; umask 077; cat >"$1"
            chown "$3" "$1"; chmod "$2" "$1" """,
                "sh", path, f"{mode:o}", owner, stdin=text).check()

    def remove(self, *paths):
        """Files or whole directories, there or not."""
        self.do("rm", "-rf", "--", *paths).check()

    # Waiting and looking

    def wait_for(self, what, predicate, seconds=10):
        """What the predicate gives as soon as that is true; else Wrong."""
        deadline = time.monotonic() + seconds
        while True:
            answer = predicate()
            if answer:
                return answer
            if time.monotonic() > deadline:
                raise Wrong(f"waited {seconds} s for {what}")
            time.sleep(0.05)

    def mark(self):
        """The journal's end, for journal()."""
        self.do("journalctl", "--sync")
        out = self.do("journalctl", "--lines=0", "--show-cursor").check().out
        return out.partition("cursor: ")[2].strip()

    def journal_entries(self, since=None, *match):
        """Entries as dictionaries, all or since a mark; match: FIELD=VALUE."""
        self.do("journalctl", "--sync")
        after = [f"--after-cursor={since}"] if since else []
        out = self.do("journalctl", "--output=json", "--all", *after,
                      *match).out
        return [json.loads(line) for line in out.splitlines()]

    def journal(self, since=None, *match, grep=""):
        """The same as lines like "cron[12]: …", those with grep in them."""
        lines = map(format_entry, self.journal_entries(since, *match))
        return [line for line in lines if re.search(grep, line)]

    def journal_that_matters(self, since):
        """Without what systemd says of each unit and session."""
        lines = [format_entry(entry)
                 for entry in self.journal_entries(since)
                 if int(entry.get("PRIORITY", 6)) <= 4
                 or not entry.get("SYSLOG_IDENTIFIER", "").startswith(
                     ("systemd", "(systemd", "dbus-daemon", "kernel"))]
        return lines[-20:]


def format_entry(entry):
    message = entry.get("MESSAGE") or ""
    if isinstance(message, list):       # not UTF-8: bytes, as numbers
        message = bytes(message).decode(errors="backslashreplace")
    who = entry.get("SYSLOG_IDENTIFIER") or entry.get("_COMM", "?")
    return f"{who}[{entry.get('_PID', '-')}]: {message}"
