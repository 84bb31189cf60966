# SPDX-License-Identifier: MIT
"""libvirt itself: which URI its clients use, and what virturi check says."""

import contextlib
import re

import managers
import sabotage
from rows import expect, expect_in, row

SYSTEM, SESSION = "qemu:///system", "qemu:///session"
SOCKET = "/run/libvirt/libvirt-sock"
SOCKETS = ["libvirtd.socket", "libvirtd-ro.socket", "libvirtd-admin.socket"]
UNITS = [*SOCKETS, "libvirtd.service"]     # else one wakes the other
KVM = "/dev/kvm"
VIRTURI = "/usr/bin/virturi"


def prepare(guest):
    """libvirt as Debian starts it; a device as udev makes it."""
    guest.do("systemctl", "start", *SOCKETS).check()
    make_kvm(guest, KERNELS)


# Two ways to guard the system's socket: polkit, Debian's; a group, for which
# the socket's unit needs to be told as well, as libvirt did not make it

CONF = "/etc/libvirt/libvirtd.conf"
DROPIN = "/etc/systemd/system/libvirtd.socket.d/e2e.conf"
BY_GROUP = """
auth_unix_rw = "none"
unix_sock_group = "libvirt"
unix_sock_rw_perms = "0770"
"""
UNIT_BY_GROUP = "[Socket]\nSocketGroup=libvirt\nSocketMode=0770\n"


def stop(guest):
    guest.do("systemctl", "stop", *UNITS, timeout=40).check()


def restart(guest, wanted):
    """And see that the socket is what it should be."""
    stop(guest)
    guest.do("systemctl", "daemon-reload").check()
    guest.do("systemctl", "start", *SOCKETS).check()
    expect("the socket", guest.do("stat", "-c", "%a %G", SOCKET).out, wanted)


def guarded_by_polkit(guest):
    if guest.exists(DROPIN):
        guest.remove(DROPIN)
        guest.do("mv", CONF + ".debian", CONF).check()
        restart(guest, "666 root\n")


def guarded_by_group(guest):
    if not guest.exists(DROPIN):
        guest.do("cp", CONF, CONF + ".debian").check()
        guest.write(CONF, guest.read(CONF) + BY_GROUP)
        guest.write(DROPIN, UNIT_BY_GROUP)
        restart(guest, "770 libvirt\n")


def end_sessions(guest):
    """Also of libvirt's own session daemons, which do not end when told to
    while they start.
    """
    for user in "member", "outsider":
        guest.do("loginctl", "kill-user", "--signal=KILL", user)
    managers.end_managers(guest)


# Ways to break it

@contextlib.contextmanager
def nobody_listens(guest):
    """The daemon ends and does not come back, its socket stays."""
    stop(guest)
    guest.do("python3", "-c", "import socket, sys\n"
             "socket.socket(socket.AF_UNIX).bind(sys.argv[1])",
             SOCKET).check()
    try:
        yield
    finally:
        guest.remove(SOCKET)
        guest.do("systemctl", "start", *SOCKETS).check()


nothing_sets_it = sabotage.together(sabotage.no_module_line,
                                    sabotage.no_generator)


# virsh without -c

def virsh_uri(guest, user):
    return guest.ssh(user, "virsh uri </dev/null")


def su_virsh_uri(guest, user):
    return guest.run("su", "-", user, "-c", "virsh uri </dev/null")


def service_virsh_uri(guest, user):
    end_sessions(guest)
    return guest.ssh(user, "systemd-run --user --quiet --pipe --wait "
                           "--collect --property=KillMode=process "
                           "virsh uri </dev/null")


WAYS = {"ssh": virsh_uri, "su -": su_virsh_uri,
        "systemd-run --user": service_virsh_uri}


