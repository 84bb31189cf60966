# SPDX-License-Identifier: MIT
"""Debian packages: installed, upgraded, damaged, purged."""

import contextlib
import re

import hosts
import logins
import managers
import sabotage
import units
from guest import Wrong
from rows import expect, expect_in, row
from shell import opened

STANDS_ON = "packaged"

URI = "qemu:///system"
NAMES = ["libpam-virturi", "virturi", "virturi-common"]
PROMISE = """\
Members of the group libvirt get qemu:///system at their next login.
To hold that back, before then: touch /etc/security/virturi.conf
"""
BEFORE = "/var/tmp/before"


def prepare(guest):
    """A host as other topics have it, and the packages as anybody has them."""
    for topic in logins, managers, hosts:
        topic.prepare(guest)
    guest.write("/etc/systemd/user/desktop.service", units.DESKTOP)
    # any purge removes empty ones, the system's too
    guest.do("find", "/etc/systemd", "-name", "*.wants", "-empty",
             "-delete").check()
    guest.do("mkdir", "-p", managers.GENERATORS).check()
    # an index of all manual pages, each time: most of what dpkg would do
    guest.remove("/var/lib/man-db/auto-update")
    guest.write(BEFORE, list_files(guest))
    install(guest)


# apt and dpkg

def dpkg(guest, script):
    """A script, which has to succeed; what it says."""
    return guest.run("sh", "-ec", script, timeout=60,
                     env={"DEBIAN_FRONTEND": "noninteractive"}).check().out


def install(guest, debs="debs"):
    return dpkg(guest, f"cd /srv/{debs}; apt-get install -y ./*.deb")


def purge(guest):
    return dpkg(guest, f"apt-get purge -y {' '.join(NAMES)}")


@contextlib.contextmanager
def put_back(guest):
    """However it ends, the packages are there as before, with all files. A row
    cannot fail by this, broken or not.
    """
    try:
        yield
    finally:
        try:
            dpkg(guest, "dpkg --install /srv/debs/*.deb")
            managers.end_managers(guest)
        except Wrong as error:
            raise RuntimeError(f"the packages are not back: {error}") from None


def hook(when, command):
    """apt runs a command before or after dpkg."""
    @contextlib.contextmanager
    def apt_hook(guest):
        path = "/etc/apt/apt.conf.d/e2e"
        guest.write(path, f'DPkg::{when}-Invoke {{ "{command}"; }};\n')
        try:
            yield
        finally:
            guest.remove(path)
    return apt_hook


# Looking

QUICK = {"ssh": logins.ssh_command, "su -": logins.su_login,
         "su": logins.su, "sudo -i": logins.sudo_login}


def expect_logins(guest, uri):
    """New sessions open, and the member's have this; the outsider's none."""
    for name, way in QUICK.items():
        for user, wanted in ("member", uri), ("outsider", "unset"):
            expect(f"{name}, {user}", logins.find_uri(way(guest, user), user),
                   wanted)


def expect_managers(guest, uri, carriers=(*managers.MANAGERS, managers.BUS)):
    """New managers start, and the member's things have this."""
    managers.end_managers(guest)
    for user, wanted in ("member", uri), ("outsider", "unset"):
        seen = managers.find_values(guest, user)
        for name in carriers:
            expect(f"{user}'s {name}", seen[name], wanted)


def check(guest, name):
    """A line of what virturi check tells the member."""
    return managers.read_check(guest.ssh("member", "virturi check").out, name)


def read_journal(guest, mark):
    """What was said of us since, each text once."""
    said = {str(entry.get("MESSAGE")) for entry in guest.journal_entries(mark)}
    return sorted(text for text in said if "virturi" in text)


USUAL = (sabotage.no_module_line, sabotage.not_a_member,
         sabotage.everybody_a_member)


# The installation, and nothing else

def ends_sessions(guest):
    """What apt does ends the member's session."""
    return hook("Post", "loginctl terminate-user member")(guest)


