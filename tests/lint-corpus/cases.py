# SPDX-License-Identifier: MIT
"""Cases of tests/lint-corpus: a directory each, tried in a copy of it.

A case is what `virturi` is to read, and what it says:

    policy, *.conf   candidates, by any name
    root/            a tree for --root, as a default build has it: admin files
                     in root/etc/security, run in root/run/virturi, vendor's in
                     root/usr/local/share/virturi, services in root/etc/pam.d
    setup            a shell script that makes what git does not keep: modes,
                     links, FIFOs, odd bytes and names
    arguments        of virturi, if not "lint --root root policy"
    needs            "ordinary-user" or "root", if not whoever runs the tests
    expected         standard output, standard error, exit status

Names are those in names/, whatever this machine's users and groups are.
"""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
NOBODY = 65534

# What a build without options is configured with; see the Makefile.
DEFAULT_LAYERS = ("etc/security", "run/virturi", "usr/local/share/virturi")
DEFAULT_GROUP = "libvirt"


class Skipped(Exception):
    """This case cannot be tried here; the message says why."""


class Build:
    """The command under test, and what it was configured with."""

    def __init__(self):
        directory = pathlib.Path(os.environ["VIRTURI_BUILD"])
        self.command = directory / "tests/nss/virturi"
        self.libraries = self.command.parent
        self.keeper = tempfile.TemporaryDirectory(prefix="virturi-command-")
        self.public_command = self._publish()
        self.wrapper = shlex.split(os.environ.get("VIRTURI_WRAPPER", ""))
        self.is_sanitized = b"__asan_init" in self.command.read_bytes()
        self.layers = self._find_layers()
        self.group = self._find_group(directory)

    def environment(self, names, libraries=None):
        """The environment of a run with this directory of names."""
        return {**os.environ, "VIRTURI_NSS_DIR": str(names),
                "LD_LIBRARY_PATH": str(libraries or self.libraries),
                "LC_ALL": "C.UTF-8"}

    def _publish(self):
        """A copy of the command that others than root can run too."""
        for path in self.command, *self.libraries.glob("*.so*"):
            shutil.copy2(path, self.keeper.name)
        set_modes(self.keeper.name)
        public = pathlib.Path(self.keeper.name, self.command.name)
        public.chmod(0o755)
        return public

    def _find_layers(self):
        """Where it looks for a policy below a root, highest layer first."""
        with tempfile.TemporaryDirectory() as empty:
            said = subprocess.run(
                [self.command, "show", "--root", "."], cwd=empty, text=True,
                env=self.environment(HERE / "names"), capture_output=True,
                check=False).stdout
        return tuple(re.findall(r" \./(\S+)", said))

    def _find_group(self, directory):
        vendor = (directory / "conf/virturi.conf").read_text()
        return re.search(r"^\[group (.*)\]$", vendor, re.M).group(1)


def set_modes(directory):
    """As git would have them with umask 022, whatever it is now."""
    for path, _, files in os.walk(directory):
        os.chmod(path, 0o755)
        for file in files:
            os.chmod(os.path.join(path, file), 0o644)


def speaks_of_layers(case):
    """Whether it has a tree with layers in it, or names one."""
    return (case / "root").exists() or any(
        layer in (case / "expected").read_text() for layer in DEFAULT_LAYERS)


def move_layers(root, layers):
    """Puts the policy where this build looks for it."""
    aside = root.with_name("aside")
    for default, layer in zip(DEFAULT_LAYERS, layers):
        if default == layer or not (root / default).exists():
            continue
        (root / default).rename(aside)
        (root / layer).parent.mkdir(parents=True, exist_ok=True)
        aside.rename(root / layer)


class Scratch:
    """A copy of a case, of the names and of the command, to be run in."""

    def __init__(self, case, build, is_read=False):
        """is_read: for its files only, virturi is not going to be run."""
        self.build = build
        self.needs = read_word(case / "needs")
        if self.needs == "root" and os.geteuid() != 0:
            raise Skipped("only root can")
        if len(build.layers) < 3 and not is_read and speaks_of_layers(case):
            raise Skipped("this build leaves out a layer")
        self.keeper = tempfile.TemporaryDirectory(prefix="virturi-lint-")
        self.top = pathlib.Path(self.keeper.name)
        self.work = self.top / "work"
        shutil.copytree(case, self.work,
                        ignore=shutil.ignore_patterns("expected", "needs"))
        shutil.copytree(HERE / "names", self.top / "names")
        (self.work / "root/etc").mkdir(parents=True, exist_ok=True)
        set_modes(self.top)
        self._set_up(case)
        self.drops = self.needs == "ordinary-user" and os.geteuid() == 0
        if self.drops:
            self._hand_over()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for path, names, _ in os.walk(self.work):
            for name in names:
                if not os.path.islink(os.path.join(path, name)):
                    os.chmod(os.path.join(path, name), 0o755)
        self.keeper.cleanup()

    def _set_up(self, case):
        setup = self.work / "setup"
        if setup.exists():
            subprocess.run(["sh", "-eu", "setup"], cwd=self.work, umask=0o022,
                           check=True)
            setup.unlink()
        (self.work / "arguments").unlink(missing_ok=True)
        if (case / "root").exists():
            move_layers(self.work / "root", self.build.layers)

    def _hand_over(self):
        """The case becomes an ordinary user's."""
        for path, names, files in os.walk(self.top):
            for name in [".", *names, *files]:
                os.chown(os.path.join(path, name), NOBODY, NOBODY,
                         follow_symlinks=False)

    def run(self, arguments):
        """Runs virturi in the copy: what it says, as `expected` has it."""
        command, identity = self.build.command, {}
        if self.drops:
            command = self.build.public_command
            identity = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        done = subprocess.run(
            [*self.build.wrapper, command, *arguments], cwd=self.work,
            env=self.build.environment(self.top / "names", command.parent),
            stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
            check=False, **identity)
        said = done.stdout.decode("utf-8", "backslashreplace")
        for line in done.stderr.decode("utf-8", "backslashreplace").split("\n"):
            # valgrind does not know openat2(2), and says so
            if line and not re.match(r"--\d+-- ", line):
                said += f"stderr: {line}\n"
        return self._as_default_build(said) + f"exit {done.returncode}\n"

    def _as_default_build(self, said):
        said = said.replace(f"{self.work.resolve()}/", "{here}/")
        for default, layer in zip(DEFAULT_LAYERS, self.build.layers):
            said = said.replace(f"root/{layer}", f"root/{default}")
        return said.replace(f"name the group: [group {self.build.group}]",
                            f"name the group: [group {DEFAULT_GROUP}]")


def read_word(path):
    """The file's one word; None if there is no such file."""
    return path.read_text().strip() if path.exists() else None


def read_arguments(case):
    """What virturi is given."""
    line = read_word(case / "arguments") or "lint --root root policy"
    return shlex.split(line)


def find_cases(kind):
    """All cases of a kind, by name."""
    return sorted(path for path in (HERE / kind).iterdir() if path.is_dir())