def add_way(mode, guard, name, way):
    @row(f"{mode}: virsh uri, {name}",
         broken_by=(nothing_sets_it, sabotage.not_a_member,
                    sabotage.everybody_a_member, nobody_listens))
    def goes_that_way(guest):
        guard(guest)
        for user, uri in ("member", SYSTEM), ("outsider", SESSION):
            expect(user, way(guest, user).check().out.strip(), uri)
        return f"member: {SYSTEM}; outsider: {SESSION}"


# virturi check

def read_checks(text):
    """Which check ended how: id -> status."""
    lines = re.findall(r"^(PASS|NOTE|WARN|FAIL|SKIP) +(\S+)", text, re.M)
    return {name: status for status, name in lines}


def expect_checks(what, done, fine, **others):
    """All PASS but others, and but kvm, which has rows of its own; what it
    ends in. fine: texts that have to be there.
    """
    expect(f"{what}: status, errors", (done.status, done.err), (0, ""))
    seen = read_checks(done.out)
    wanted = dict.fromkeys(seen, "PASS") | others | {"kvm": seen.get("kvm")}
    expect(f"{what}: checks that are not as they should be",
           {name: seen[name] for name in seen if seen[name] != wanted[name]},
           {})
    for name, text in fine.items():
        expect_in(f"{what}: {name}", managers.read_check(done.out, name)[1],
                  text)
    return done.out.splitlines()[-1]


def connected_to(guest, uri):
    """What it says of libvirt, whose version the package has."""
    version = guest.do("dpkg-query", "--show", "--showformat=${Version}",
                       "libvirt-daemon").check().out
    return f"connected to {uri}, libvirt {version.partition('-')[0]} (QEMU)"


def add_checks(mode, guard, member_said, root_said):
    wrong = nobody_listens, sabotage.not_a_member

    @row(f"{mode}: check, member", broken_by=(*wrong, nothing_sets_it))
    def by_member(guest):
        guard(guest)
        end_sessions(guest)
        done = guest.ssh("member", "virturi check")
        fine = {"socket": f"{SOCKET} accepts", "authorisation": member_said,
                "libvirt": connected_to(guest, SYSTEM)}
        return expect("verdict", expect_checks("member", done, fine,
                                               risks="NOTE"),
                      f"ready: clients use {SYSTEM}, by the policy")

    @row(f"{mode}: check, outsider", broken_by=sabotage.everybody_a_member)
    def by_outsider(guest):
        guard(guest)
        end_sessions(guest)
        # once, for its daemon to run
        guest.ssh("outsider", "virsh uri </dev/null").check()
        done = guest.ssh("outsider", "virturi check")
        fine = {"socket": "/run/user/1001/libvirt/libvirt-sock accepts",
                "groups": "outsider is not in libvirt, whose members may use "
                          + SYSTEM,
                "libvirt": connected_to(guest, SESSION)}
        return expect("verdict", expect_checks("outsider", done, fine,
                                               groups="NOTE"),
                      f"ready: clients use {SESSION}, libvirt's own choice")

    @row(f"{mode}: check, root of the host",
         broken_by=(nobody_listens, sabotage.no_module_line))
    def by_root(guest):
        guard(guest)
        fine = {"socket": f"{SOCKET} accepts", "authorisation": root_said,
                "libvirt": connected_to(guest, SYSTEM)}
        about_people = dict.fromkeys(
            ["decision", "environment", "user-manager", "processes",
             "runtime-dir", "machines", "risks"], "SKIP")
        return expect("verdict", expect_checks(
            "root", guest.do("virturi", "check"), fine, **about_people),
            "ready: this host; a person's session is theirs to check")


for mode_, guard_, member_said_, root_said_ in (
        ("polkit", guarded_by_polkit, "polkit: yes, no password",
         "polkit lets in group libvirt"),
        ("group", guarded_by_group, "the socket lets this process in",
         "the socket lets in")):
    for name_, way_ in WAYS.items():
        add_way(mode_, guard_, name_, way_)
    add_checks(mode_, guard_, member_said_, root_said_)


