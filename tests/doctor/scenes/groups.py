# SPDX-License-Identifier: MIT
"""Groups: not in any, absent, risky, behind user namespaces."""

from machine import MEMBER, OUTSIDER, POLICY, write
from sandbox import OURS, run
from scenes.script import URI, join, leave, scene
from shells import ssh
from stage import SOCKET_GROUP_MODE

FOR_ALL = f"[others]\nuri = {URI}\n"
SYSTEM = f"LIBVIRT_DEFAULT_URI={URI}"


@scene
def in_no_group(stage, judge):
    with ssh(OUTSIDER) as shell:
        judge.check("in no group, the policy gives none", shell,
                    verdict="ready", golden="outsider",
                    decision=("PASS", "qemu:///session"),
                    environment="PASS", risks="PASS",
                    groups=("NOTE", "usermod -aG libvirt outsider"))
        judge.relogin("in no group: no relogin", shell, needed=False)
        judge.check("in no group, the system's URI by hand", shell,
                    prefix=SYSTEM, status=1, verdict="not ready",
                    golden="outsider-system",
                    groups=("FAIL", "sudo usermod -aG libvirt outsider"),
                    authorisation=("FAIL", "password"),
                    libvirt=("SKIP", "polkit"))
        stage.restart_libvirt(SOCKET_GROUP_MODE)
        judge.check("in no group, socket-group mode", shell,
                    prefix=SYSTEM, status=1, golden="outsider-socket",
                    groups=("FAIL", "sudo usermod -aG libvirt outsider"),
                    socket="FAIL", authorisation="FAIL", libvirt="FAIL")
        join(OUTSIDER)
    with ssh(OUTSIDER) as shell:
        judge.check("in no group, after the cure", shell, verdict="ready",
                    groups="PASS", libvirt="PASS", environment="PASS")


@scene
def removed_from_the_group(stage, judge):
    stage.restart_libvirt(SOCKET_GROUP_MODE)
    with ssh(MEMBER) as shell:
        leave(MEMBER)
        judge.check("removed from the group after login", shell,
                    groups=("NOTE", "libvirt", "not in the database"),
                    authorisation="PASS", libvirt="PASS",
                    environment=("NOTE", "which gives none"))


@scene
def removed_while_polkit_decides(_stage, judge):
    """Who is out is not told how to join."""
    with ssh(MEMBER) as shell:
        leave(MEMBER)
        judge.check("removed from the group after login, polkit mode", shell,
                    status=1, golden="removed-polkit",
                    groups=("FAIL", "not in libvirt", "log in again, for "
                            "qemu:///session"),
                    authorisation=("FAIL", "password"), libvirt="SKIP",
                    environment=("NOTE", "which gives none"))


@scene
def group_is_absent(stage, judge):
    write(POLICY, FOR_ALL)
    run("groupdel", "libvirt")
    with ssh(OUTSIDER) as shell:
        judge.check("group absent, polkit mode", shell, status=1,
                    golden="group-absent",
                    groups=("FAIL", "libvirt", "does not exist"),
                    authorisation="FAIL", libvirt="SKIP")


@scene
def group_has_no_name(stage, judge):
    """The socket's owner has vanished from the database."""
    stage.restart_libvirt(SOCKET_GROUP_MODE)
    write(POLICY, FOR_ALL)
    run("groupdel", "libvirt")
    with ssh(OUTSIDER) as shell:
        judge.check("group absent, socket-group mode", shell, status=1,
                    groups=("FAIL", "gid "), socket="FAIL",
                    authorisation="FAIL", libvirt="FAIL")


@scene
def group_asked_about(stage, judge):
    with ssh(MEMBER) as shell:
        judge.check("--group, a member", shell, "--group", "libvirt",
                    verdict="ready", groups=("PASS", "libvirt"))
        judge.check("--group, not a member", shell, "--group", "kvm",
                    status=1, groups=("FAIL", "usermod -aG kvm member"))
        judge.check("--group, no such group", shell, "--group", "vm-users",
                    status=1, groups=("FAIL", "does not exist"))
        judge.check("--group, several", shell, "--group", "libvirt",
                    "--group", "kvm", "--group", "vm-users", status=1,
                    groups=("FAIL", "kvm", "vm-users"))


@scene
def group_of_a_directory(stage, judge):
    names = OURS / "names"
    write(names / "passwd", "")
    write(names / "group", "lab users:x:7000:\n")
    write("/etc/nsswitch.conf", "passwd: files\ngroup: files virturi\n")
    directory = f"LD_LIBRARY_PATH={OURS}/nss VIRTURI_NSS_DIR={names}"
    with ssh(MEMBER) as shell:
        judge.check("a directory's group", shell, "--group", "lab users",
                    prefix=directory, status=1,
                    groups=("FAIL", "add member to lab users there"))


@scene
def groups_of_the_policy(stage, judge):
    """A member by a group that is not libvirt's own."""
    run("groupadd", "labusers")
    join(OUTSIDER, "labusers")
    write(POLICY, f"[group labusers]\nuri = {URI}\n")
    with ssh(OUTSIDER) as shell:
        judge.check("in the policy's group, not in libvirt's", shell,
                    status=1, decision=("PASS", "labusers"),
                    groups=("FAIL", "libvirt"), authorisation="FAIL",
                    libvirt="SKIP")
        judge.says("the same from root's point of view",
                   shell.virturi("check", "outsider", "--quiet"),
                   "FAIL", status=1)


@scene
def risky_groups(stage, judge):
    join(MEMBER, "disk")
    with ssh(MEMBER) as shell:
        judge.check("in disk", shell, verdict="ready",
                    risks=("WARN", "disk", "gpasswd -d member disk"),
                    golden="disk")
        judge.says("nobody is told to join disk or input",
                   shell.virturi("check", "--verbose"),
                   without=["usermod -aG disk", "usermod -aG input"])


@scene
def user_namespace(stage, judge):
    with ssh(MEMBER) as shell:
        for name, options in ("root", "-Ur"), ("nobody", "-U"):
            judge.check(f"user namespace, as {name}", shell, status="*",
                        prefix=f"unshare {options}",
                        policy=("SKIP", "user namespace"),
                        groups=("SKIP", "user namespace"),
                        decision="PASS|SKIP")
        judge.relogin("user namespace", shell, prefix="unshare -Uc",
                      needed=False, status=3)