def held_back(guest):
    """As the installation says."""
    return sabotage.replaced(guest, "/etc/security/virturi.conf", "")


def find_state(guest, shell):
    """What an open session is: its shell, its manager, its URI."""
    seen = shell.run(f"echo $$; {logins.COMMAND}").check().out
    manager = guest.do("systemctl", "show", "--property=MainPID",
                       "user@1000").check().out
    return seen.partition("\n")[0], manager, logins.find_uri(seen, "member")


@row("apt-get install ./*.deb", broken_by=(
    sabotage.not_a_member, sabotage.everybody_a_member, held_back,
    ends_sessions))
def installed(guest):
    purge(guest)
    managers.end_managers(guest)
    with put_back(guest), opened(guest, "ssh", "-T", "member@localhost") as \
            shell:
        before = find_state(guest, shell)
        expect("a session before", before[2], "unset")
        expect_in("apt-get", install(guest), PROMISE)
        expect_logins(guest, URI)
        expect("the session", find_state(guest, shell), before)
    return f"the open session lives on; the next: {URI}"


def add_way(name, way):
    @row(name, broken_by=USUAL)
    def goes_that_way(guest):
        return logins.look(guest, way, member=URI, outsider="unset")


for name_, (_, way_) in logins.WAYS.items():
    add_way(name_, way_)
add_way("at, from a session", logins.at)


@row("at, from elsewhere", broken_by=logins.at_keeps_it)
def at_from_elsewhere(guest):
    return logins.look(guest, logins.at_without, member="unset",
                       outsider="unset") + ", as the manual says"


CARRIERS = {"a systemd --user service": "org.example.unit",
            "systemd-run --user": "service",
            "systemctl --user show-environment": "manager",
            "a service of the user's bus": managers.BUS}


def add_carrier(name, carrier):
    @row(name, broken_by=(managers.NEITHER, managers.another_generator,
                          *USUAL[1:]))
    def carries_it(guest):
        expect_managers(guest, URI, [carrier])
        return f"member: {URI}; outsider: unset"


for name_, carrier_ in CARRIERS.items():
    add_carrier(name_, carrier_)


@row("virsh uri", broken_by=(
    hosts.nothing_sets_it, *USUAL[1:], hosts.nobody_listens))
def virsh(guest):
    for user, uri in ("member", URI), ("outsider", hosts.SESSION):
        expect(user, hosts.virsh_uri(guest, user).check().out.strip(), uri)
    return f"member: {URI}; outsider: {hosts.SESSION}"


@row("virturi check, over ssh", broken_by=(
    hosts.nothing_sets_it, sabotage.not_a_member, hosts.nobody_listens))
def member_checks(guest):
    hosts.end_sessions(guest)
    return expect("verdict", hosts.expect_checks(
        "member", guest.ssh("member", "virturi check"),
        {"libvirt": hosts.connected_to(guest, URI)}, risks="NOTE"),
        f"ready: clients use {URI}, by the policy")


# The units

@contextlib.contextmanager
def not_enabled(guest):
    """As systemctl --global disable leaves it."""
    both = units.PATH, units.SERVICE
    guest.do("systemctl", "--global", "disable", *both).check()
    try:
        yield
    finally:
        guest.do("systemctl", "--global", "enable", *both).check()


def show_path(guest):
    return units.show(guest, "member", units.PATH, "LoadState",
                      "UnitFileState", "ActiveState", "SubState")


WATCHES = "loaded", "enabled", "active", "waiting"


@row(units.PATH, broken_by=(not_enabled, units.path_not_installed))
def path_unit(guest):
    mark = guest.mark()
    with units.desktop(guest, "member"):
        expect("it", show_path(guest), WATCHES)
        expect("runs at the session's start", units.count_runs(guest, mark), 1)
        mark = guest.mark()
        with units.member_of(guest, "outsider", "games"):
            guest.wait_for("a run", lambda: units.count_runs(guest, mark))
            units.wait_for_rest(guest, "member")
    return f"in the member's desktop: {', '.join(WATCHES)}; it works"


