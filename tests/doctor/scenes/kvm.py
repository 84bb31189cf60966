# SPDX-License-Identifier: MIT
"""/dev/kvm: who gets in, and by what."""

from machine import MEMBER
from sandbox import run
from scenes.script import join, leave, scene
from shells import ssh
from stage import KVM

SESSION = "LIBVIRT_DEFAULT_URI=qemu:///session"


@scene
def kvm_access(stage, judge):
    def check(name, system, session, *words):
        """Judged for libvirt's processes, then for one's own."""
        with ssh(MEMBER) as shell:
            judge.check(f"kvm {name}, the system's libvirt", shell,
                        verdict="ready", kvm=(system, *words), groups="PASS")
            judge.check(f"kvm {name}, one's own libvirt", shell,
                        prefix=SESSION, environment="WARN",
                        status=int(session == "FAIL"), kvm=(session, *words),
                        groups="PASS")

    check("0666", "PASS", "PASS", "0666")
    stage.set_kvm(None)
    check("absent", "WARN", "WARN", "there is no /dev/kvm")
    stage.set_kvm(0o600, "root")
    check("0600", "NOTE", "WARN", "0600")
    stage.set_kvm(0o660)
    check("0660, not in its group", "NOTE", "WARN", "kvm")
    run("setfacl", "-m", "u:member:rw", KVM)
    check("by an ACL for the user", "PASS", "PASS", "ACL")
    run("setfacl", "-b", KVM)
    run("setfacl", "-m", "g:libvirt:rw", KVM)
    check("by an ACL for a group", "PASS", "PASS", "ACL", "libvirt")
    run("setfacl", "-m", "m::---", KVM)
    check("by an ACL that its mask takes back", "NOTE", "WARN")
    run("setfacl", "-b", KVM)
    stage.set_kvm(0o660)
    join(MEMBER, "kvm")
    check("0660, in its group", "PASS", "PASS", "group kvm")
    leave(MEMBER, "kvm")
    stage.set_kvm(0o666)
    KVM.unlink()
    KVM.write_text("no device")
    KVM.chmod(0o666)
    check("not a device", "NOTE|WARN", "NOTE|WARN|FAIL", "not a device")


@scene
def kvm_added_after_login(stage, judge):
    stage.set_kvm(0o660)
    with ssh(MEMBER) as shell:
        join(MEMBER, "kvm")
        judge.check("added to kvm after login, system", shell,
                    verdict="ready", kvm="NOTE", groups="PASS")
        judge.check("added to kvm after login, one's own libvirt", shell,
                    prefix=SESSION, environment="WARN", status=1, kvm="FAIL",
                    groups=("FAIL", "newgrp kvm"))
        shell.become("newgrp kvm")
        judge.check("newgrp kvm, one's own libvirt", shell, prefix=SESSION,
                    environment="WARN", kvm="PASS", groups="PASS",
                    processes="PASS")
