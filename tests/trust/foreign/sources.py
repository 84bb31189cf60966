# SPDX-License-Identifier: MIT
"""Where foreign text comes from, and which command shows it.

A source puts the text where it belongs and says what the command is asked: its
arguments, and what is in the environment. Not here, since only the kernel or
who runs the bus writes them, or nothing prints them: what else is in /proc,
the paths of cgroups, names of units and on buses, fields of passwd(5) beside
name and home. A notification's markup is tests/unit/test_notice.c's.
"""

import os
import signal
from typing import NamedTuple

from foreign.alphabet import CONTROLS
from foreign.fake_libvirtd import Daemon
from foreign.stage import GID, GROUP, REAL, UID, write

SOURCES = []


class Source(NamedTuple):
    """Text of one origin."""

    name: str
    commands: tuple     # "": none, and so no --json
    prepare: object     # (stage, text) → (arguments, environment)
    without: bytes      # bytes that cannot be in it
    room: int           # bytes there can be
    is_whole: bool      # all of it is shown, not only its first word
    is_in_json: bool    # it is shown there, too
    is_seen: bool       # it is shown anywhere


def source(name, *commands, without=b"", room=100_000, is_whole=True,
           is_in_json=True, is_seen=True):
    """Adds a source; its function is what prepares it."""
    def add(prepare):
        SOURCES.append(Source(name, commands, prepare, b"\0" + without, room,
                              is_whole, is_in_json, is_seen))
        return prepare
    return add


def root(stage, *more):
    """Everything below the stage's root, a home directory too."""
    return [*more, "--root", stage.root]


def policy(stage, *more):
    """The stage's policy, and the rest as it is."""
    return [*more, "--policy", f"{stage.root}{stage.confdir}/virturi.conf"]


SYSTEM = b"[user myself]\nuri = qemu:///system\n"


def person(stage, name):
    """Somebody, whatever the name begins with."""
    return [*root(stage), "--", name], {}


# --- Arguments ---------------------------------------------------------------

@source("a command", "")
def command_name(_stage, text):
    return [text], {}


@source("an unknown option", "explain", "check", is_in_json=False)
def unknown_option(_stage, text):
    return [b"--" + text], {}


@source("an option's argument that it does not take", "lint",
        is_in_json=False)
def needless_argument(_stage, text):
    return [b"--json=" + text], {}


@source("an operand too many", "uri", is_in_json=False)
def operand(_stage, text):
    return ["myself", text], {}


@source("--color", "show", is_in_json=False)
def color(_stage, text):
    return [b"--color=" + text], {}


@source("--timeout", "check", is_in_json=False)
def timeout(_stage, text):
    return [b"--timeout=" + text], {}


@source("an unknown user", "explain", "uri", "check")
def unknown_user(stage, text):
    return person(stage, text)


@source("--service", "explain")
def service(stage, text):
    return root(stage, b"--service=" + text), {}


@source("--rhost", "explain", is_in_json=False)
def rhost(stage, text):
    return root(stage, b"--rhost=" + text), {}


@source("--group", "check", "needs-relogin", is_whole=False)
def group_option(stage, text):
    stage.set_policy(SYSTEM)
    return root(stage, b"--group=" + text), {}


@source("--policy", "show", "explain", "lint", "check", room=3000)
def policy_option(_stage, text):
    return [b"--policy=/" + text], {}


@source("--root", "show", "lint", is_in_json=False, room=3000)
def root_option(_stage, text):
    return [b"--root=" + text], {}


@source("--root", "check", room=3000)
def root_option_of_check(_stage, text):
    return [b"--root=" + text], {}


@source("a file to lint", "lint", room=3000)
def lint_file(_stage, text):
    return [b"--", text], {}


@source("a directory to lint", "lint", without=b"/", room=250,
        is_in_json=True)
def lint_directory(stage, text):
    os.mkdir(bytes(stage.scratch) + b"/" + text)
    return [b"--", text], {}


