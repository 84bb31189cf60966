# SPDX-License-Identifier: MIT
"""A directory: users and groups that are only in LDAP, asked by nslcd."""

import concurrent.futures
import contextlib
import re
import time

import generator
import managers
import sabotage
from guest import Wrong
from rows import expect, expect_in, read_value, row

BASE = "dc=nodomain"            # what Debian's slapd begins with
SITE = managers.DROPINS + "/50-site.conf"
NSS, NSLCD = "/etc/nsswitch.conf", "/etc/nslcd.conf"

# anna is in Lab Staff, as is the local user member; bert is in no more than
# domain users, the primary group of both
PERSON = """
dn: uid={name},{base}
objectClass: account
objectClass: posixAccount
objectClass: shadowAccount
cn: {name}
uidNumber: {uid}
gidNumber: 20000
homeDirectory: /home/{name}
loginShell: /bin/bash
"""
GROUPS = f"""
dn: cn=domain users,{BASE}
objectClass: posixGroup
gidNumber: 20000

dn: cn=Lab Staff,{BASE}
objectClass: posixGroup
gidNumber: 20001
memberUid: anna
memberUid: member
"""
PEOPLE = {"anna": 20001, "bert": 20002}

# A blank and capital letters, to be seen in the URI as well
LAB = "[group Lab Staff]\n" \
      "uri = qemu+ssh://${user}@lab01.example.org/system?as=${group}\n"
URI = "qemu+ssh://{}@lab01.example.org/system?as=Lab%20Staff"

SECONDS = 5         # for a login with a manager, on a busy machine


def prepare(guest):
    """slapd with people, nslcd, keys and homes for them."""
    text = "".join(PERSON.format(name=name, uid=uid, base=BASE)
                   for name, uid in PEOPLE.items()) + GROUPS
    guest.do("runuser", "-u", "openldap", "--", "slapadd", "-b", BASE,
             stdin=text.lstrip()).check()
    for name, uid in PEOPLE.items():
        guest.do("install", "-d", "-m", "700", "-o", str(uid), "-g", "20000",
                 f"/home/{name}").check()
        guest.do("install", "-D", "/root/.ssh/id_ed25519.pub",
                 f"/etc/ssh/keys/{name}").check()
    guest.write("/etc/ssh/sshd_config.d/keys.conf",
                "AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/keys/%u\n")
    guest.write(NSLCD, "uid nslcd\ngid nslcd\nuri ldapi:///\n"
                       f"base {BASE}\nreconnect_retrytime 1\n"
                       "threads 1\n")   # each would have to reconnect
    guest.write(NSS, re.sub(r"^(passwd|group|shadow):.*", r"\1: files ldap",
                            guest.read(NSS), flags=re.M))
    guest.do("systemctl", "start", "slapd", "nslcd").check()
    guest.do("systemctl", "restart", "ssh").check()
    guest.write(SITE, LAB)
    wait_for_directory(guest)


def wait_for_directory(guest):
    guest.wait_for("the directory", lambda: guest.do(
        "getent", "group", "Lab Staff").status == 0, seconds=20)


def end_managers(guest):
    """While the directory answers: logind asks it for these names."""
    for name in PEOPLE:
        guest.do("loginctl", "terminate-user", name)
    managers.end_managers(guest)


# Looking

COMMAND = "id -un; env"


def by_ssh(guest, user):
    return guest.ssh(user, COMMAND)


def by_su(guest, user):
    return guest.run("su", "-", user, "-c", COMMAND)


def by_manager(guest, user):
    end_managers(guest)
    return guest.ssh(user, "systemd-run --user --quiet --pipe --wait "
                           f"--collect sh -c '{COMMAND}'")


def expect_uris(guest, way, **wanted):
    """Users who go this way get these."""
    for user, uri in wanted.items():
        text = way(guest, user).check().out
        expect("the user", text.partition("\n")[0], user)
        expect(user, read_value(user, text), uri)
    return "; ".join(f"{user}: {uri}" for user, uri in wanted.items())


# Ways to break it

@contextlib.contextmanager
def left_the_group(guest):
    """In the directory Lab Staff has nobody in it."""
    change = f"dn: cn=Lab Staff,{BASE}\nchangetype: modify\n"
    modify(guest, change + "delete: memberUid\n")
    try:
        yield
    finally:
        modify(guest, change + "add: memberUid\nmemberUid: anna\n"
                               "memberUid: member\n")


def modify(guest, change):
    """Offline, as Debian's slapd lets nobody write."""
    guest.do("systemctl", "stop", "slapd").check()
    guest.do("runuser", "-u", "openldap", "--", "slapmodify", "-b", BASE,
             stdin=change).check()
    guest.do("systemctl", "start", "slapd").check()
    wait_for_directory(guest)


