# SPDX-License-Identifier: MIT
"""Other hosts, hosts without libvirt, root, and what is left in a home."""

import pathlib

from machine import MEMBER, OUTSIDER, POLICY, ROOT, write
from sandbox import OURS, SECURITY
from scenes.script import URI, scene
from shells import ssh

SECRET = "test:///secret"
REMOTE = "[group libvirt]\nuri = qemu+{}/system\n"
HERE = dict.fromkeys("groups kvm socket authorisation".split(),
                     ("SKIP", "not used by qemu+"))


@scene
def remote_uri(stage, judge):
    stage.kill_libvirt()
    stage.set_kvm(None)
    write(POLICY, REMOTE.format("ssh://lab01.example.org"))
    with ssh(MEMBER) as shell:
        # libvirt does not always wait for what ssh says
        judge.check("remote: no such host", shell, status=1, **HERE,
                    steady=False, seconds=6,
                    decision=("PASS", "lab01.example.org"),
                    libvirt=("FAIL", "lab01.example.org"))
        judge.relogin("remote: no relogin", shell, needed=False)
    write(POLICY, REMOTE.format("ssh://localhost:1"))
    with ssh(MEMBER) as shell:
        judge.check("remote: connection refused", shell, status=1, **HERE,
                    libvirt="FAIL")
    write(POLICY, REMOTE.format("ssh://nobody@localhost"))
    with ssh(MEMBER) as shell:
        judge.check("remote: host key not known", shell, status=1, **HERE,
                    libvirt=("FAIL", "key"))
        stage.home_file(MEMBER, ".ssh/known_hosts", known_hosts())
        judge.check("remote: ssh key refused", shell, status=1, **HERE,
                    libvirt=("FAIL", "key"))
    write(POLICY, REMOTE.format("tcp://localhost:1"))
    with ssh(MEMBER) as shell:
        judge.check("remote: nobody listens at the port", shell, status=1,
                    **HERE, libvirt="FAIL")
    write(POLICY, REMOTE.format("tls://localhost"))
    with ssh(MEMBER) as shell:
        judge.check("remote: no certificates", shell, status=1, **HERE,
                    libvirt="FAIL")


def known_hosts():
    return "localhost " + \
        pathlib.Path("/etc/ssh/sessions_key.pub").read_text()


@scene
def remote_uri_that_works(stage, judge):
    """To this very host, as if it were another."""
    stage.home_file(MEMBER, ".ssh/known_hosts", known_hosts())
    key = stage.home_file(MEMBER, ".ssh/id_ed25519", pathlib.Path(
        "/etc/ssh/sessions_key").read_text())
    key.chmod(0o600)
    write(POLICY, REMOTE.format("ssh://localhost"))
    with ssh(MEMBER) as shell:
        judge.check("remote: connected", shell, **HERE, verdict="ready",
                    golden="remote",
                    libvirt=("PASS", "qemu+ssh://localhost/system"))


@scene
def no_libvirt(stage, judge):
    stage.stop_libvirt()
    stage.remove("/usr/bin/virsh", "/usr/bin/virt-*", "/usr/sbin/libvirtd",
                 "/usr/sbin/virt*", "/lib/systemd/system/*virt*",
                 f"{SECURITY.parent}/libvirt*.so*",
                 f"{SECURITY.parent}/libvirt")
    with ssh(MEMBER) as shell:
        judge.check("no libvirt here", shell, status=1, golden="no-libvirt",
                    libvirt=("FAIL", "apt install"), socket="SKIP",
                    authorisation="SKIP")
    with ssh(OUTSIDER) as shell:
        judge.check("no libvirt here, somebody else", shell, status=1,
                    libvirt=("FAIL", "apt install"))
    stage.probe.unlink()
    with ssh(MEMBER) as shell:
        judge.check("no libvirt and no probe", shell, status=1,
                    libvirt=("FAIL", "apt install"), socket="SKIP",
                    authorisation="SKIP")


@scene
def no_probe(stage, judge):
    stage.probe.unlink()
    with ssh(MEMBER) as shell:
        judge.check("libvirt without the probe", shell,
                    libvirt=("SKIP", "virturi-probe"))


@scene
def root(stage, judge):
    with ssh(ROOT) as shell:
        judge.check("root, without USER: the host", shell, verdict="ready",
                    golden="host", head="root",
                    **dict.fromkeys("decision environment user_manager "
                                    "runtime_dir machines risks".split(),
                                    "SKIP"))
        judge.check("root, about a member", shell, "member",
                    verdict="ready", head="member", golden="root-member",
                    decision=("PASS", URI), environment="SKIP",
                    libvirt="SKIP")
        judge.check("root, about somebody else", shell, "outsider",
                    verdict="ready", head="outsider",
                    golden="root-outsider")
        judge.check("root, about root", shell, "root", verdict="ready",
                    head="root", golden="root-root", groups="PASS",
                    libvirt="PASS")
        judge.relogin("root: no relogin", shell, needed=False)
        secret = OURS / "roots-own"
        write(secret, f"export LIBVIRT_DEFAULT_URI={SECRET}\n")
        secret.chmod(0o600)
        stage.home_file(MEMBER, ".profile", "").unlink()
        (MEMBER.home / ".profile").symlink_to(secret)
        judge.check("root, about one whose link leads to root's own", shell,
                    "member", verdict="ready", environment=(
                        "SKIP", ".profile cannot be read: Permission"))
        judge.says("nothing of it is said",
                   shell.run("virturi check member --verbose"), "member",
                   without=[SECRET])
        (MEMBER.home / ".profile").unlink()
        stage.home_file(MEMBER, ".profile",
                        f"export LIBVIRT_DEFAULT_URI={SECRET}\n").chmod(0o400)
        judge.check("root, about one whose file only they can read", shell,
                    "member", verdict="ready", environment=(
                        "WARN", f"{MEMBER.home}/.profile:1", SECRET))
        (MEMBER.home / ".profile").unlink()
        stage.kill_libvirt()
        judge.check("root, without USER: daemon stopped", shell, status=1,
                    verdict="not ready", socket="FAIL", libvirt="FAIL")
    with ssh(MEMBER) as shell:
        judge.check("under sudo", shell, status=1,
                    prefix="sudo env PATH=/usr/local/bin:/usr/bin:/bin",
                    head="without sudo", socket="FAIL", libvirt="FAIL")