# --- Names -------------------------------------------------------------------

@source("a user's name", "explain", "check", without=b":", room=60_000)
def user_name(stage, text):
    stage.set_names(others=text + b":x:61001:61001::/nonexistent:/bin/sh")
    return person(stage, text)


@source("one's own name", "explain", "check", without=b":", room=60_000)
def own_name(stage, text):
    stage.set_names(user=text)
    return root(stage), {}


@source("one's own name", "needs-relogin", without=b":,*~", room=60_000,
        is_in_json=False)
def own_name_in_cures(stage, text):
    stage.set_names(user=text)
    start(stage, b"old")
    return root(stage, "--verbose", "--group=lab"), {}


@source("a home directory", "check", without=b":/", room=200)
def home(stage, text):
    path = bytes(stage.scratch) + b"/" + text
    os.makedirs(path)
    write(path + b"/.profile", b"export LIBVIRT_DEFAULT_URI=test:///own\n")
    stage.set_names(home=path)
    return policy(stage), {}


@source("a group's name", "needs-relogin", without=b":,*~", room=240,
        is_whole=False)
def group_name(stage, text):
    stage.set_names(group=text)
    stage.set_policy(b"[gid %d]\nuri = qemu:///system\n" % GROUP)
    return root(stage), {}


@source("a directory's name for a group", "explain", "lint",
        without=b":\t,*~", room=240)
def called(stage, text):
    stage.set_names(group=text, fault=b"group\tcalled\tas " + text)
    stage.set_policy(b"[group called]\nuri = test:///default\n")
    return root(stage), {}


@source("a group that cannot be looked up", "explain", "check",
        without=b":\t\r\n#]", room=900, is_whole=False)
def failed_group(stage, text):
    stage.set_names(fault=b"group\t%s\tEIO" % text)
    stage.set_policy(b"[group %s]\nuri = test:///default\n" % text)
    return root(stage), {}


# --- Policies ----------------------------------------------------------------

@source("a policy file's name", "show", "lint", "explain", "check",
        without=b"/", room=240, is_whole=False)
def policy_name(stage, text):
    stage.set_policy(b"x\n", drop_in=text + b".conf")
    return root(stage), {}


@source("a sound policy file's name", "show", "explain",
        without=b"/", room=240)
def sound_policy_name(stage, text):
    stage.set_policy(b"[user myself]\nuri = none\n", drop_in=text + b".conf")
    return root(stage), {}


@source("a header of no kind", "show", "lint", "explain", "uri", "check",
        without=b"\r\n]", room=7000, is_whole=False)
def unknown_header(stage, text):
    stage.set_policy(b"[%s]\nuri = none\n" % text)
    return root(stage), {}


@source("a user's header", "show", "lint", "explain",
        without=b"\r\n]#", room=7000, is_whole=False)
def user_header(stage, text):
    stage.set_policy(b"[user x%s]\nuri = none\n" % text)
    return root(stage), {}


@source("a group's header", "show", "lint", "explain",
        without=b"\r\n]#", room=7000, is_whole=False)
def group_header(stage, text):
    stage.set_policy(b"[group x%s]\nuri = none\n" % text)
    return root(stage), {}


def value(key, *commands, **more):
    """A key of a rule for oneself."""
    @source(f"{key} =", *commands, without=CONTROLS + b"\"'", room=7000,
            is_whole=False, **more)
    @source(f"{key} = with controls and quotes", *commands, without=b"\n",
            room=7000, is_seen=False)
    def prepare(stage, text):
        uri = b"" if key == "uri" else b"uri = test:///default\n"
        stage.set_policy(b"[user myself]\n%s%s = %s\n" % (
            uri, key.encode(), text))
        return root(stage), {}


value("uri", "show", "lint", "explain", "uri", "check", is_in_json=False)
for condition in "from", "uids", "trial":
    value(condition, "lint", "explain", is_in_json=False)