# The generator

@contextlib.contextmanager
def profile_disabled(guest):
    """As README.Debian has it; what takes out the line by hand confuses
    pam-auth-update when packages are installed meanwhile.
    """
    dpkg(guest, "pam-auth-update --disable virturi")
    try:
        yield
    finally:
        dpkg(guest, "pam-auth-update --enable virturi")


@row("pam-auth-update --disable virturi", broken_by=(
    sabotage.no_generator, managers.another_generator, *USUAL[1:]))
def disabled(guest):
    with profile_disabled(guest):
        expect_managers(guest, URI)
        expect_logins(guest, "unset")
    expect_logins(guest, URI)
    return f"manager: {URI}, by 70-virturi; logins: unset"


# Upgrades

WENT, STOP = "/run/e2e-went", "/run/e2e-stop"
LOGINS = f"""until [ -e {STOP} ]; do
    su - member -c 'printenv LIBVIRT_DEFAULT_URI || echo unset' || echo refused
done >{WENT}"""


@contextlib.contextmanager
def logins_meanwhile(guest):
    """The member logs in again and again; gives what each login had."""
    guest.remove(WENT, STOP)
    seen = []
    with opened(guest, "bash") as shell:
        shell.type(LOGINS)
        guest.wait_for("a login", lambda: guest.exists(WENT)
                       and guest.read(WENT))
        yield seen
        guest.write(STOP, "")
        shell.run("true")
    seen += guest.read(WENT).split()


def line_comes_and_goes(guest):
    """While dpkg works, PAM is not wired."""
    both = contextlib.ExitStack()
    both.enter_context(hook("Pre", "pam-auth-update --disable virturi")(guest))
    both.enter_context(sabotage.replaced(
        guest, "/etc/apt/apt.conf.d/e2e-post",
        'DPkg::Post-Invoke { "pam-auth-update --enable virturi"; };\n'))
    return both


def path_stops(guest):
    """What apt does stops the path unit."""
    return hook("Post", "systemctl --user --machine=member@ stop "
                        f"{units.PATH}")(guest)


def find_versions(guest):
    return set(guest.do("dpkg-query", "--showformat=${Version} ${Status}\n",
                        "--show", *NAMES).check().out.splitlines())


@row("upgrade, sessions open", broken_by=(
    ends_sessions, path_stops, line_comes_and_goes, sabotage.not_a_member))
def upgraded(guest):
    with put_back(guest):
        with units.desktop(guest, "member"), opened(
                guest, "ssh", "-T", "member@localhost") as shell:
            before = find_state(guest, shell)
            with logins_meanwhile(guest) as seen:
                install(guest, "next")
            expect("the session", find_state(guest, shell), before)
            expect(units.PATH, show_path(guest), WATCHES)
        versions = find_versions(guest)
        if len(versions) != 1 or "+next install ok installed" not in \
                min(versions):
            raise Wrong(f"installed are {versions}")
        expect("logins meanwhile", set(seen), {URI})
        expect_logins(guest, URI)
        expect_managers(guest, URI)
    return f"they live on; {len(seen)} logins meanwhile, and the next: {URI}"


@row("upgrade, package by package", broken_by=(profile_disabled, *USUAL[1:]))
def upgraded_by_hand(guest):
    with put_back(guest):
        for name in NAMES:
            dpkg(guest, f"dpkg --unpack /srv/next/{name}_*.deb")
            expect_logins(guest, URI)
        dpkg(guest, "dpkg --configure -a")
        expect_logins(guest, URI)
    return f"after each, before all is configured: {URI}"


# Damage: sessions open, and somebody names the cure