@scene
def unprivileged_about_others(stage, judge):
    with ssh(OUTSIDER) as shell:
        judge.check("somebody about a member", shell, "member",
                    head="member", environment="SKIP",
                    decision=("PASS", URI), libvirt="SKIP",
                    authorisation="PASS")
        judge.check("somebody about root", shell, "root", head="root",
                    environment="SKIP", libvirt="SKIP")


@scene
def machines_left_behind(stage, judge):
    for name in "win10", "test":
        stage.home_file(MEMBER, f".config/libvirt/qemu/{name}.xml",
                        f"<domain><name>{name}</name></domain>\n")
    stage.home_file(MEMBER, ".config/libvirt/qemu/networks/net.xml",
                    "<network/>\n")
    with ssh(MEMBER) as shell:
        judge.check("machines left in one's own libvirt", shell,
                    verdict="ready", golden="machines",
                    machines=("NOTE", "win10", "test",
                              "virsh -c qemu:///session list --all"))
        judge.check("machines in the libvirt that is used", shell,
                    prefix="LIBVIRT_DEFAULT_URI=qemu:///session",
                    environment="WARN", machines="PASS")


@scene
def clients(stage, judge):
    stage.open_directory("/usr/bin")
    write("/usr/bin/virt-manager", "#!/bin/sh\n", 0o755)
    with ssh(MEMBER) as shell:
        judge.check("virt-manager is installed, and so its own choice",
                    shell, verdict="ready", clients="PASS")
        judge.check("virt-manager is installed, another URI", shell,
                    prefix="LIBVIRT_DEFAULT_URI=test:///default",
                    environment="WARN",
                    golden="virt-manager",
                    clients=("NOTE", 'virt-manager --connect '
                                     '"$(virturi uri)"'))
    pathlib.Path("/usr/bin/virt-manager").unlink()
    with ssh(MEMBER) as shell:
        judge.check("virt-manager is not installed", shell,
                    prefix="LIBVIRT_DEFAULT_URI=test:///default",
                    environment="WARN", clients="PASS")


@scene
def wrong_runtime_dir(stage, judge):
    """su without -l keeps root's."""
    with ssh(ROOT) as shell:
        shell.become("su member")
        judge.check("runtime directory of somebody else", shell,
                    verdict="ready",
                    runtime_dir=("WARN", "/run/user/0"), libvirt="PASS")
        judge.check("runtime directory of somebody else, own libvirt",
                    shell, prefix="LIBVIRT_DEFAULT_URI=qemu:///session",
                    status=1, runtime_dir=("FAIL", "/run/user/0"),
                    environment="WARN", socket="FAIL", libvirt="FAIL")
        judge.check("no runtime directory", shell, verdict="ready",
                    prefix="env -u XDG_RUNTIME_DIR",
                    runtime_dir=("NOTE", "XDG_RUNTIME_DIR"))


@scene
def policies(stage, judge):
    with ssh(MEMBER) as shell:
        write(POLICY, "[grop libvirt]\nuri = qemu:///system\n")
        judge.check("policy: unusable", shell, status=1,
                    golden="policy-unusable",
                    policy=("FAIL", f"{POLICY}:1"), decision="FAIL")
        write(POLICY, "[group libvirt]\nuri = qemu:///sys tem\n")
        judge.check("policy: a mistake in the rule", shell, status=1,
                    policy=("WARN", f"{POLICY}:2"),
                    decision=("FAIL", f"{POLICY}:2"))
        write(POLICY, "[user member]\nuri = none\n")
        judge.check("policy: none by a rule", shell,
                    decision=("PASS", "no URI", "qemu:///session"))
        write(POLICY, f"[others]\nuri = {URI}\n", 0o666)
        judge.check("policy: everybody may write it", shell, status=1,
                    policy=("FAIL", f"{POLICY}: ", "chmod"),
                    decision="FAIL")
        write(POLICY, f"[others]\nuri = {URI}\n", 0o600)
        judge.check("policy: not for everybody to read", shell, status=1,
                    policy=("FAIL", f"{POLICY}: ", "chmod a+r"),
                    decision="FAIL")
        POLICY.unlink()
        mask = pathlib.Path("/etc/security/virturi.conf")
        write(mask, "")
        judge.check("policy: masked", shell, verdict="ready",
                    policy=("WARN", f"{mask} masks it"), decision="PASS",
                    environment="NOTE")
        mask.unlink()
        stage.vendor_policy.unlink()
        judge.check("policy: there is none", shell, verdict="ready",
                    policy=("WARN", "/etc/security", "reinstall"),
                    decision="PASS",
                    environment="NOTE")
        judge.says("uri agrees", shell.virturi("uri"), status=1)
