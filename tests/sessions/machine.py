# SPDX-License-Identifier: MIT
"""A machine to log into, made of this one's programs: see sandbox.py.

It has Debian's PAM stacks with our line at their end, three people without
any rc file, one login shell of each kind, and an sshd.
"""

import ctypes
import dataclasses
import os
import pathlib
import shutil
import subprocess

import sandbox
from log import Log
from sandbox import OURS, run

HOMES = OURS / "home"
SHELLS = OURS / "shells"
SSH_CONFIG = OURS / "ssh_config"
POLICY = pathlib.Path("/etc/security/virturi.conf.d/50-site.conf")
MODULE = sandbox.SECURITY / "pam_virturi.so"

ENVIRON = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "TERM": "xterm",
    "LANG": "C.UTF-8",
}
PASSWORD = "correct horse"
SHELL_NAMES = """
    ash bash dash elvish fish ksh93 mksh nu rc tcsh xonsh yash zsh
""".split()

# Files from which somebody else than PAM could set a variable, or answer
# a login with more than a prompt.
RC_FILES = """
    bash.bashrc bash_completion* csh* elvish environment environment.d fish
    ksh* mkshrc nushell profile* rcrc skel/.[!.]* xonsh* yash* zsh zshenv
    zprofile zshrc zlogin default/locale
    motd update-motd.d security/virturi.conf* nologin cron.* crontab
"""

# What a program in a session sees, in one line
WHO_AND_WHERE = """\
#!/bin/sh
echo "$(id -un) in ${SHELL##*/}: ${LIBVIRT_DEFAULT_URI-no URI}"
"""

FILES = {
    "/etc/environment": "",
    "/etc/default/locale": "",
    "/etc/crontab": "",
    "/etc/cron.d/.placeholder": "",
    "/run/utmp": "",
    "/var/log/wtmp": "",
    "/var/log/lastlog": "",
    "/etc/hosts": "127.0.0.1 localhost sessions\n",
    "/etc/nsswitch.conf":
        "passwd: files\ngroup: files\nshadow: files\nhosts: files\n",
    "/etc/sudoers": """\
Defaults env_reset, use_pty, lecture=never
Defaults secure_path="/usr/sbin:/usr/bin:/sbin:/bin"
root ALL=(ALL:ALL) ALL
member ALL=(ALL:ALL) NOPASSWD: ALL
""",
    "/etc/ssh/sshd_config": """\
ListenAddress 127.0.0.1
HostKey /etc/ssh/sessions_key
AuthorizedKeysFile /etc/ssh/sessions_key.pub
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM yes
PrintMotd no
PrintLastLog no
UseDNS no
""",
    SSH_CONFIG: """\
IdentityFile /etc/ssh/sessions_key
StrictHostKeyChecking no
UserKnownHostsFile /dev/null
BatchMode yes
ConnectTimeout 20
LogLevel ERROR
""",
}


class Failed(Exception):
    """Why a session did not happen, and what was on the screen till then."""

    def __init__(self, why, screen=""):
        super().__init__(why)
        self.screen = screen


@dataclasses.dataclass(frozen=True)
class Person:
    name: str
    in_group: bool = False

    @property
    def home(self):
        return HOMES / self.name


MEMBER = Person("member", in_group=True)
OUTSIDER = Person("outsider")
ROOT = Person("root")
PEOPLE = MEMBER, OUTSIDER, ROOT


