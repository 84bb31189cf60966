# SPDX-License-Identifier: MIT
"""User managers: what reaches systemd --user, its services and the bus's."""

import contextlib
import re

import sabotage
from guest import Wrong
from rows import expect, read_value, row

URI = "qemu:///system"
OTHER = "qemu+ssh://lab01.example.org/system"
OWN = "test:///default"
POLICY = "/etc/security/virturi.conf"
DROPINS = POLICY + ".d"
PAGE = "/usr/share/man/man8/pam_virturi.8"
LOGIN, MANAGER = sabotage.COMMON
TOOLS = "/usr/local/lib/e2e"
GENERATORS = "/etc/systemd/user-environment-generators"

# All that has an environment for a user, as carriers.sh calls them: a session;
# the manager, a service, one that the bus has systemd start; one that the bus
# starts itself, with the environment that the bus was started with
SESSION = "session"
MANAGERS = ["manager", "service", "org.example.unit"]
BUS = "org.example.program"

# An address of this host that does not look like it
REMOTE = "192.0.2.1"
FROM = {"localhost": [], REMOTE: ["-o", f"HostName={REMOTE}"]}


def prepare(guest):
    """Services for the bus to start, and a way in from afar."""
    guest.do("ip", "address", "add", f"{REMOTE}/32", "dev", "lo").check()
    for name, more in (("org.example.unit", "SystemdService=e2e.service\n"),
                       ("org.example.program", "")):
        guest.write(f"/usr/share/dbus-1/services/{name}.service",
                    f"[D-BUS Service]\nName={name}\n"
                    f"Exec={TOOLS}/serve.sh {name}\n{more}")
    guest.write("/etc/systemd/user/e2e.service",
                "[Service]\nType=dbus\nBusName=org.example.unit\n"
                f"ExecStart={TOOLS}/serve.sh org.example.unit\n")


# Who brings the variable

def login_stack_without(guest):
    return sabotage.without_module(guest, LOGIN)


def manager_stack_without(guest):
    return sabotage.without_module(guest, MANAGER)


CARRIERS = {"login": login_stack_without, "systemd-user": manager_stack_without,
            "generator": sabotage.no_generator}


@contextlib.contextmanager
def only(guest, *carriers):
    """Of the stacks and the generator, only these."""
    with contextlib.ExitStack() as stack:
        for name, without in CARRIERS.items():
            if name not in carriers:
                stack.enter_context(without(guest))
        yield


# Looking

def end_managers(guest):
    """The next login of either user is their first."""
    for user in "member", "outsider":
        guest.do("loginctl", "terminate-user", user)
    guest.wait_for("the managers' end", lambda: not guest.do(
        "sh", "-c", "ls -d /run/user/[1-9]*").out)


def find_values(guest, user, options=()):
    """What everything has in a new session of a user's, by its name."""
    out = guest.ssh(user, f"{TOOLS}/carriers.sh", options=options).check().out
    parts = re.split(r"^== (.*)\n", out, flags=re.M)[1:]
    return {name: read_value(f"{user}'s {name}", text)
            for name, text in zip(parts[::2], parts[1::2])}


def expect_values(guest, user, session, manager, bus=None, options=()):
    """A new session has the one; what the manager starts, the other.

    bus: what that hands on itself, if it is not the manager's.
    """
    wanted = {SESSION: session} | dict.fromkeys(MANAGERS, manager) \
        | {BUS: manager if bus is None else bus}
    seen = find_values(guest, user, options)
    for name in wanted:
        expect(f"{user}'s {name}", seen.get(name), wanted[name])


def policy(guest, text, path=POLICY):
    """Until the end of the block this is the policy, or one file of it."""
    return sabotage.replaced(guest, path, text)


def members_get(guest, uri):
    return policy(guest, f"[group libvirt]\nuri = {uri}\n")


def reload_manager(guest):
    guest.ssh("member", "systemctl --user daemon-reload").check()


def read_check(text, name):
    """A check's line in what virturi check printed: status, text, cures."""
    found = re.search(rf"^([A-Z]+) +{name} +(.*)\n((?: {{6}}.*\n)*)", text,
                      re.M)
    if not found:
        raise Wrong(f"virturi check has no line {name}:\n{text}")
    cures = [line[20:].strip() for line in found[3].splitlines()]
    return found[1], found[2], cures


# Ways to break it

def another_generator(guest):
    """One that runs later and prints another value."""
    return generator(guest, f"{GENERATORS}/80-other",
                     f"echo LIBVIRT_DEFAULT_URI={OTHER}")


def generator_insists(guest):
    """70-virturi prints its value although there is one."""
    return generator(guest, f"{GENERATORS}/70-virturi",
                     f"echo LIBVIRT_DEFAULT_URI={URI}")


@contextlib.contextmanager
def generator(guest, path, script):
    guest.write(path, f"#!/bin/sh\n{script}\n", mode=0o755)
    try:
        yield
    finally:
        guest.remove(path)


