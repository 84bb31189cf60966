# SPDX-License-Identifier: MIT
"""What an installed system goes through, up to purging, and mishaps.

Each scene has a root of its own: a fresh system with what the packages
depend on, a member of libvirt and an outsider.
"""

import os
import re
import shutil

from deb_build import TEXT
from deb_system import (COMMON, NAMES, POLICY, SITE, SYSTEM, WANTS, WAYS,
                        expect, expect_arguments, expect_silence, expect_uri,
                        expect_words, find_leftovers, find_lines,
                        make_previous, prepare, repack)
from deb_tree import Log, Root, Wrong, run


def live(suite, root):
    """Install, use, disable, remove, purge."""
    with suite.row("the installation says who gets what, and how not to"):
        expect_words(root.install(suite.debs), TEXT)
    with suite.row("both common-session files have the line, once"):
        expect_arguments(root)
    for way in WAYS:
        with suite.row(f"{way}: a member has the URI, an outsider none"):
            expect_uri(root, "member", SYSTEM, [way])
            expect_uri(root, "outsider", "", [way])
    with suite.row("dpkg --verify has nothing to say"):
        expect("said", root.do("dpkg", "--verify", *NAMES).check(), "")
    with suite.row("the user units are enabled"):
        for unit in "virturi-relogin.path", "virturi-relogin.service":
            link = os.readlink(root.path / WANTS / unit)
            expect("link", f"/usr{link.removeprefix('/usr')}",
                   f"/usr/lib/systemd/user/{unit}")
    with suite.row("manual pages name what is there"):
        check_pages(root)
    with suite.row("a disabled profile stays so when reinstalled"):
        root.do("pam-auth-update", "--disable", "virturi").check()
        said = root.install(suite.debs, "--reinstall")
        expect("lines", find_lines(root), [[], []])
        expect_uri(root, "member", "")
        if "by hand" in said:
            raise Wrong(f"it complains of a choice:\n{said}")
    with suite.row("an enabled one is back"):
        root.do("pam-auth-update", "--enable", "virturi").check()
        expect_arguments(root)
        expect_uri(root, "member", SYSTEM)
    with suite.row("removed: no line is left, sessions go on"):
        root.do("apt-get", "remove", "-y", *NAMES).check()
        expect("lines", find_lines(root), [[], []])
        expect_uri(root, "member", "")
    with suite.row("purged: the system is as before, sessions go on"):
        root.do("apt-get", "purge", "-y", *NAMES).check()
        shutil.rmtree(root.path / "srv/debs")
        expect("left behind", list(find_leftovers(root)), [])
        expect_uri(root, "member", "")


def check_pages(root):
    """What pages say to be below /usr and to bear our name is there."""
    pages = root.shell("zcat $(dpkg -L virturi-common | grep '/man/.*gz$')")
    paths = set(re.findall(r"/usr/[\w./-]*virturi(?:[\w.-]*\w)?", pages))
    missing = sorted(path for path in paths
                     if not os.path.lexists(f"{root.path}{path}"))
    if missing or len(paths) < 6:
        raise Wrong(f"of {sorted(paths)} are not there: {missing}")