# Joining while a session is open

# USER COMMAND: join the group once the session is there, then run it there
MEANWHILE = """
rm -f /tmp/here
{
	until [ -e /tmp/here ]; do sleep 0.05; done
	gpasswd --add "$1" libvirt >&2
} | ssh -T "$1@localhost" ": >/tmp/here; cat >/dev/null; $2"
"""


def join_meanwhile(guest, command):
    """What the outsider's command prints, whose session is the older."""
    end_sessions(guest)
    try:
        return guest.run("sh", "-c", MEANWHILE, "sh", "outsider", command,
                         env={"HOME": "/root"}).out
    finally:
        guest.do("gpasswd", "--delete", "outsider", "libvirt")
        end_sessions(guest)


@contextlib.contextmanager
def member_before(guest):
    """The session is not older than the membership, which the row ends."""
    guest.do("gpasswd", "--add", "outsider", "libvirt").check()
    yield


TRY = f"virsh -c {SYSTEM} uri </dev/null; virturi check --quiet; "


@row("polkit: joining while logged in",
     broken_by=(member_before, nobody_listens))
def joining_by_polkit(guest):
    guarded_by_polkit(guest)
    out = join_meanwhile(guest, TRY)
    connected, _, said = out.partition("\n")
    expect(f"virsh -c {SYSTEM} uri", connected, SYSTEM)
    status, text, cures = managers.read_check(said, "environment")
    expect("environment", (status, text), (
        "FAIL", "LIBVIRT_DEFAULT_URI is not set: this session is older than "
                "your membership"))
    expect("its cures", cures, [f"exec env LIBVIRT_DEFAULT_URI={SYSTEM} "
                                "$SHELL", "new ssh login"])
    expect("what fails", read_checks(said), {"environment": "FAIL"})
    return said.splitlines()[-1]


@row("group: joining while logged in",
     broken_by=(member_before, nobody_listens))
def joining_by_group(guest):
    guarded_by_group(guest)
    out = join_meanwhile(guest, TRY + "sg libvirt -c 'virsh -c "
                                      f"{SYSTEM} uri </dev/null'")
    said, _, newgrp = out.strip().rpartition("\n")
    expect("with newgrp", newgrp, SYSTEM)
    expect("what fails", read_checks(said), dict.fromkeys(
        ["environment", "groups", "socket", "authorisation", "libvirt"],
        "FAIL"))
    status, text, cures = managers.read_check(said, "groups")
    expect("groups", (status, text), (
        "FAIL", "libvirt: in the database, not in this session; "
                f"{SOCKET} is 0770, group libvirt"))
    expect_in("the first cure", cures[0], "newgrp libvirt")
    return said.splitlines()[-1]


# The daemon stopped

@contextlib.contextmanager
def socket_fails(guest):
    """It does not start again, whatever one does."""
    with sabotage.replaced(guest, "/run/systemd/system/libvirtd.socket.d/"
                           "e2e.conf", "[Socket]\nExecStartPre=false\n"):
        guest.do("systemctl", "daemon-reload").check()
        try:
            yield
        finally:
            guest.remove("/run/systemd/system/libvirtd.socket.d")
            guest.do("systemctl", "daemon-reload").check()
            guest.do("systemctl", "start", *SOCKETS).check()


@row("stopped, and what check says to do",
     broken_by=(socket_fails, nothing_sets_it))
def stopped(guest):
    guarded_by_polkit(guest)
    stop(guest)
    try:
        done = guest.ssh("member", "virturi check --quiet")
    finally:
        guest.do("systemctl", "start", "libvirtd-ro.socket")
    missing = f"{SOCKET} is not there: the daemon does not run"
    status, text, cures = managers.read_check(done.out, "socket")
    expect("socket", (status, text), ("FAIL", missing))
    expect("verdict", done.out.splitlines()[-1],
           f"not ready: socket: {missing}")
    sudo, _, cure = cures[0].partition(" ")
    expect("the cure's first word", sudo, "sudo")
    guest.do("sh", "-c", cure).check()
    expect("its status then", guest.ssh("member", "virturi check").status, 0)
    return f"{missing}; {cure} helps"