# The three ways

NEITHER = sabotage.together(manager_stack_without, sabotage.no_generator)
GROUPS = (sabotage.not_a_member, sabotage.everybody_a_member,
          sabotage.no_policy)


def add_wiring(name, carriers, *broken_by):
    @row(name, broken_by=(*broken_by, another_generator, *GROUPS))
    def reaches_all(guest):
        session = URI if "login" in carriers else "unset"
        with only(guest, *carriers):
            end_managers(guest)
            expect_values(guest, "member", session, URI)
            expect_values(guest, "outsider", "unset", "unset")
        return f"manager, service, D-Bus: {URI}; session: {session}; " \
            "outsider: unset"


add_wiring("module in both stacks", ["login", "systemd-user"],
           login_stack_without, manager_stack_without)
add_wiring("module in login's stack, generator", ["login", "generator"],
           login_stack_without, sabotage.no_generator)
add_wiring("module in systemd-user", ["systemd-user"], manager_stack_without)
add_wiring("generator", ["generator"], sabotage.no_generator)
add_wiring("module in both, generator", CARRIERS, NEITHER)


@contextlib.contextmanager
def generator_by_another_name(guest):
    """Installed once more, where the mask does not hide it."""
    again = sabotage.GENERATOR.replace("70-", "71-")
    guest.do("cp", sabotage.GENERATOR, again).check()
    try:
        yield
    finally:
        guest.remove(again)


def read_mask(guest):
    """The commands with which pam_virturi(8) masks it."""
    commands = re.findall(rf"(?:mkdir|ln) .*{GENERATORS}[-\w/]*",
                          guest.read(PAGE))
    if not commands:
        raise Wrong("pam_virturi(8) does not say how to mask 70-virturi")
    return "\n".join(commands)


@row("generator, masked", broken_by=generator_by_another_name)
def masked(guest):
    with only(guest, "generator"):
        end_managers(guest)
        expect_values(guest, "member", "unset", URI)
        guest.remove(GENERATORS)
        try:
            guest.do("sh", "-ec", read_mask(guest)).check()
            end_managers(guest)
            expect_values(guest, "member", "unset", "unset")
        finally:
            guest.remove(GENERATORS)
    return f"manager: {URI}, masked: unset"


# The user's own choice

CHOICE_FILE = "~/.config/environment.d/50-libvirt.conf"
CHOICE = "LIBVIRT_DEFAULT_URI=qemu:///session"
MODES = (["login", "systemd-user"], ["login", "generator"], CARRIERS)


def environment_d_ignored(guest):
    """systemd's own generator is masked."""
    return generator(guest, f"{GENERATORS}/30-systemd-environment-d-generator",
                     "")


@contextlib.contextmanager
def member_chooses(guest, line):
    """A user's file as the man page says."""
    path = CHOICE_FILE.replace("~", "/home/member")
    guest.write(path, line + "\n", owner="member:member")
    try:
        yield
    finally:
        guest.remove("/home/member/.config")


def add_choice(name, line, value):
    @row(name, broken_by=(environment_d_ignored, generator_insists))
    def wins(guest):
        with member_chooses(guest, line):
            for mode in MODES:
                with only(guest, *mode):
                    end_managers(guest)
                    expect_values(guest, "member", URI, value)
        return f"over module, generator, both: {value or 'empty'}; " \
            f"session: {URI}"


add_choice("user's own environment.d", CHOICE, CHOICE.partition("=")[2])
# environment.d(5) takes no line that ends in "="
add_choice("user's own, empty", "LIBVIRT_DEFAULT_URI=${NOTHING}", "")


def page_silent(guest):
    """pam_virturi(8) recommends another file."""
    text = guest.read(PAGE).replace(CHOICE_FILE, "~/.pam_environment")
    return sabotage.replaced(guest, PAGE, text)


@row("user's own, in the man page", broken_by=page_silent)
def page_has_it(guest):
    page = guest.read(PAGE)
    for text in CHOICE_FILE, CHOICE:
        if text not in page:
            raise Wrong(f"pam_virturi(8) does not say {text!r}")
    return f"{CHOICE_FILE}: {CHOICE}"


@contextlib.contextmanager
def nothing_is_imported(guest):
    """systemctl import-environment does nothing."""
    path = "/usr/local/bin/systemctl"
    with generator(guest, path, 'case $* in *import*) exit;; esac\n'
                                'exec /usr/bin/systemctl "$@"'):
        yield


@row("what a session imports", broken_by=nothing_is_imported)
def imported(guest):
    with member_chooses(guest, CHOICE):
        end_managers(guest)
        guest.ssh("member", f"""
            export LIBVIRT_DEFAULT_URI={OWN}
            systemctl --user import-environment LIBVIRT_DEFAULT_URI""").check()
        reload_manager(guest)
        seen = find_values(guest, "member")
    for name in MANAGERS:
        expect(name, seen[name], OWN)
    return f"over environment.d, also after a reload: {OWN}"


