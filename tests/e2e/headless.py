# SPDX-License-Identifier: MIT
"""Desktops that nobody sees: UWSM with sway or labwc, from ssh or greetd."""

import contextlib
import re
import shlex

from guest import Wrong
from rows import read_value

TOOLS = "/usr/local/lib/e2e"
GREETD = "/etc/greetd/config.toml"
WAYS = ["program", "app", "service"]        # look.sh's
UNIT = "e2e-desktop"
SECONDS = 20


class Desktop:
    """Of one user; made by over_ssh() or by_greetd()."""

    def __init__(self, guest, user):
        self.guest = guest
        self.user = user
        uid = guest.do("id", "-u", user).check().out.strip()
        self.runtime = f"/run/user/{uid}"

    def do(self, *argv):
        """A command of the user's, quick as guest.do(): in no session."""
        return self.guest.do(
            "setpriv", f"--reuid={self.user}", f"--regid={self.user}",
            "--init-groups", "env", f"XDG_RUNTIME_DIR={self.runtime}", *argv)

    def systemctl(self, *argv):
        return self.do("systemctl", "--user", *argv)

    # From its beginning to its end

    def is_up(self):
        return self.systemctl("is-active", "--quiet",
                              "graphical-session.target").status == 0

    def wait_until_up(self, unit):
        """Wrong as soon as the unit that it runs in has failed."""
        def look():
            if self.guest.do("systemctl", "is-active", unit).status:
                lines = self.guest.journal(None, f"_SYSTEMD_UNIT={unit}")
                raise Wrong("the session is over:\n"
                            + "\n".join(lines[-20:]))
            return self.is_up()
        self.guest.wait_for("the desktop", look, SECONDS)

    def end(self):
        """With all that the user runs, the manager included."""
        self.guest.do("loginctl", "terminate-user", self.user)
        self.guest.wait_for("the session's end", lambda: not
                            self.guest.exists(self.runtime), SECONDS)

    # What runs in it

    def press(self, command):
        """As if a key of sway's was bound to the command."""
        pid = self.find_process("sway")
        self.guest.do("swaymsg", "--socket",
                      f"{self.runtime}/sway-ipc."
                      f"{self.runtime.rpartition('/')[2]}.{pid}.sock",
                      "exec", command).check()

    def ask(self, command):
        """What a command says that a key has started."""
        answer = f"{self.runtime}/answer"
        self.guest.remove(answer)
        inner = shlex.quote(f"{command} >{answer}.new 2>&1; "
                            f"mv {answer}.new {answer}")
        self.press(f"sh -c {inner}")
        return self.read("answer")

    def read(self, name):
        """A file in the runtime directory, as soon as it is there."""
        path = f"{self.runtime}/{name}"
        self.guest.wait_for(path, lambda: self.guest.exists(path))
        return self.guest.read(path)

    def find_process(self, name):
        """Not one that it has just forked: that has no environment yet."""
        return self.guest.do("pgrep", "--oldest", "--uid", self.user,
                             "--exact", name).check().out.strip()

    def find_values(self, compositor="sway"):
        """The URI that the compositor has, and each kind of program."""
        pid = self.find_process(compositor)
        environment = self.guest.read(f"/proc/{pid}/environ")
        values = {compositor:
                  read_value(compositor, environment.replace("\0", "\n"))}
        for way in WAYS:
            values[way] = read_value(way, self.read(f"look/{way}"))
        return values

    def look(self):
        self.guest.remove(f"{self.runtime}/look")
        self.press(f"{TOOLS}/look.sh")
        return self.find_values()


def expect_everywhere(what, values, wanted):
    """One value, in all of them."""
    if set(values.values()) != {wanted}:
        raise Wrong(f"{what}: expected {wanted!r} in all, saw " + ", ".join(
            f"{name}: {value!r}" for name, value in values.items()))


@contextlib.contextmanager
def over_ssh(guest, user, compositor="sway", before=":", stays=False):
    """UWSM from an ssh session; before: what its shell runs first; stays: the
    user's manager is not ended with it.
    """
    desktop = Desktop(guest, user)
    guest.do("systemd-run", "--quiet", "--collect", f"--unit={UNIT}",
             "--setenv=HOME=/root", "ssh", "-T", f"{user}@localhost",
             f"{before}; exec {TOOLS}/desktop.sh {compositor}").check()
    try:
        desktop.wait_until_up(UNIT + ".service")
        yield desktop
    except BaseException:
        stays = False
        raise
    finally:
        if not stays:
            desktop.end()
        guest.wait_for("ssh's end", lambda: guest.do(
            "systemctl", "is-active", UNIT).status)


def start_greetd(guest, user, command):
    """Log the user in as greetd does once after it has booted."""
    guest.do("systemctl", "stop", "greetd").check()
    guest.remove("/run/greetd.run")
    guest.write(GREETD, f"""
[terminal]
vt = "none"
[initial_session]
command = "{command}"
user = "{user}"
[default_session]
command = "sleep infinity"
user = "_greetd"
""")
    guest.do("systemctl", "start", "greetd").check()


@contextlib.contextmanager
def by_greetd(guest, user):
    """UWSM and sway, logged in by greetd."""
    desktop = Desktop(guest, user)
    start_greetd(guest, user, f"{TOOLS}/desktop.sh sway")
    try:
        desktop.wait_until_up("greetd.service")
        yield desktop
    finally:
        guest.do("systemctl", "stop", "greetd").check()
        desktop.end()


# Notifications

NOTIFIER = """
[Unit]
PartOf=graphical-session.target
After=graphical-session.target
[Service]
Type=dbus
BusName=org.freedesktop.Notifications
ExecStart=/usr/local/lib/e2e/notifier.sh
"""
ACTIVATED = """
[D-BUS Service]
Name=org.freedesktop.Notifications
Exec=/usr/local/lib/e2e/notifier.sh
SystemdService=e2e-notifier.service
"""


def install_notifier(guest):
    """A notification service that is started by D-Bus, as mako is."""
    guest.do("gcc", "-o", "/usr/local/bin/notifier",
             "/usr/src/pam_virturi/tests/bus/notifier.c", "-lsystemd").check()
    guest.write("/etc/systemd/user/e2e-notifier.service", NOTIFIER)
    guest.write("/usr/share/dbus-1/services/e2e.service", ACTIVATED)


def split_notes(text):
    """What the notification service was told, a string each."""
    return re.split(r"\n(?=Notify |CloseNotification )", text.rstrip("\n"))