# Machines

def define(guest, user, name):
    guest.ssh(user, "virsh define /dev/stdin", stdin=(
        f"<domain type='qemu'><name>{name}</name><memory>32768</memory>"
        "<os><type arch='x86_64'>hvm</type></os></domain>\n")).check()


def list_machines(guest, user, options=""):
    return guest.ssh(user, f"virsh {options} list --all --name </dev/null") \
        .check().out.split()


@contextlib.contextmanager
def machine(guest, user, name, uri):
    """Defined by the user's default, which is the URI."""
    define(guest, user, name)
    try:
        yield
    finally:
        guest.ssh(user, f"virsh -c {uri} undefine {name} </dev/null").check()


@row("a machine of the system's",
     broken_by=(nothing_sets_it, sabotage.everybody_a_member))
def system_machine(guest):
    guarded_by_polkit(guest)
    try:
        define(guest, "member", "ours")
        expect("root's machines", guest.do(
            "virsh", "list", "--all", "--name").check().out.split(), ["ours"])
        expect("the member's", list_machines(guest, "member"), ["ours"])
        expect("the outsider's", list_machines(guest, "outsider"), [])
    finally:
        for uri in SYSTEM, SESSION:
            guest.ssh("member", f"virsh -c {uri} undefine ours </dev/null")
    return "seen by member and root, not by outsider"


def outsiders_session(guest):
    """Their URI stays the same, group or not."""
    return sabotage.replaced(guest, "/etc/security/virturi.conf.d/e2e.conf",
                             f"[user outsider]\nuri = {SESSION}\n")


@row("a machine left behind", broken_by=(nothing_sets_it, outsiders_session))
def left_behind(guest):
    guarded_by_polkit(guest)
    end_sessions(guest)
    with machine(guest, "outsider", "mine", SESSION):
        done = guest.ssh("outsider", "virturi check")
        expect("before", managers.read_check(done.out, "machines"),
               ("PASS", "1, all in the libvirt in use", []))
        with sabotage.everybody_a_member(guest):
            expect("after joining", list_machines(guest, "outsider"), [])
            done = guest.ssh("outsider", "virturi check")
            status, text, cures = managers.read_check(done.out, "machines")
            expect("check", (status, text),
                   ("NOTE", "1 in qemu:///session (mine)"))
            expect_in("as it says", guest.ssh(
                "outsider", f"{cures[0]} </dev/null").check().out, " mine ")
        end_sessions(guest)
    return f"{status}: {text}: {cures[0]}"


# KVM

KERNELS, NOBODYS = "10 232", "10 254"   # its device number, and a free one


def make_kvm(guest, number, mode="0660"):
    """As udev makes it, or otherwise."""
    guest.remove(KVM)
    guest.do("mknod", f"--mode={mode}", KVM, "c", *number.split()).check()
    guest.do("chgrp", "kvm", KVM).check()


@contextlib.contextmanager
def open_to_all(guest):
    guest.do("chmod", "666", KVM).check()
    try:
        yield
    finally:
        guest.do("chmod", "660", KVM).check()


def see_kvm(guest, user):
    done = guest.ssh(user, "virturi check")
    return managers.read_check(done.out, "kvm")


@contextlib.contextmanager
def in_kvm(guest):
    """The member joins the device's group."""
    guest.do("gpasswd", "--add", "member", "kvm").check()
    try:
        yield
    finally:
        guest.do("gpasswd", "--delete", "member", "kvm").check()