for condition in "services", "require_groups":
    value(condition, "show", "explain", is_in_json=False)


@source("a key", "show", "lint", "explain", "uri", without=b"\r\n=#", room=900,
        is_whole=False, is_in_json=False)
def unknown_key(stage, text):
    stage.set_policy(b"[user myself]\nuri = none\nx%s = 1\n" % text)
    return root(stage), {}


# --- The session and its environment -----------------------------------------

@source("logind's service", "explain", without=b" ")
def logind_service(stage, text):
    return root(stage), {b"VIRTURI_LOGIND": text}


@source("logind's remote host", "explain", is_in_json=False)
def logind_host(stage, text):
    return root(stage), {b"VIRTURI_LOGIND": b"sshd " + text}


@source("SSH_CONNECTION", "explain", without=b" ", is_in_json=False)
def ssh_connection(stage, text):
    return root(stage), {b"SSH_CONNECTION": text + b" 1 2 3"}


def variable(name, *commands, before=b"", is_whole=True, **more):
    @source(name, *commands, is_whole=is_whole, **more)
    def prepare(stage, text):
        return root(stage), {name.encode(): before + text}


variable("LIBVIRT_DEFAULT_URI", "check")
variable("LIBVIRT_DEFAULT_URI", "needs-relogin", is_in_json=False)
variable("VIRSH_DEFAULT_CONNECT_URI", "check")
variable("XDG_RUNTIME_DIR", "check", before=b"/", room=3000)


@source("XDG_CONFIG_HOME", "check", without=b"/", room=240)
def config_home(stage, text):
    path = bytes(stage.scratch) + b"/" + text
    os.makedirs(path + b"/libvirt")
    write(path + b"/libvirt/libvirt.conf", b"uri_default = \"test:///x\"\n")
    return policy(stage), {b"XDG_CONFIG_HOME": path}


# --- Files -------------------------------------------------------------------

@source("a value in a shell's file", "check", without=b"\n'", room=9000,
        is_whole=False)
def profile(stage, text):
    stage.home_file(b".profile",
                    b"export LIBVIRT_DEFAULT_URI='" + text + b"'\n")
    return policy(stage), {}


@source("a file's name in environment.d", "check", without=b"/", room=240)
def environment_d(stage, text):
    stage.home_file(b".config/environment.d/" + text + b".conf",
                    b"LIBVIRT_DEFAULT_URI=test:///own\n")
    return policy(stage), {}


@source("a value of libvirt.conf's", "check", without=CONTROLS + b"\"",
        room=9000, is_whole=False)
def uri_default(stage, text):
    stage.home_file(b".config/libvirt/libvirt.conf",
                    b'uri_default = "' + text + b'"\n')
    return policy(stage), {}


@source("a machine's name", "check", without=b"/", room=240)
def machine(stage, text):
    stage.home_file(b".config/libvirt/qemu/" + text + b".xml", b"<domain/>")
    return policy(stage), {}


def pam_line(name, before, after=b"\n", **more):
    @source(name, "check", without=b"\n\\#[] \t\r\v\f", room=900, **more)
    def prepare(stage, text):
        for module in b"virturi", b"permit":
            stage.below_root(b"usr/lib/security/pam_%s.so" % module, b"")
        stage.below_root(b"etc/pam.d/login", before + text + after)
        return root(stage), {}


pam_line("an argument in pam.d",
         b"session optional /usr/lib/security/pam_virturi.so ")
pam_line("policy= in pam.d", b"session optional pam_virturi.so policy=")
pam_line("a module's path in pam.d", b"session optional /",
         b"/pam_virturi.so\n")


@source("a group in a polkit rule", "check", "needs-relogin",
        without=b"\n\"'\\", room=900, is_whole=False)
