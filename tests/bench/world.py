# SPDX-License-Identifier: MIT
"""
The hosts that are measured: users, groups, a name service, policies and PAM
stacks of chosen sizes, in a mount namespace of the benchmark's own. The real
nss_files, nss_systemd and libpam read them in their real places; the host is
not touched.
"""

import os
import pathlib
import shutil
import subprocess

GROUP = os.environ.get("LIBVIRT_GROUP", "libvirt")
MEMBER, OUTSIDER = "member", "outsider"
UIDS = {MEMBER: 5000, OUTSIDER: 5001}
URI = "qemu:///system"
ROOT = "root:x:0:0:root:/root:/bin/sh\n"

# What every host has besides: groups that MEMBER is not in.
SYSTEM_GROUPS = 20
TEAMS = [f"team{i}" for i in range(19)]


def mount(*arguments, descriptors=()):
    subprocess.run(["mount", *arguments], check=True, pass_fds=descriptors)


def nearest_directory(path):
    """The path itself, or what exists of it."""
    while not path.is_dir():
        path = path.parent
    return path


class World:
    """Who lives here, and what is installed."""

    def __init__(self, build, layers):
        self.build = build
        self.layers = [pathlib.Path(layer) for layer in layers]
        self.etc = pathlib.Path("/etc")
        self.scratch = pathlib.Path("/run/virturi-bench")
        self.disk = build / "cache/bench/world"
        self._take_places()
        self.installed = 0      # stacks

    def _take_places(self):
        """Mounts over everything that is written to."""
        systemd = pathlib.Path("/run/systemd")
        kept = os.open(systemd, os.O_PATH) if systemd.is_dir() else None
        mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
        if kept is not None:
            systemd.mkdir()
            mount("--bind", f"/proc/self/fd/{kept}", str(systemd),
                  descriptors=[kept])
            os.close(kept)
        self.scratch.mkdir()
        shutil.rmtree(self.disk, ignore_errors=True)
        for place in {nearest_directory(layer) for layer in self.layers}:
            if place != pathlib.Path("/run"):
                self._lay_over(place)
        self._lay_over(self.etc / "profile.d")
        for name in ("passwd", "group", "nsswitch.conf"):
            path = self.disk / name
            path.touch(mode=0o644)
            mount("--bind", str(path), f"/etc/{name}")

    def _lay_over(self, place):
        """
        An empty directory of the build's disk: what is not there is looked up
        faster on a disk, which remembers it, than on a tmpfs, which does not.
        """
        directory = self.disk / str(place).strip("/").replace("/", "-")
        directory.mkdir(parents=True)
        directory.chmod(0o755)
        mount("--bind", str(directory), str(place))

    def program(self, name):
        """A copy of a built program where everybody can run it."""
        path = self.scratch / pathlib.Path(name).name
        shutil.copy(self.build / name, path)
        path.chmod(0o755)
        return str(path)

    def write(self, name, text, mode=0o644):
        path = self.scratch / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    # --- Names --------------------------------------------------------------

    def people(self, *, groups=60, own=4, members=10,
               nsswitch="files systemd"):
        """
        A host of so many groups, with two users in so many of them each. The
        group of the vendor's policy has so many members, MEMBER the last of
        them.
        """
        (self.disk / "passwd").write_text(ROOT + "".join(
            f"{name}:x:{uid}:{uid}::/home/{name}:/bin/sh\n"
            for name, uid in UIDS.items()))
        (self.disk / "nsswitch.conf").write_text(
            f"passwd: {nsswitch}\ngroup: {nsswitch}\n")
        (self.disk / "group").write_text("".join(
            f"{name}:x:{gid}:{','.join(people)}\n"
            for name, gid, people in self._groups(groups, own, members)))

    @staticmethod
    def _groups(count, own, members):
        """Names, gids, members; the users' own last, as on a real host."""
        others = [f"user{i}" for i in range(members - 1)]
        first = [("root", 0, [])]
        first += [(f"system{i}", i, []) for i in range(1, SYSTEM_GROUPS)]
        first.append((GROUP, 108, [*others, MEMBER]))
        last = [(name, 7000 + i, others[:3]) for i, name in enumerate(TEAMS)]
        last += [(name, uid, []) for name, uid in UIDS.items()]
        # the primary one and, for the member, the policy's are theirs too
        last += [(f"of-member{i}", 20000 + i, [MEMBER])
                 for i in range(own - 2)]
        last += [(f"of-outsider{i}", 30000 + i, [OUTSIDER])
                 for i in range(own - 1)]
        between = max(count - len(first) - len(last), 0)
        return first + [(f"host{i}", 100000 + i, [])
                        for i in range(between)] + last

    def slow_directory(self, milliseconds):
        """
        All names but root's in a directory, which answers so late, found or
        not. Returns the environment in which it is asked.
        """
        directory = self.scratch / "directory"
        self.write("directory/passwd", (self.disk / "passwd").read_text())
        self.write("directory/group", (self.disk / "group").read_text())
        rows = [(database, "*") for database in ("passwd", "uid", "group",
                                                 "gid")]
        for line in (directory / "passwd").read_text().splitlines():
            name, _, uid = line.split(":")[:3]
            rows += [("passwd", name), ("uid", uid), ("initgroups", name)]
        for line in (directory / "group").read_text().splitlines():
            name, _, gid = line.split(":")[:3]
            rows += [("group", name), ("gid", gid)]
        self.write("directory/faults", "".join(
            f"{database}\t{key}\tstall {milliseconds}\n"
            for database, key in rows))
        (self.disk / "passwd").write_text(ROOT)
        (self.disk / "group").write_text("root:x:0:\n")
        (self.disk / "nsswitch.conf").write_text(
            "passwd: files virturi\ngroup: files virturi\n")
        return {"VIRTURI_NSS_DIR": str(directory),
                "LD_LIBRARY_PATH": str(self.build / "tests/nss")}

    # --- Policies -----------------------------------------------------------

    def policy(self, main=None, dropins=None):
        """
        Replaces the whole policy: the vendor's main file (None: as shipped),
        and drop-ins of the admin's, a dictionary of names and texts.
        """
        for layer in self.layers:
            subprocess.run(["rm", "-rf", layer / "virturi.conf",
                            layer / "virturi.conf.d"], check=True)
        vendor, _, admin = self.layers
        if main is None:
            main = (self.build / "conf/virturi.conf").read_text()
        self._put(vendor / "virturi.conf", main)
        for name, text in (dropins or {}).items():
            self._put(admin / "virturi.conf.d" / name, text)

    @staticmethod
    def _put(path, text):
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)

    @staticmethod
    def rules(count, match=None, first=0):
        """
        Text of so many rules for groups that do not exist, which cost most;
        the rule with the number *match* is the policy's group's.
        """
        return "".join(
            f"[group {GROUP if i == match else f'absent{first + i}'}]\n"
            f"uri = {URI}\n\n" for i in range(count))

    def split(self, count, each, match_last=True):
        """The same as drop-ins with so many rules each. The last decides
        first, so a match in the first file is the last that is asked."""
        return {f"{i // each:05d}.conf": self.rules(
            each, each - 1 if match_last and i == 0 else None, i)
                for i in range(0, count, each)}

    # --- Stacks -------------------------------------------------------------

    def stack(self, *lines):
        """
        A directory with a service of these session lines. All stacks begin
        with pam_permit, so that one in which nothing applies is no refusal.
        """
        self.installed += 1
        directory = f"stack{self.installed}"
        self.write(f"{directory}/bench", "".join(
            f"session {line}\n" for line in
            ("required pam_permit.so", *lines)))
        return str(self.scratch / directory)

    def chain(self, groups):
        """What an admin would write: a condition and a value for each."""
        conf = self.write("pam_env.conf",
                          f"LIBVIRT_DEFAULT_URI DEFAULT={URI}\n")
        lines = []
        for i, group in enumerate(groups):
            behind = 2 * (len(groups) - i - 1)
            lines += [
                "[success=ignore default=1] "
                f"pam_succeed_if.so quiet user ingroup {group}",
                f"[success={behind or 'ok'} default=ignore] "
                f"pam_env.so readenv=0 conffile={conf}"]
        return self.stack(*lines)

    def contenders(self):
        """The stacks of which there is one kind only, by name."""
        conf = self.write("pam_env.conf",
                          f"LIBVIRT_DEFAULT_URI DEFAULT={URI}\n")
        script = self.write("in-group", "#!/bin/sh\n"
                            f'id -Gn "$PAM_USER" | grep -qw {GROUP}\n', 0o755)
        floor = f"required {self.build}/tests/bench/pam_floor.so {GROUP}"
        return {
            "pam_permit": self.stack(),
            "floor": self.stack(floor),
            "look-ups": self.stack(floor + " names"),
            "pam_virturi": self.stack(
                f"required {self.build}/pam_virturi.so"),
            "pam_env": self.stack(
                f"required pam_env.so readenv=0 conffile={conf}"),
            "pam_exec": self.stack(f"optional pam_exec.so quiet {script}"),
        }