def other_spelling(guest):
    """The policy has the group in small letters."""
    return managers.policy(guest, LAB.replace("Lab Staff", "lab staff"), SITE)


def group_in_file(guest):
    """Lab Staff is a local group as well."""
    return sabotage.replaced(
        guest, "/etc/group", guest.read("/etc/group")
        + "Lab Staff:x:20001:member\n")


def slow_login(guest):
    """Something else in PAM takes its time."""
    path = sabotage.COMMON[0]
    return sabotage.replaced(
        guest, path, guest.read(path)
        + f"session optional pam_exec.so /bin/sleep {SECONDS + 1}\n")


# Groups of the directory

def add_way(name, way):
    @row(name, broken_by=(sabotage.no_module_line, left_the_group,
                          other_spelling))
    def goes_that_way(guest):
        return expect_uris(guest, way, anna=URI.format("anna"),
                           member=URI.format("member"), bert="unset")


add_way("ssh", by_ssh)
add_way("su -", by_su)


@row("user manager, generator alone",
     broken_by=(sabotage.no_generator, left_the_group, other_spelling))
def generator_alone(guest):
    with managers.only(guest, "generator"):
        return expect_uris(guest, by_manager, anna=URI.format("anna"),
                           member=URI.format("member"), bert="unset")


def nobodys_group(guest):
    """The policy is for another group."""
    return managers.policy(guest, "[group domain guests]\nuri = none\n",
                           managers.DROPINS + "/60-primary.conf")


@row("a primary group", broken_by=(sabotage.no_module_line, nobodys_group))
def primary_group(guest):
    path = managers.DROPINS + "/60-primary.conf"
    text = "[group domain users]\nuri = test:///default\n"
    with contextlib.ExitStack() as stack:
        if not guest.exists(path):
            stack.enter_context(managers.policy(guest, text, path))
        return expect_uris(guest, by_ssh, anna="test:///default",
                           bert="test:///default",
                           member=URI.format("member"))


# Its other spellings

def directory_is_exact(guest):
    """nslcd tells capital letters from small ones, as it does by itself."""
    return nslcd_with(guest, "ignorecase no\n")


@contextlib.contextmanager
def nslcd_with(guest, line):
    if "ignorecase" in guest.read(NSLCD):
        yield
        return
    with sabotage.replaced(guest, NSLCD, guest.read(NSLCD) + line):
        guest.do("systemctl", "restart", "nslcd").check()
        try:
            yield
        finally:
            sabotage.overwrite(guest, NSLCD,
                               guest.read(NSLCD).replace(line, ""))
            guest.do("systemctl", "restart", "nslcd").check()


def logged_by_all(text):
    return [(who, generator.WARNING, f"{SITE}:1: {text}") for who in
            ("70-virturi", "pam_virturi(sshd:session)",
             "pam_virturi(systemd-user:session)")]


@row("another spelling", broken_by=(directory_is_exact, left_the_group,
                                    generator.two_generators))
def spelt_otherwise(guest):
    with nslcd_with(guest, "ignorecase yes\n"), other_spelling(guest):
        end_managers(guest)
        mark = guest.mark()
        expect_uris(guest, by_ssh, anna="unset")
        expect("the journal", generator.read_lines(guest, mark), logged_by_all(
            "the directory calls group 'lab staff' 'Lab Staff'; only that "
            "name matches"))
        lint = guest.do("virturi", "lint", "--strict")
        expect("lint", lint.status, 1)
        expect_in("lint", lint.out, "calls group 'lab staff' 'Lab Staff'")
        expect_in("explain", guest.do("virturi", "explain", "anna").out,
                  "the directory calls it 'Lab Staff'")
    return "unset; each logs once how the directory calls it"


# The directory away

def take_time(guest, user):
    """A login of theirs: its environment, and how many seconds it took."""
    begin = time.monotonic()
    text = guest.ssh(user, COMMAND, timeout=SECONDS + 5).check().out
    seconds = time.monotonic() - begin
    if seconds > SECONDS:
        raise Wrong(f"the login took {seconds:.1f} s")
    return read_value(user, text), f"{seconds:.1f} s"


def lab_alone(guest):
    """No rule for a local group may step in."""
    return managers.policy(guest, "")


@contextlib.contextmanager
def stopped(guest, *units):
    guest.do("systemctl", "stop", *units).check()
    try:
        yield
    finally:
        guest.do("systemctl", "start", *units).check()


def add_away(name, *units):
    @row(f"{name} stopped, and back", broken_by=(group_in_file, slow_login,
                                                  left_the_group))
    def away(guest):
        with lab_alone(guest), stopped(guest, *units):
            end_managers(guest)
            seen, took = take_time(guest, "member")
        expect("meanwhile", seen, "unset")
        wait_for_directory(guest)
        expect("then", take_time(guest, "member")[0], URI.format("member"))
        return f"unset, {took}; then {URI.format('member')}"


