# SPDX-License-Identifier: MIT
"""PAM stacks with and without our line, and with it in the wrong place."""

from machine import MEMBER, MODULE, write
from scenes.script import scene
from shells import ssh
from stage import LINE, PAM_D

OWN = "/etc/virturi-own.conf"

FAULTS = [
    # name, what is at the end of the stacks, status, words
    ("wired", LINE, LINE, "PASS", ["systemd-user"]),
    ("in neither stack", "", "", "FAIL",
     ["append to /etc/pam.d/common-session: " + LINE]),
    ("in the interactive stack only", LINE, "", "WARN", ["systemd-user"]),
    ("in the non-interactive stack only", "", LINE, "WARN", ["sshd"]),
    ("jumped over", "session [success=1 default=1] pam_permit.so\n" + LINE,
     LINE, "WARN", ["common-session:"]),
    ("jumped over perhaps", "session [success=1 default=ignore] "
     "pam_succeed_if.so quiet user = nobody\n" + LINE, LINE, "WARN",
     ["common-session:"]),
    ("shifts a jump", "session [success=2 default=ignore] pam_permit.so\n"
     f"session optional pam_permit.so\n{LINE}\n"
     "session optional pam_permit.so", LINE, "WARN",
     ["common-session:"]),
    ("behind a final success", f"session sufficient pam_permit.so\n{LINE}",
     LINE, "WARN", ["common-session:"]),
    ("policy= in one stack", f"{LINE} policy={OWN}", LINE, "WARN",
     [f"policy={OWN}"]),
    ("policy= of a missing file", f"{LINE} policy=/missing/file", LINE,
     "FAIL", ["/missing/file", "does not exist"]),
    ("override in one stack", f"{LINE} override", LINE, "WARN",
     ["override"]),
    ("override in both", f"{LINE} override", f"{LINE} override", "PASS",
     []),
    ("by its path", f"session optional {MODULE}", LINE, "PASS", []),
    ("by a path that is not there",
     "-session optional /usr/lib/security/pam_virturi.so", LINE,
     "FAIL", ["/usr/lib/security/pam_virturi.so"]),
    ("commented out", f"# {LINE}", LINE, "WARN", ["sshd"]),
    ("continued on the next line", "-session optional \\\npam_virturi.so",
     LINE, "PASS", []),
    ("required", "session required pam_virturi.so", LINE, "NOTE",
     ["common-session:"]),
    ("twice", f"{LINE}\n{LINE}", LINE, "NOTE", ["common-session:"]),
    ("of an unknown argument", f"{LINE} overide", LINE, "WARN",
     ["overide"]),
]


@scene
def wiring_faults(stage, judge):
    write(OWN, "[group libvirt]\nuri = qemu:///system\n")
    with ssh(MEMBER) as shell:
        for name, interactive, noninteractive, status, words in FAULTS:
            stage.wire(interactive, noninteractive)
            judge.check(f"pam: {name}", shell, pam=(status, *words),
                        status=int(status == "FAIL"))


@scene
def wiring_of_services(stage, judge):
    with ssh(MEMBER) as shell:
        MODULE.unlink()
        judge.check("pam: module missing", shell, status=1,
                    golden="module-missing",
                    pam=("FAIL", "pam_virturi.so"))
        stage.install()
        write(PAM_D / "systemd-user", "session required pam_permit.so\n")
        judge.check("pam: systemd-user without it", shell,
                    golden="systemd-user-unwired",
                    pam=("WARN", "systemd-user"))
        (PAM_D / "systemd-user").unlink()
        sshd = PAM_D / "sshd"
        text = sshd.read_text()
        write(sshd, text.replace("@include common-session",
                                 "session include common-session"))
        judge.check("pam: by include", shell, pam="PASS")
        write(sshd, text.replace("@include common-session",
                                 "session substack common-session"))
        judge.check("pam: by substack", shell, pam="PASS")
        write(sshd, text.replace("@include common-session",
                                 "session include sshd"))
        judge.check("pam: includes itself", shell, pam=("WARN", "sshd"))
        write(sshd, text, 0o600)
        judge.check("pam: unreadable", shell,
                    pam=("NOTE", "/etc/pam.d/sshd"))
        judge.check("pam: all services", shell, "--verbose",
                    pam=("NOTE", "sshd"))
        write(sshd, text)


@scene
def session_older_than_the_wiring(stage, judge):
    stage.wire("", "")
    with ssh(MEMBER) as shell:
        stage.install()
        judge.check("session older than the wiring", shell, status=1,
                    environment=("FAIL", "exec env"), pam="PASS")
        judge.relogin("session older than the wiring", shell, needed=True,
                      words=["exec env"], without=["newgrp"])