@row("kvm, not in its group", broken_by=(in_kvm, open_to_all))
def kvm_denied(guest):
    guarded_by_polkit(guest)
    said = f"{KVM} is 0660 root:kvm: {{}} is not in kvm; {{}}"
    expect("member", see_kvm(guest, "member")[:2], ("NOTE", said.format(
        "member", f"not needed by {SYSTEM}: its machines run as libvirt's "
                  "own user")))
    expect("outsider", see_kvm(guest, "outsider"), (
        "WARN", said.format("outsider", "machines will be emulated, slowly"),
        ["sudo usermod -aG kvm outsider", "log in again; no reboot"]))
    return "a note for member; outsider: join kvm"


@contextlib.contextmanager
def nobody_in_kvm(guest):
    """Its group has another number than the device's."""
    gid = guest.do("getent", "group", "kvm").check().out.split(":")[2]
    guest.do("groupmod", "--gid", "4242", "kvm").check()
    try:
        yield
    finally:
        guest.do("groupmod", "--gid", gid, "kvm").check()
        make_kvm(guest, KERNELS)


@row("kvm, in its group", broken_by=nobody_in_kvm)
def kvm_by_group(guest):
    """Whether there is a KVM is up to the kernel that all this runs on."""
    guarded_by_polkit(guest)
    with in_kvm(guest):
        status, text, _ = see_kvm(guest, "member")
    if guest.do("sh", "-c", f"exec 3<>{KVM}").status == 0:
        expect("check", (status, text),
               ("PASS", f"{KVM} opens, by group kvm"))
    else:
        expect("status", status, "WARN")
        expect_in("check", text, f"nothing is behind {KVM}")
    return text


@contextlib.contextmanager
def kvm_is_not_tried(guest):
    """virturi finds fault with no device."""
    with sabotage.moved_away(guest, VIRTURI):
        guest.write(VIRTURI, f'#!/bin/sh\n{sabotage.AWAY} "$@" | '
                    "sed 's/^WARN  kvm .*/PASS  kvm            opens/'\n",
                    mode=0o755)
        try:
            yield
        finally:
            guest.remove(VIRTURI)


def add_missing(name, text, make):
    @row(f"kvm, {name}", broken_by=kvm_is_not_tried)
    def missing(guest):
        guarded_by_polkit(guest)
        try:
            make(guest)
            for user in "member", "outsider":
                status, said, _ = see_kvm(guest, user)
                expect(f"{user}: status", status, "WARN")
                expect_in(f"{user}: check", said, text)
                expect_in(f"{user}: check", said,
                          "machines will be emulated, slowly")
        finally:
            make_kvm(guest, KERNELS)
        return said


add_missing("nothing behind it", f"nothing is behind {KVM}",
            lambda guest: make_kvm(guest, NOBODYS, "0666"))
add_missing("absent", f"there is no {KVM}",
            lambda guest: guest.remove(KVM))


# The policy as it comes

@contextlib.contextmanager
def misspelt(guest):
    """A site's drop-in with a slip in it."""
    with managers.policy(guest, "[group libvirt]\nuri = qemu:///sytem\n",
                         managers.DROPINS + "/50-site.conf"):
        yield


CLEAN = {
    "lint": (["virturi", "lint", "--strict"],
             "1 file, 1 rule: 0 errors, 0 warnings"),
    "show": (["virturi", "show"], "in force, 1 rule"),
    "uri": (["virturi", "uri", "member"], SYSTEM),
    "explain, member": (["virturi", "explain", "member"], "DECIDES"),
    "explain, outsider": (["virturi", "explain", "outsider"],
                          "no URI: no rule applies"),
}


@row("the vendor's policy", broken_by=(misspelt, sabotage.no_policy))
def vendors_policy(guest):
    for name, (argv, text) in CLEAN.items():
        done = guest.do(*argv)
        expect(f"{name}: status, errors", (done.status, done.err), (0, ""))
        expect_in(name, done.out, text)
    return CLEAN["lint"][1]