add_away("slapd", "slapd")
add_away("nslcd", "nslcd")


# The directory hanging. Of groups that members are asked only in the file:
# else it would be sshd and systemd themselves that wait.

def signal_nslcd(guest, name):
    guest.do("systemctl", "kill", f"--signal={name}", "nslcd").check()


@contextlib.contextmanager
def hanging(guest):
    with sabotage.replaced(guest, NSS, guest.read(NSS)
                           + "initgroups: files\n"):
        signal_nslcd(guest, "STOP")
        try:
            yield
        finally:
            signal_nslcd(guest, "CONT")
            guest.do("systemctl", "restart", "nslcd").check()
            wait_for_directory(guest)


def vendors_policy(guest):
    """No group of the directory in it, and so nobody to wait for."""
    return managers.policy(guest, "", SITE)


@row("hangs, vendor's policy",
     broken_by=(sabotage.no_module_line, slow_login, sabotage.not_a_member))
def hangs_for_none(guest):
    end_managers(guest)
    with vendors_policy(guest), hanging(guest):
        seen, took = take_time(guest, "member")
        expect("member", seen, managers.URI)
        other, late = take_time(guest, "outsider")
        expect("outsider", other, "unset")
    return f"member: {seen}, {took}; outsider: unset, {late}"


def is_asked(guest):
    """Does somebody wait for nslcd to take their call?"""
    return re.search(r"LISTEN +[1-9].*/nslcd/socket",
                     guest.do("ss", "-xl").check().out)


@row("hangs, and wakes during a login",
     broken_by=(sabotage.no_module_line, left_the_group))
def hangs_and_wakes(guest):
    end_managers(guest)
    with hanging(guest), concurrent.futures.ThreadPoolExecutor() as worker:
        login = worker.submit(by_ssh, guest, "member")
        try:
            guest.wait_for("a question to nslcd", lambda: is_asked(guest))
            expect("over before it woke", login.done(), False)
        finally:
            signal_nslcd(guest, "CONT")
        seen = read_value("member", login.result().check().out)
    return expect("member", seen, URI.format("member"))


@row("hangs, generator alone",
     broken_by=(sabotage.no_generator, group_in_file, generator.no_deadline,
                generator.two_generators))
def hangs_generator(guest):
    end_managers(guest)
    with managers.only(guest, "generator"), hanging(guest):
        mark = guest.mark()
        took = generator.expect_unset(guest, generator.DEADLINE,
                                      generator.DEADLINE + generator.GRACE)
        expect("the journal", generator.read_lines(guest, mark), [
            ("70-virturi", generator.WARNING,
             "users and groups could not be looked up within "
             f"{generator.DEADLINE} s; {generator.LEFT_ALONE}")])
    return f"unset; one line, warning; {took}"


@row("hangs, check", broken_by=(group_in_file, vendors_policy))
def hangs_check(guest):
    with hanging(guest):
        begin = time.monotonic()
        done = guest.run("virturi", "check", "--timeout", "1", user="member")
        took = time.monotonic() - begin
    status, text, _ = managers.read_check(done.out, "decision")
    expect("decision", (status, text), (
        "SKIP", f"no URI: {SITE}:1: the groups of 'member' cannot be looked "
                "up: Connection timed out"))
    if took > SECONDS:
        raise Wrong(f"check took {took:.1f} s")
    return f"{status}: {text.rpartition(f'{SITE}:1: ')[2]}; {took:.1f} s"


# What virturi says there

CLEAN = {
    "lint": (["virturi", "lint", "--strict"],
             "2 files, 2 rules: 0 errors, 0 warnings"),
    "show": (["virturi", "show"], "[group Lab Staff]"),
    "uri": (["virturi", "uri", "anna"], URI.format("anna")),
    "explain": (["virturi", "explain", "anna"],
                "1  [group Lab Staff]  50-site.conf:1  DECIDES"),
    "explain, bert": (["virturi", "explain", "bert"], "bert is not a member"),
}


@row("lint, show, explain", broken_by=(other_spelling, left_the_group))
def says(guest):
    for name, (argv, text) in CLEAN.items():
        done = guest.do(*argv)
        expect(f"{name}: status, errors", (done.status, done.err), (0, ""))
        expect_in(name, re.sub("  +", "  ", done.out), text)
    return CLEAN["lint"][1]


@row("check", broken_by=(sabotage.no_module_line, left_the_group))
def check(guest):
    text = "[group Lab Staff]\nuri = test:///default\n"
    with managers.policy(guest, text, SITE):
        end_managers(guest)
        done = guest.ssh("anna", "virturi check")
        expect("what is not well",
               re.findall(r"^(?:WARN|FAIL).*", done.out, re.M), [])
        expect("status", done.status, 0)
        return expect("verdict", done.out.splitlines()[-1],
                      "ready: clients use test:///default, by the policy")