def upgrade(suite, root):
    """What an administrator has done to the previous version's files."""
    root.install(list(make_previous(suite)))
    expect_uri(root, "member", "test:///old")
    own = {f"{SITE}/50-site.conf": "[user outsider]\nuri = test:///site\n",
           f"{SITE}/60-none.conf": "",
           "etc/security/virturi.conf": "[group libvirt]\nuri = test:///own\n"}
    for name, text in own.items():
        root.write(name, text)
    for name in COMMON:
        root.write(name, re.sub(r"(pam_virturi\.so) *", r"\1 debug override",
                                root.read(name)))
    # what systemctl --global disable does
    (root.path / WANTS / "virturi-relogin.path").unlink()

    with suite.row("upgrade: sessions have the URI while it is unpacked"):
        for deb in suite.debs:
            shutil.copy(deb, root.path / "srv")
        root.shell("dpkg --unpack " + " ".join(f"/srv/{deb.name}"
                                               for deb in suite.debs))
        expect_uri(root, "member", "test:///own")
    root.do("dpkg", "--configure", "-a").check()
    with suite.row("upgrade: the line's arguments stay"):
        expect_arguments(root, "debug", "override")
    with suite.row("upgrade: policy and drop-ins of the administrator stay"):
        expect("files", {name: root.read(name) for name in own}, own)
        expect_uri(root, "member", "test:///own")
        expect_uri(root, "outsider", "test:///site")
    with suite.row("upgrade: a unit that was disabled stays so"):
        expect("units", os.listdir(root.path / WANTS),
               ["virturi-relogin.service"])
    with suite.row("upgrade: the vendor's policy is the new one"):
        (root.path / "etc/security/virturi.conf").unlink()
        expect_uri(root, "member", SYSTEM)
    with suite.row("purge: the administrator's own rules stay"):
        root.do("apt-get", "purge", "-y", *NAMES).check()
        expect("files", sorted(os.listdir(root.path / SITE)),
               ["50-site.conf", "60-none.conf"])


def hold_back(suite, root):
    """As every text says."""
    with suite.row("held back: nobody gets anything, and nothing is promised"):
        root.do("touch", "/etc/security/virturi.conf").check()
        said = root.install(suite.debs)
        expect_uri(root, "member", "")
        if "at their next login" in said:
            raise Wrong(said)


def edit_by_hand(root):
    """A line of somebody else's, in the part of pam-auth-update's."""
    text = root.read(COMMON[0])
    head, block, rest = text.partition('(the "Additional" block)\n')
    foreign = "session optional pam_umask.so\n"
    root.write(COMMON[0], f"{head}{block}{foreign}{rest}")
    return [root.read(name) for name in COMMON]


def stay_away(suite, root):
    """Common files that were edited by hand."""
    before = edit_by_hand(root)
    with suite.row("edited by hand: files are left alone, the user is told"):
        said = root.install(suite.debs)
        expect("files", [root.read(name) for name in COMMON], before)
        expect_words(said, "pam-auth-update: Local modifications",
                     "were edited by hand and are left\nalone",
                     "    -session optional pam_virturi.so\n")
        expect_uri(root, "member", "")
    with suite.row("edited by hand: the line one is told to add works"):
        line = re.search(r"^    (-session.*)\n", said, re.M)[1]
        for name in COMMON:
            root.write(name, f"{root.read(name)}{line}\n")
        expect_uri(root, "member", SYSTEM)
        expect_uri(root, "outsider", "")
    with suite.row("edited by hand: told to take it out, sessions go on"):
        said = root.do("apt-get", "remove", "-y", *NAMES).check()
        expect_words(said, "    /etc/pam.d/common-session\n"
                     "    /etc/pam.d/common-session-noninteractive\n")
        with Log(root.path / "dev/log") as log:
            expect_uri(root, "member", "")
            expect_silence(log)


def edit_later(suite, root):
    """Edited by hand when the line was in already."""
    root.install(suite.debs)
    before = edit_by_hand(root)
    with suite.row("edited later: the line works on, files are left alone"):
        said = root.install(suite.debs, "--reinstall")
        expect("files", [root.read(name) for name in COMMON], before)
        expect_uri(root, "member", SYSTEM)
        if "libpam-virturi: " in said:
            raise Wrong(said)
    with suite.row("edited later: told to take it out, sessions go on"):
        said = root.do("apt-get", "purge", "-y", *NAMES).check()
        expect_words(said, "Take its line out of:",
                     "    /etc/pam.d/common-session\n"
                     "    /etc/pam.d/common-session-noninteractive\n")
        expect_uri(root, "member", "")


def break_things(suite, root):
    """Bad input: sessions open whatever is missing, and cures are named."""
    root.install(suite.debs)
    with Log(root.path / "dev/log") as log:
        delete_module(suite, root, log)
        delete_policy(suite, root, log)
        delete_site(suite, root, log)
    remove_common(suite, root)


def expect_check(root, *words):
    expect_words(root.login("member", "virturi check").said, *words)


