# SPDX-License-Identifier: MIT
"""A system that packages are tried on, and what is expected of it."""

import filecmp
import os
import pathlib
import re
import shutil
import stat

from deb_tree import Root, Wrong, run

SYSTEM = "qemu:///system"
NAMES = ["libpam-virturi", "virturi", "virturi-common"]
COMMON = ["etc/pam.d/common-session",
          "etc/pam.d/common-session-noninteractive"]
WANTS = "etc/systemd/user/graphical-session.target.wants"
POLICY = "usr/share/virturi/virturi.conf"
SITE = "etc/security/virturi.conf.d"

# Ways into a session; sudo's own has the noninteractive stack
WAYS = {"su -": ["su", "-", "{}", "-c", "printenv LIBVIRT_DEFAULT_URI"],
        "sudo -i": ["sudo", "-iu", "{}", "printenv", "LIBVIRT_DEFAULT_URI"],
        "sudo": ["sudo", "-u", "{}", "printenv", "LIBVIRT_DEFAULT_URI"]}

PEOPLE = """
groupadd --system libvirt
useradd --create-home --groups libvirt member
useradd --create-home outsider
"""


def expect(what, seen, wanted):
    if seen != wanted:
        raise Wrong(f"{what}: expected {wanted!r}, saw {seen!r}")


def expect_words(said, *words):
    for word in words:
        if word not in said:
            raise Wrong(f"'{word}' is not said:\n{said}")


def expect_silence(log):
    said = log.take()
    if "(su-l:session): session opened" not in said:
        raise Wrong(f"the log has not even the session:\n{said}")
    if "virturi" in said:
        raise Wrong(f"it is logged:\n{said}")


def expect_uri(root, user, uri, ways=WAYS):
    """Sessions open, and what a program in them sees; "" is none."""
    for way in ways:
        argv = [word.format(user) for word in WAYS[way]]
        done = root.do(*argv)
        expect(f"{way} {user}", (done.said.strip(), done.status),
               (uri, 0 if uri else 1))


def find_lines(root):
    """Each common file's lines that name the module."""
    return [[line for line in root.read(name).splitlines()
             if "pam_virturi" in line] for name in COMMON]


def expect_arguments(root, *arguments):
    """The line is in both files, once, with these arguments."""
    wanted = ["session", "optional", "pam_virturi.so", *arguments]
    expect("lines", [[line.split() for line in lines]
                     for lines in find_lines(root)], [[wanted], [wanted]])


# The system to begin with

def prepare(suite):
    """Its layers; what the packages depend on is installed."""
    root = Root(suite.scratch, "prepared", suite.base).start()
    depends = ", ".join(run("dpkg-deb", "--field", deb, "Depends")
                        .check().strip() for deb in suite.debs)
    others = [name for name in filter(None, depends.split(", "))
              if name.split()[0] not in NAMES]
    root.do("apt-get", "update", "-qq").check()
    root.do("apt-get", "satisfy", "-qq", "-y", "--no-install-recommends",
            ", ".join(others)).check()
    root.shell(PEOPLE)
    # nothing comes from the archive any more, and apt is quicker without
    shutil.rmtree(root.path / "var/lib/apt/lists")
    return root.stop()


# What is left behind

# Where dpkg, apt and debconf keep accounts, which may change but not name us
ACCOUNTS = ["var/cache", "var/lib/apt", "var/lib/dpkg"]
DIARIES = ["var/log", "proc", "run"]


def find_below(root, name):
    """The file that the layers below a root have, or None."""
    for layer in root.layers:
        path = layer / name
        if os.path.lexists(path):
            is_whiteout = stat.S_ISCHR(path.lstat().st_mode) and \
                path.lstat().st_rdev == 0
            return None if is_whiteout else path
    return None


def is_same(path, below):
    """Whether nobody could tell these apart but by their times."""
    if below is None or not os.path.lexists(path):
        return below is None and not os.path.lexists(path)
    one, other = path.lstat(), below.lstat()
    if (one.st_mode, one.st_uid, one.st_gid) != \
            (other.st_mode, other.st_uid, other.st_gid):
        return False
    if path.is_symlink():
        return os.readlink(path) == os.readlink(below)
    return not path.is_file() or filecmp.cmp(path, below, shallow=False)


def names_us(path):
    return "virturi" in path.name or \
        path.is_file() and b"virturi" in path.read_bytes()


def find_leftovers(root):
    """What is not as it was in the layers below."""
    for path in sorted(root.upper.rglob("*")):
        name = str(path.relative_to(root.upper))
        seen = root.path / name
        if any(pathlib.Path(name).is_relative_to(top) for top in DIARIES):
            continue
        if any(pathlib.Path(name).is_relative_to(top) for top in ACCOUNTS):
            # their last state but one is kept beside them
            if not name.endswith("-old") and names_us(seen):
                yield name
        elif not is_same(seen, find_below(root, name)):
            yield name


# Other packages, made of ours

def repack(deb, directory, fields, change=lambda tree: None):
    """The same package with some fields, and what change() does, otherwise."""
    tree = directory / deb.stem
    run("dpkg-deb", "--raw-extract", deb, tree).check()
    control = tree / "DEBIAN/control"
    text = control.read_text()
    for field, value in fields.items():
        text = re.sub(rf"^{field}:.*\n", f"{field}: {value}\n", text,
                      flags=re.M)
    control.write_text(text)
    change(tree)
    new = directory / f"{deb.stem}.new.deb"
    run("dpkg-deb", "--root-owner-group", "--build", tree, new).check()
    shutil.rmtree(tree)
    return new


def make_previous(suite):
    """The packages of a version before this, with another policy."""
    directory = suite.scratch / "previous"
    directory.mkdir()

    def change(tree):
        if (tree / POLICY).exists():
            (tree / POLICY).write_text("[group libvirt]\nuri = test:///old\n")

    for deb in suite.debs:
        depends = run("dpkg-deb", "--field", deb, "Depends").check().strip()
        yield repack(deb, directory, {
            "Version": "0.0.9-1",
            "Depends": re.sub(r"(virturi-common \(= )[^)]*", r"\g<1>0.0.9-1",
                              depends)}, change)
