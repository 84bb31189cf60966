# SPDX-License-Identifier: MIT
"""Ways to break the guest, to see that a row notices.

A sabotage is a context manager that takes the guest: broken inside, as before
after it. Topics have more of their own.
"""

import contextlib

COMMON = ["/etc/pam.d/common-session",
          "/etc/pam.d/common-session-noninteractive"]
GENERATOR = "/usr/lib/systemd/user-environment-generators/70-virturi"
AWAY = "/run/e2e-away"


@contextlib.contextmanager
def replaced(guest, path, text):
    """A file with other contents, or none where there was none."""
    before = guest.read(path) if guest.exists(path) else None
    overwrite(guest, path, text)
    try:
        yield
    finally:
        if before is None:
            guest.remove(path)
        else:
            overwrite(guest, path, before)


def overwrite(guest, path, text):
    """Owner and mode stay."""
    guest.do("sh", "-euc", 'mkdir -p "$(dirname "$1")"; cat >"$1"', "sh",
             path, stdin=text).check()


@contextlib.contextmanager
def moved_away(guest, path):
    """As if it had not been installed."""
    guest.do("mv", "--no-clobber", path, AWAY).check()
    try:
        yield
    finally:
        guest.do("mv", AWAY, path).check()


def without_module(guest, path):
    lines = guest.read(path).splitlines(keepends=True)
    kept = [line for line in lines if "pam_virturi" not in line]
    if kept == lines:
        raise AssertionError(f"{path} has no line to remove")
    return replaced(guest, path, "".join(kept))


@contextlib.contextmanager
def no_module_line(guest):
    """PAM is not wired."""
    with contextlib.ExitStack() as stack:
        for path in COMMON:
            stack.enter_context(without_module(guest, path))
        yield


def no_generator(guest):
    """Managers that start or reload from now on run no 70-virturi."""
    return moved_away(guest, GENERATOR)


@contextlib.contextmanager
def not_a_member(guest):
    """The member leaves the group, for logins from now on."""
    guest.do("gpasswd", "--delete", "member", "libvirt").check()
    try:
        yield
    finally:
        guest.do("gpasswd", "--add", "member", "libvirt").check()


def no_policy(guest):
    """The vendor's policy is masked, as pam_virturi(8) says."""
    return replaced(guest, "/etc/security/virturi.conf", "")


def together(*sabotages):
    """One sabotage of several, for rows that need all of them to break."""
    @contextlib.contextmanager
    def all_of_them(guest):
        with contextlib.ExitStack() as stack:
            for sabotage in sabotages:
                stack.enter_context(sabotage(guest))
            yield
    all_of_them.__name__ = " and ".join(sabotage.__name__
                                        for sabotage in sabotages)
    return all_of_them


@contextlib.contextmanager
def instead(guest, program, script):
    """Another program by this name, before the real one in PATH."""
    path = f"/usr/local/bin/{program}"
    guest.write(path, f"#!/bin/sh\n{script}\n", mode=0o755)
    try:
        yield
    finally:
        guest.remove(path)


def ignoring(program, word):
    """A cure that does nothing: the program ignores commands with a word."""
    def cure_ignored(guest):
        return instead(guest, program, f"""
            case "$*" in *{word}*) exit 0;; esac
            exec "/usr/bin/{program}" "$@" """)
    cure_ignored.__name__ = f"{program} ignores {word}"
    return cure_ignored


def saying(old, new):
    """virturi prints something else."""
    def other_words(guest):
        return instead(guest, "virturi", f"""
            out=$(/usr/bin/virturi "$@"); status=$?
            echo "$out" | sed 's/{old}/{new}/'
            exit $status""")
    other_words.__name__ = f"says {new}"
    return other_words


@contextlib.contextmanager
def everybody_a_member(guest):
    """The outsider joins the group."""
    guest.do("gpasswd", "--add", "outsider", "libvirt").check()
    try:
        yield
    finally:
        guest.do("gpasswd", "--delete", "outsider", "libvirt").check()