def delete_module(suite, root, log):
    module = next(root.path.glob("usr/lib/*/security/pam_virturi.so"))
    module.unlink()
    with suite.row("module deleted: sessions go on, log and check say so"):
        log.take()
        for user in "member", "outsider":
            expect_uri(root, user, "")
        expect_words(log.take(), "pam_virturi.so")
        expect_check(root, "FAIL  pam ", "pam_virturi.so is not there\n",
                     "install the module there, or remove the line")
        expect_words(root.do("dpkg", "--verify", *NAMES).said, "missing",
                     f"/{module.relative_to(root.path)}")


def delete_policy(suite, root, log):
    root.install(suite.debs, "--reinstall")
    shutil.rmtree((root.path / POLICY).parent)
    with suite.row("policy removed by hand: sessions go on, check says so"):
        log.take()
        expect_uri(root, "member", "")
        expect_silence(log)
        expect_check(root, "there is none, so nobody gets a URI",
                     "/etc/security", "/usr/share/virturi")
        expect_words(root.do("dpkg", "--verify", *NAMES).said, "missing",
                     f"/{POLICY}")


def delete_site(suite, root, log):
    root.install(suite.debs, "--reinstall")
    os.rmdir(root.path / SITE)
    with suite.row("the site's directory removed by hand: nothing is missed"):
        log.take()
        expect_uri(root, "member", SYSTEM)
        expect_silence(log)


def remove_common(suite, root):
    root.do("dpkg", "--force-depends", "--remove", "virturi-common").check()
    with suite.row("without virturi-common: sessions go on, apt has the cure"):
        expect_uri(root, "member", "")
        expect_check(root, "there is none, so nobody gets a URI")
        expect_words(root.do("apt-get", "check").said,
                     "Depends: virturi-common", "--fix-broken")
        root.install(suite.debs, "--fix-broken")
        expect_uri(root, "member", SYSTEM)


def configure_half(suite, root):
    """libpam-virturi alone, which dpkg unpacks but does not configure."""
    deb = next(deb for deb in suite.debs if deb.name.startswith("libpam"))
    shutil.copy(deb, root.path / "srv")
    with suite.row("half-configured: sessions go on, dpkg says what lacks"):
        said = root.do("dpkg", "--install", f"/srv/{deb.name}").said
        expect_words(said, "Package virturi-common is not installed")
        expect("lines", find_lines(root), [[], []])
        expect_uri(root, "member", "")
        root.do("dpkg", "--purge", "libpam-virturi").check()


def mix_architectures(suite, root):
    """The module for two; contents of the second are the first's."""
    host = root.do("dpkg", "--print-architecture").check().strip()
    other, triplet = ("i386", "i386-linux-gnu") if host == "amd64" else \
        ("amd64", "x86_64-linux-gnu")
    directory = suite.scratch / "other"
    directory.mkdir()

    def change(tree):
        library, = (path for path in (tree / "usr/lib").iterdir())
        library.rename(library.with_name(triplet))

    deb = next(deb for deb in suite.debs if deb.name.startswith("libpam"))
    depends = "virturi-common (= %s)" % \
        run("dpkg-deb", "--field", deb, "Version").check().strip()
    second = repack(deb, directory, {"Architecture": other,
                                     "Depends": depends}, change)
    root.do("dpkg", "--add-architecture", other).check()
    root.install([*suite.debs, second])
    with suite.row("of two architectures one is removed: the line stays"):
        root.do("dpkg", "--remove", f"libpam-virturi:{other}").check()
        expect_arguments(root)
        expect_uri(root, "member", SYSTEM)
    with suite.row("... and goes with the other"):
        root.do("dpkg", "--remove", f"libpam-virturi:{host}").check()
        expect("lines", find_lines(root), [[], []])


SCENES = [live, upgrade, hold_back, stay_away, edit_later, break_things,
          configure_half, mix_architectures]


def play(suite):
    """Every scene."""
    layers = prepare(suite)
    for scene in SCENES:
        root = Root(suite.scratch, scene.__name__, *layers).start()
        with suite.guard(scene.__name__):
            scene(suite, root)
        root.stop()