def write(path, text, mode=0o644):
    """Write a file of exactly that mode; directories above it are made."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(text, str):
        text = text.encode()
    path.write_bytes(text)
    path.chmod(mode)


def remove_rc_files():
    """Leave a login nothing to read but what PAM says."""
    for pattern in RC_FILES.split():
        for path in pathlib.Path("/etc").glob(pattern):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def add_shells():
    """Links, so that each has its own name, and busybox is an ash."""
    SHELLS.mkdir(exist_ok=True)
    for name in SHELL_NAMES:
        program = shutil.which("busybox" if name == "ash" else name)
        if program and not (SHELLS / name).exists():
            (SHELLS / name).symlink_to(program)
    write("/etc/shells", "".join(f"{path}\n" for path in SHELLS.iterdir()))


def add_people():
    run("groupadd", "--force", "--system", "libvirt")
    for person in MEMBER, OUTSIDER:
        run("useradd", "--no-create-home", "--user-group",
            "--home-dir", person.home, person.name)
    run("usermod", "--append", "--groups", "libvirt", MEMBER.name)
    passwords = "".join(f"{p.name}:{PASSWORD}\n" for p in PEOPLE)
    subprocess.run(["chpasswd", "--crypt-method", "SHA512"],
                   input=passwords, text=True, check=True)
    # usermod will not move root, whose processes we are
    passwd = pathlib.Path("/etc/passwd")
    lines = passwd.read_text().splitlines()
    root = f"root:x:0:0:root:{ROOT.home}:/bin/bash"
    lines = [root if line.startswith("root:") else line
             for line in lines]
    write(passwd, "\n".join(lines) + "\n")


def read_stacks():
    """The text of Debian's two session stacks, without our module."""
    stacks = {}
    for name in "common-session", "common-session-noninteractive":
        path = pathlib.Path("/etc/pam.d", name)
        lines = path.read_text().splitlines()
        stacks[path] = [x for x in lines if "pam_virturi" not in x]
    return stacks


class Machine:
    """What the rows log into. All of it is made when it is created."""

    def __init__(self, build, nu=None, more_empty=None):
        module = build / "pam_virturi.so"
        # libpam would hide that it does not load, because of our "-session"
        ctypes.CDLL(str(module))
        # Read now: the build may lie where we are about to mount
        self._module = module.read_bytes()
        programs = {
            OURS / "bin/virturi": (build / "virturi").read_bytes(),
            OURS / "bin/who-and-where": WHO_AND_WHERE,
        }
        if nu:
            programs[SHELLS / "nu"] = nu.read_bytes()
        os.environ.clear()
        os.environ.update(ENVIRON)
        sandbox.make_own(more_empty)
        remove_rc_files()
        for path, text in FILES.items():
            write(path, text)
        for path, text in programs.items():
            write(path, text, 0o755)
        self._stacks = read_stacks()
        self.log = Log("/dev/log")
        add_shells()
        add_people()
        self._start_sshd()

    def move_in(self, person, shell):
        """Give a person an empty home and a login shell."""
        if not (SHELLS / shell).exists():
            raise Failed(f"there is no {shell} here; see --deps")
        shutil.rmtree(person.home, ignore_errors=True)
        person.home.mkdir(parents=True)
        shutil.chown(person.home, person.name, person.name)
        run("usermod", "--shell", SHELLS / shell, person.name)

    def _start_sshd(self):
        key = "/etc/ssh/sessions_key"
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
        os.mkdir("/run/sshd")
        sshd = [shutil.which("sshd"), "-D"]
        # From 9.8 on, sshd turns away whom it has seen fail
        if not subprocess.run([*sshd, "-t", "-o", "PerSourcePenalties=no"],
                              capture_output=True).returncode:
            sshd += "-o", "PerSourcePenalties=no"
        self.sshd = subprocess.Popen(sshd, stdin=subprocess.DEVNULL)
        self.log.wait_for("Server listening on")

    def install(self, policy=None, arguments="", module=True):
        """Put the module and its line where an administrator would.

        A policy of None leaves every layer empty; without module only the
        line is there.
        """
        MODULE.unlink(missing_ok=True)
        if module:
            write(MODULE, self._module)
        line = f"-session optional pam_virturi.so {arguments}".rstrip()
        for path, lines in self._stacks.items():
            write(path, "\n".join([*lines, line]) + "\n")
        POLICY.unlink(missing_ok=True)
        if policy is not None:
            write(POLICY, policy)