NO_POLICY = ("WARN", "there is none, so nobody gets a URI; looked in "
             "/etc/security, /run/virturi, /usr/share/virturi",
             ["reinstall the package that has "
              "/usr/share/virturi/virturi.conf, or write one"])
NOT_WIRED = ("FAIL", "no session's PAM stack has pam_virturi.so",
             ["sudo pam-auth-update --enable virturi",
              "not reached by systemd-user, but 70-virturi tells user "
              "services"])
NOT_THERE = [
    "PAM adding faulty module: pam_virturi.so",
    "PAM unable to dlopen(pam_virturi.so): /usr/lib/security/pam_virturi.so: "
    "cannot open shared object file: No such file or directory"]


def module_gone(guest):
    """What check says when the file is not there."""
    triplet = guest.do("gcc", "-print-multiarch").check().out.strip()
    line = guest.do("grep", "-n", "pam_virturi", sabotage.COMMON[0]).check()
    return ("FAIL", f"{sabotage.COMMON[0]}:{line.out.partition(':')[0]}: "
            f"/usr/lib/{triplet}/security/pam_virturi.so is not there",
            ["install the module there, or remove the line"])


def policy_of_admins(guest):
    """An administrator's own policy gives the URI."""
    return sabotage.replaced(guest, "/etc/security/virturi.conf",
                             f"[group libvirt]\nuri = {URI}\n")


def generator_talks(guest):
    """A generator says more of us than is to be said."""
    return managers.generator(guest, f"{managers.GENERATORS}/60-talks",
                              "echo '<4>virturi is confused' >&2")


def changed_line(name, text, old, new):
    """Both stacks with another line."""
    @contextlib.contextmanager
    def line_changed(guest):
        with contextlib.ExitStack() as stack:
            for path in sabotage.COMMON:
                stack.enter_context(sabotage.replaced(guest, path, re.sub(
                    old, new, guest.read(path), flags=re.M)))
            yield
    line_changed.__name__ = name
    line_changed.__doc__ = text
    return line_changed


required = changed_line(
    "required", "The module has to succeed.",
    r"^(session\s+)optional(\s+pam_virturi)", r"\1required\2")
silenced = changed_line(
    "silenced", "libpam says nothing of a module that is not there.",
    r"^(session\s+optional\s+pam_virturi)", r"-\1")


def add_damage(name, script, manager, journal, line, finding, says, broken_by):
    """script damages; says: a command and what it says of a cure."""
    @row(name, broken_by=(*broken_by, generator_talks))
    def logins_go_on(guest):
        with put_back(guest):
            dpkg(guest, script)
            mark = guest.mark()
            expect_logins(guest, "unset")
            expect_managers(guest, manager)
            expect("the journal", read_journal(guest, mark), journal)
            wanted = finding(guest) if callable(finding) else finding
            expect(f"check, {line}", check(guest, line), wanted)
            expect_in(says[0], dpkg(guest, f"{says[0]} 2>&1 || :"), says[1])
        expect_logins(guest, URI)
        return f"logins go on: unset; manager: {manager}; journal: " \
            f"{len(journal)} lines; cure: {wanted[2][0]}"


add_damage("virturi-common removed by force",
           "dpkg --force-depends -r virturi-common", "unset", [],
           "policy", NO_POLICY, ("apt-get check", "apt --fix-broken install"),
           (policy_of_admins, sabotage.saying("reinstall", "find")))
add_damage("policy's directories deleted",
           "rm -r /usr/share/virturi /etc/security/virturi.conf.d", "unset",
           [], "policy", NO_POLICY,
           ("dpkg --verify", "missing     /usr/share/virturi/virturi.conf"),
           (policy_of_admins, sabotage.saying("reinstall", "find")))
add_damage("pam_virturi.so deleted", "rm /usr/lib/*/security/pam_virturi.so",
           URI, NOT_THERE, "pam", module_gone,
           ("dpkg --verify", "/security/pam_virturi.so"),
           (required, silenced, sabotage.no_generator,
            sabotage.saying("install the", "find the")))
