# SPDX-License-Identifier: MIT
"""polkit's answers, and its absence."""

import pathlib

from actors import Actor
from machine import MEMBER, OUTSIDER, write
from scenes.script import URI, scene
from shells import ssh

RULE = """\
polkit.addRule(function(action, subject) {
    if (action.id == "org.libvirt.unix.manage" && subject.user == "%s")
        return polkit.Result.%s;
});
"""
SYSTEM = f"LIBVIRT_DEFAULT_URI={URI}"


@scene
def polkit_rules(stage, judge):
    with ssh(MEMBER) as shell:
        stage.restart_polkit(RULE % ("member", "NO"))
        judge.check("polkit: a rule says no", shell, status=1,
                    golden="polkit-no", authorisation=("FAIL", "rule"),
                    libvirt=("FAIL", "denied by policy"))
        stage.restart_polkit(RULE % ("member", "AUTH_ADMIN"))
        judge.check("polkit: wants a password, no agent", shell, status=1,
                    golden="polkit-password",
                    authorisation=("FAIL", "password", "no agent"),
                    libvirt="SKIP")
    with ssh(OUTSIDER) as shell:
        stage.restart_polkit(RULE % ("outsider", "YES"))
        judge.check("polkit: a rule for somebody outside the group", shell,
                    prefix=SYSTEM, groups="PASS",
                    authorisation="PASS", libvirt="PASS")


@scene
def polkit_agent(stage, judge):
    """An agent's name is all that can be seen of one."""
    with Actor(OUTSIDER, "pkttyagent"), ssh(OUTSIDER) as shell:
        judge.check("polkit: wants a password, an agent runs", shell,
                    prefix=SYSTEM,
                    authorisation=("NOTE", "password"), libvirt="SKIP",
                    groups=("NOTE", "usermod -aG libvirt outsider"))


@scene
def polkit_groups(stage, judge):
    """Which group is polkit's? Its rules say, if they can be read."""
    rules = pathlib.Path("/etc/polkit-1/rules.d")
    write(rules / "20-site.rules", """\
polkit.addRule(function(action, subject) {
    if (action.id == "org.libvirt.unix.manage" && subject.isInGroup("kvm"))
        return polkit.Result.YES;
});
""")
    rules.chmod(0o755)
    stage.restart_polkit()
    with ssh(OUTSIDER) as shell:
        judge.check("polkit: another group by a readable rule", shell,
                    prefix=SYSTEM, status=1,
                    groups=("FAIL", "usermod -aG kvm outsider"),
                    authorisation="FAIL", libvirt="SKIP")


@scene
def polkit_is_away(stage, judge):
    with ssh(MEMBER) as shell:
        # it is there for whoever asks, as libvirtd will: see bus.h
        stage.stop_polkit()
        judge.check("polkit: starts when it is asked", shell,
                    authorisation="PASS", libvirt="PASS")
        stage.stop_bus()        # libvirtd ends with it
        stage.start_libvirt()
        judge.check("no system bus", shell, status=1,
                    authorisation=("SKIP", "polkit"), libvirt="FAIL")
