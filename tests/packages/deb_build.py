# SPDX-License-Identifier: MIT
"""Making packages: as README says, and as others' tools judge them."""

import hashlib
import os
import re

from deb_tree import Root, Wrong, run

CLONE = "home/newcomer/pam_virturi"
TEXT = """\
Members of the group libvirt get qemu:///system at their next login.
To hold that back, before then: touch /etc/security/virturi.conf
"""

NEWCOMER = """
useradd --create-home --shell /bin/bash newcomer
groupadd --system libvirt
usermod --append --groups libvirt newcomer
echo 'newcomer ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/newcomer
chown -R newcomer: /home/newcomer
"""


# README, word by word

def find_lines(readme):
    """The lines below "Debian and its kin" that one is to type."""
    below = readme.partition("\nDebian and its kin")[2]
    lines = re.search(r"\n\n((?:    .*\n)+)", below)
    lines = lines[1].splitlines() if lines else []
    if len(lines) != 3:
        raise Wrong(f"README has {len(lines)} lines for Debian, not 3")
    return [line[4:] for line in lines]


def type_line(root, line, transcript):
    """What a line says to a newcomer who says yes, in a new login."""
    done = root.login("newcomer", f"cd pam_virturi && {line}", answer="Y\n")
    transcript.write(f"$ {line}\n{done.said}\n")
    return done.check()


def follow_readme(suite, transcript):
    """Do what README says; returns the layers with the clone and its debs.

    Packages are installed in a root of their own, so that these layers have
    what a build needs but not what it made.
    """
    root = Root(suite.scratch, "build", suite.base).start()
    run("git", "-c", "safe.directory=*", "clone", "--quiet", suite.source,
        root.path / CLONE).check()
    root.shell(NEWCOMER)
    build, install, ask = find_lines(root.read(f"{CLONE}/README.md"))
    with suite.row(f"README: {build}"):
        type_line(root, build, transcript)
    layers = root.stop()

    root = Root(suite.scratch, "readme", *layers).start()
    with suite.row(f"README: {install}"):
        said = type_line(root, install, transcript)
        if TEXT not in said:
            raise Wrong("it does not say who gets what, and how not to:\n"
                        + said)
    with suite.row(f"README: {ask}"):
        said = type_line(root, ask, transcript)
        if "\n  qemu:///system\n  by [group libvirt]" not in said:
            raise Wrong(said)
    with suite.row("README: the next login has the URI"):
        type_line(root, "test $LIBVIRT_DEFAULT_URI = qemu:///system",
                  transcript)
    root.stop()
    return layers


# Once more, and lintian

def hash_packages(directory):
    """What has to be the same each time, by name."""
    files = (path for path in directory.iterdir()
             if path.suffix in {".deb", ".dsc", ".gz", ".xz"}
             and "-dbgsym_" not in path.name)
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in files}


def compare(one, other):
    first, second = hash_packages(one), hash_packages(other)
    differ = sorted(name for name in first.keys() | second.keys()
                    if first.get(name) != second.get(name))
    if differ or len(first) != 6:
        raise Wrong(f"of {len(first)} files differ: {differ}")


def build_again(suite, layers):
    """Build as differently as can be: who, where, when, and what else."""
    root = Root(suite.scratch, "again", *layers).start()
    os.makedirs(root.path / "var/lib/somewhere/else")
    # with the tests, or not
    options = "parallel=2" if suite.runs_tests else "parallel=1 nocheck"
    with suite.row("a second build is the same, byte for byte"
                   + (", with tests" if suite.runs_tests else "")):
        root.shell(f"""
            umask 077; cd /var
            git config --global safe.directory '*'
            export TMPDIR=/var/lib/somewhere/else TZ=Asia/Tokyo LC_ALL=C
            export CFLAGS=-O0 DEB_BUILD_OPTIONS='{options}'
            make -C /{CLONE} deb O=/srv/out prefix=/nowhere
        """)
        compare(root.path / CLONE / "build/deb", root.path / "srv/out/deb")
    with suite.row("lintian: no error, no warning"):
        root.shell("""
            apt-get install -qq -y --no-install-recommends lintian
            chmod -R a+rX /srv/out
        """)
        said = root.login("newcomer", "lintian --fail-on error,warning "
                          "/srv/out/deb/*.changes").check()
        if said:
            raise Wrong(said)
    root.stop()


# Others' tools

def judge(suite, layers):
    """Rows of autopkgtest, on a system without the packages, and piuparts."""
    root = Root(suite.scratch, "testbed", *layers).start()
    # what autopkgtest itself wants; then apt is quicker without its lists
    root.shell("apt-get install -qq -y apt-utils; rm -r /var/lib/apt/lists")
    with suite.row("autopkgtest"):
        done = run("autopkgtest", "--no-built-binaries", *suite.debs,
                   next(suite.debs[0].parent.glob("*.dsc")), "--", "chroot",
                   root.path)
        results = re.findall(r"^(\w+) +(PASS|FAIL|SKIP)",
                             done.said.partition("@@@@ summary\n")[2], re.M)
        if done.status or results != [("session", "PASS"),
                                      ("command", "PASS")]:
            raise Wrong(done.said)
    root.stop()
    with suite.row("piuparts"):
        # what dpkg-preconfigure leaves behind is none of our packages'
        run("piuparts", "--no-eatmydata", "--keep-sources-list",
            "--existing-chroot", suite.base, "--distribution", suite.name,
            "--ignore-regex", "^/?var/cache/debconf/tmp.ci/?$",
            "--tmpdir", suite.scratch, *suite.debs).check()