# A policy that changes

@row("policy changed, generator",
     broken_by=(sabotage.no_generator, generator_insists))
def changed_for_generator(guest):
    with only(guest, "login", "generator"):
        end_managers(guest)
        expect_values(guest, "member", URI, URI)
        with members_get(guest, OTHER):
            expect_values(guest, "member", OTHER, URI)
            reload_manager(guest)
            expect_values(guest, "member", OTHER, OTHER, bus=URI)
    return f"manager: {URI}, after a reload: {OTHER}"


@row("policy now none, generator",
     broken_by=(sabotage.no_generator, generator_insists))
def none_for_generator(guest):
    with only(guest, "login", "generator"):
        end_managers(guest)
        expect_values(guest, "member", URI, URI)
        with members_get(guest, "none"):
            reload_manager(guest)
            expect_values(guest, "member", "unset", "unset", bus=URI)
    return f"manager: {URI}, after a reload: unset"


def cure_is_mangled(guest):
    """virturi check prints another command."""
    return generator(guest, "/usr/local/bin/virturi",
                     '/usr/bin/virturi "$@" | '
                     'sed "s/set-environment .*/show-environment/"')


def check_says_pass(guest):
    """virturi check does not warn."""
    return generator(guest, "/usr/local/bin/virturi",
                     '/usr/bin/virturi "$@" | sed s/^WARN/PASS/')


def check_manager(guest):
    """The line user-manager of virturi check."""
    return read_check(guest.ssh("member", "virturi check").out, "user-manager")


@row("policy changed, module in systemd-user",
     broken_by=(manager_stack_without, cure_is_mangled, check_says_pass))
def changed_for_module(guest):
    end_managers(guest)
    expect_values(guest, "member", URI, URI)
    with members_get(guest, OTHER):
        reload_manager(guest)
        expect_values(guest, "member", OTHER, URI)
        status, text, cures = check_manager(guest)
        expect("user-manager", (status, text.partition(") ")[2]),
               ("WARN", f"has {URI}; the policy gives {OTHER}"))
        guest.ssh("member", cures[0]).check()
        expect_values(guest, "member", OTHER, OTHER, bus=URI)
        expect("user-manager, cured", check_manager(guest)[0], "PASS")
        end_managers(guest)
        expect_values(guest, "member", OTHER, OTHER)
    return f"manager: {URI} even after a reload; check: WARN; " \
        f"its cure, or a restart: {OTHER}"


# Rules with conditions

ON_MANAGER = "qemu+ssh://manager.example.org/system"
ON_SSH = "qemu+ssh://ssh.example.org/system"
FROM_AFAR = "qemu+ssh://afar.example.org/system"
RULES = {       # the last one that applies decides
    "40-manager.conf": (ON_MANAGER, "services = systemd-user"),
    "50-ssh.conf": (ON_SSH, "services = sshd"),
    "60-afar.conf": (FROM_AFAR, "from = remote"),
    "70-never.conf": (OWN, "services = systemd-user\nfrom = remote"),
}


def write_rule(guest, name, uri, conditions):
    return policy(guest, f"[group libvirt]\nuri = {uri}\n{conditions}\n",
                  f"{DROPINS}/{name}")


@contextlib.contextmanager
def rules(guest):
    guest.do("mkdir", "-p", DROPINS).check()
    with contextlib.ExitStack() as stack:
        for name, (uri, conditions) in RULES.items():
            stack.enter_context(write_rule(guest, name, uri, conditions))
        yield


@contextlib.contextmanager
def rule_for_all(guest):
    """A last rule without conditions."""
    guest.do("mkdir", "-p", DROPINS).check()
    with write_rule(guest, "90-all.conf", OTHER, ""):
        yield


@contextlib.contextmanager
def rule_for_local_manager(guest):
    """A last rule that only a manager that is local can have."""
    guest.do("mkdir", "-p", DROPINS).check()
    with write_rule(guest, "90-local.conf", OTHER,
                    "services = systemd-user\nfrom = local"):
        yield


@row("rules with services, from",
     broken_by=(rule_for_all, rule_for_local_manager, sabotage.not_a_member))
def conditions_hold(guest):
    with rules(guest):
        for mode in MODES[:2]:
            for host, session in ("localhost", ON_SSH), (REMOTE, FROM_AFAR):
                with only(guest, *mode):
                    end_managers(guest)
                    expect_values(guest, "member", session, ON_MANAGER,
                                  options=FROM[host])
    return "manager, by module or generator: services = systemd-user, " \
        "never from = remote"


@row("rule for sshd alone", broken_by=(rule_for_local_manager,
                                       sabotage.not_a_member))
def ssh_alone(guest):
    with policy(guest, f"[group libvirt]\nuri = {URI}\nservices = sshd\n"):
        for mode in MODES[:2]:
            with only(guest, *mode):
                end_managers(guest)
                expect_values(guest, "member", URI, "unset")
    return f"ssh: {URI}; manager: unset"