add_damage("unpacked, not configured", "apt-get purge -y " + " ".join(NAMES)
           + "; dpkg --unpack /srv/debs/*.deb", URI, [], "pam", NOT_WIRED,
           ("dpkg --audit", "dpkg --configure"),
           (managers.another_generator, sabotage.not_a_member,
            sabotage.saying("pam-auth-update", "pam")))


# The end. What changes by itself is none of the packages': diaries, accounts,
# what libvirt makes when it starts.

LIST = r"""
set -eu
find / -xdev \( -path /home -o -path /root -o -path /srv -o -path /tmp \
	-o -path /etc/apt -o -path /etc/libvirt -o -path /usr/local \
	-o -path /var/cache -o -path /var/log -o -path /var/lib/apt \
	-o -path /var/lib/apt -o -path /var/lib/dpkg -o -path /var/lib/libvirt \
	-o -path /var/lib/systemd -o -path /var/spool -o -path /var/tmp \) \
	-prune -o -printf '%p %M %u:%g %l\n'
grep -rl --exclude='*-old' virturi /var/lib/apt /var/lib/dpkg || :
find /etc \( -path /etc/apt -o -path /etc/libvirt \) -prune \
	-o -type f ! -name '*-' -exec sha256sum {} +
"""


def list_files(guest):
    """All that there is, and what is in /etc."""
    return guest.do("sh", "-c", LIST).check().out


def find_leftovers(guest):
    before = set(guest.read(BEFORE).splitlines())
    after = set(list_files(guest).splitlines())
    return sorted(before ^ after)


def environment_file(guest):
    """pam_env sets it for everybody."""
    return sabotage.replaced(guest, "/etc/environment",
                             f"LIBVIRT_DEFAULT_URI={URI}\n")


def units_go_on(guest):
    """Nobody stops the units."""
    return sabotage.moved_away(guest, "/usr/bin/deb-systemd-invoke")


@contextlib.contextmanager
def leaves(guest, path, source):
    """apt puts a file back when dpkg is done."""
    kept = "/var/tmp/kept"
    guest.do("cp", source, kept).check()
    try:
        with hook("Post", f"install -D {kept} {path}")(guest):
            yield
    finally:
        guest.remove(kept)
        if path != source:
            guest.remove(path)


def leaves_unit(guest):
    """The path unit stays."""
    return leaves(guest, f"/etc/systemd/user/{units.PATH}",
                  f"{units.UNITS}/{units.PATH}")


def leaves_policy(guest):
    """A file stays that does nothing any more."""
    return leaves(guest, "/usr/share/virturi/virturi.conf",
                  "/usr/share/virturi/virturi.conf")


@row("apt-get purge, sessions open", broken_by=(
    environment_file, managers.another_generator, ends_sessions, units_go_on,
    leaves_unit, leaves_policy))
def purged(guest):
    with put_back(guest):
        with units.desktop(guest, "member"), opened(
                guest, "ssh", "-T", "member@localhost") as shell:
            before = find_state(guest, shell)
            expect(units.PATH, show_path(guest), WATCHES)
            purge(guest)
            expect("the session", find_state(guest, shell), before)
            units.as_user(guest, "member", "systemctl", "--user",
                          "daemon-reload").check()
            expect("unit files", units.as_user(
                guest, "member", "systemctl", "--user", "list-unit-files",
                "--no-legend", "virturi*").out, "")
            for unit in units.PATH, units.SERVICE:
                expect(unit, units.show(guest, "member", unit, "LoadState",
                                        "ActiveState"),
                       ("not-found", "inactive"))
        mark = guest.mark()
        expect_logins(guest, "unset")
        expect_managers(guest, "unset")
        expect("the journal", read_journal(guest, mark), [])
        expect("left behind", find_leftovers(guest), [])
    return "sessions live on, units stop; logins, managers: unset; " \
        "nothing is left"