def polkit_rule(stage, text):
    write(stage.rules / "50-test.rules", b"""\
polkit.addRule(function(action, subject) {
    if (action.id == "org.libvirt.unix.manage" &&
        subject.isInGroup("%s"))
        return polkit.Result.YES;
});
""" % text)
    stage.set_policy(SYSTEM)
    return root(stage), {}


# --- Processes ---------------------------------------------------------------

class Actor:
    """A process of the person's, in none of the new groups."""

    def __init__(self, name, environment):
        ready, told = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            try:
                self._become(name, environment, told)
            finally:
                os._exit(1)
        os.close(told)
        os.read(ready, 1)
        os.close(ready)

    @staticmethod
    def _become(name, environment, told):
        os.setgroups([])
        os.setgid(GID)
        os.setuid(UID)
        os.set_inheritable(told, True)
        # a new environment is a new program's; its name is set by itself
        code = ("import ctypes, os, signal, sys\n"
                "ctypes.CDLL(None).prctl(15, os.fsencode(sys.argv[1]))\n"
                "os.close(int(sys.argv[2]))\n"
                "signal.pause()\n")
        os.execve("/usr/bin/python3",
                  ["python3", "-c", code, name, str(told)], environment)

    def end(self):
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)


def start(stage, name, environment=None):
    stage.actors.append(Actor(name, environment or {}))


@source("a process's name", "check", "needs-relogin", room=15)
def process_name(stage, text):
    start(stage, text)
    return root(stage, "--group=lab"), {}


@source("another process's environment", "needs-relogin", room=4000,
        is_in_json=False)
def process_environment(stage, text):
    start(stage, b"tmux: server", {b"LIBVIRT_DEFAULT_URI": text})
    return root(stage), {}


# --- libvirt -----------------------------------------------------------------

def libvirt(stage, uri=b"test:///default"):
    return root(stage), {b"LIBVIRT_DEFAULT_URI": uri}


@source("a hypervisor's name", "check", without=b"\n", room=30_000)
def probe_type(stage, text):
    stage.fake_answer.write_bytes(b"connected\ntype " + text + b"\n")
    return libvirt(stage)


@source("the URI that libvirt connected to", "check", without=b"\n",
        room=30_000)
def probe_uri(stage, text):
    stage.fake_answer.write_bytes(b"connected\nuri " + text + b"\n")
    return libvirt(stage)


@source("libvirt's error", "check", room=200, is_whole=False)
def probe_message(stage, text):
    stage.fake_answer.write_bytes(
        b"error 7 38\nmessage " + text.replace(b"\n", b"\n" + text[:9]))
    return libvirt(stage)


def daemon(stage, **says):
    path = os.fsencode(stage.scratch / "socket")
    stage.actors.append(Daemon(path, **says))
    arguments, environment = libvirt(
        stage, b"test+unix:///default?socket=" + path)
    return arguments, {"program": REAL / "virturi", **environment}


@source("a real client's hypervisor, by its daemon", "check", without=b"\n",
        room=9000)
def daemon_type(stage, text):
    return daemon(stage, kind=text)


@source("a real client's hypervisor, by its daemon, in several lines",
        "check", room=9000, is_whole=False)
def daemon_lines(stage, text):
    return daemon(stage, kind=b"Evil\n" + text)


@source("a real client's error, by its daemon", "check", without=b"\n",
        room=200)
def daemon_error(stage, text):
    return daemon(stage, message=text)


@source("a real client's error, by its daemon, in several lines", "check",
        room=100, is_whole=False)
def daemon_error_lines(stage, text):
    return daemon(stage, message=text + b"\n" + text)


@source("a real client's error about a URI", "check", room=300,
        is_whole=False)
def percent_encoded(stage, text):
    encoded = b"".join(b"%%%02x" % byte for byte in text)
    arguments, environment = libvirt(
        stage, b"test+unix:///default?socket=/nonexistent/Evil" + encoded)
    return arguments, {"program": REAL / "virturi", **environment}
