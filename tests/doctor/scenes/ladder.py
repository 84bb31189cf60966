# SPDX-License-Identifier: MIT
"""The ladder of cures: each rung is carried out, and has to help."""

import re

from actors import Actor
from machine import OUTSIDER, write
from scenes.script import URI, join, scene
from shells import Shared, Window, ssh, su
from stage import SOCKET_GROUP_MODE, Gone, children_of

VARIABLE = f"LIBVIRT_DEFAULT_URI={URI}"
READY = dict(verdict="ready", environment="PASS", groups="PASS",
             libvirt="PASS", processes="PASS")


def check_cured(judge, name, shell, **rows):
    judge.check(f"{name}: ready", shell, **(READY | rows))


@scene
def cure_newgrp(stage, judge):
    stage.restart_libvirt(SOCKET_GROUP_MODE)
    with ssh(OUTSIDER) as shell:
        join(OUTSIDER)
        cure = f"exec env {VARIABLE} newgrp libvirt"
        judge.relogin("newgrp is proposed", shell, needed=True, words=[cure])
        shell.become(cure)
        check_cured(judge, "newgrp with the variable", shell)


@scene
def cure_newgrp_alone(stage, judge):
    stage.restart_libvirt(SOCKET_GROUP_MODE)
    with ssh(OUTSIDER) as shell:
        join(OUTSIDER)
        shell.become("newgrp libvirt")
        judge.check("newgrp: the variable is still missing", shell,
                    status=1, environment=("FAIL", "exec env"),
                    groups="PASS", libvirt="PASS")
        shell.become(f"exec env {VARIABLE} $SHELL")
        check_cured(judge, "newgrp, then exec env", shell)


@scene
def cure_sg(stage, judge):
    stage.restart_libvirt(SOCKET_GROUP_MODE)
    with ssh(OUTSIDER) as shell:
        join(OUTSIDER)
        shell.become("exec sg libvirt")
        judge.check("sg: has the group", shell, status=1,
                    environment="FAIL", groups="PASS", libvirt="PASS")


@scene
def cure_exec_env(stage, judge):
    with ssh(OUTSIDER) as shell:
        join(OUTSIDER)
        shell.become(f"exec env {VARIABLE} $SHELL")
        check_cured(judge, "exec env", shell)
        judge.says("exec env: virsh says system", shell.run("virsh uri"),
                   URI)
        judge.relogin("exec env: no relogin", shell, needed=False)


@scene
def cure_new_login(stage, judge):
    stage.restart_libvirt(SOCKET_GROUP_MODE)
    with ssh(OUTSIDER) as old:
        join(OUTSIDER)
        judge.relogin("a new login is proposed", old, needed=True,
                      words=["new ssh login"])
        with ssh(OUTSIDER) as shell:
            check_cured(judge, "new ssh login", shell,
                        processes=("WARN", "sshd"))
            judge.relogin("new ssh login, the old one goes on", shell,
                          needed=True, words=["sshd"])
        with su(OUTSIDER) as shell:
            check_cured(judge, "new su -l", shell,
                        processes=("WARN", "sshd"))
    with ssh(OUTSIDER) as shell:
        judge.relogin("new ssh login, the old one has ended", shell,
                      needed=False)


@scene
def cure_tmux(stage, judge):
    stage.restart_libvirt(SOCKET_GROUP_MODE)
    with ssh(OUTSIDER) as shell:
        shell.run("tmux new-session -d -s work && tmux new-window")
    join(OUTSIDER)
    with ssh(OUTSIDER) as shell:
        judge.check("tmux server started before, new login", shell,
                    golden="tmux", **(READY | dict(
                        processes=("WARN", "tmux"))))
        judge.relogin("tmux server started before, new login", shell,
                      needed=True, golden="relogin-tmux",
                      words=["tmux server", "tmux kill-server",
                             "ends 2 windows"])
        with Window(shell, "work") as window:
            judge.check("tmux server started before, in its window",
                        window, status=1, environment="FAIL", groups="FAIL",
                        socket="FAIL", authorisation="FAIL",
                        libvirt="FAIL",
                        processes=("WARN", "tmux"))
            judge.relogin("tmux server started before, in its window",
                          window, needed=True,
                          words=["tmux kill-server"])
        server = int(shell.run("tmux display -p '#{pid}'").text)
        ended = Gone(server, *children_of(server))
        shell.run("tmux kill-server")
        ended.wait()
        judge.relogin("tmux kill-server: no relogin", shell, needed=False)
        shell.run("tmux new-session -d -s work")
        with Window(shell, "work") as window:
            check_cured(judge, "tmux kill-server, new server", window)


@scene
def cure_tmux_variable(stage, judge):
    """Polkit mode: new windows only lack the variable."""
    with ssh(OUTSIDER) as shell:
        shell.run("tmux new-session -d -s work")
    join(OUTSIDER)
    with ssh(OUTSIDER) as shell:
        judge.relogin("tmux server without the variable", shell,
                      needed=True, words=[
                          "tmux set-environment -g LIBVIRT_DEFAULT_URI"],
                      without=["kill-server"])
        shell.run(f"tmux set-environment -g LIBVIRT_DEFAULT_URI '{URI}'")
        shell.run("tmux new-window -t work")
        with Window(shell, "work") as window:
            judge.check("tmux set-environment, a new window", window,
                        **READY)


@scene
def cure_screen(stage, judge):
    stage.restart_libvirt(SOCKET_GROUP_MODE)
    with ssh(OUTSIDER) as shell:
        shell.run("screen -dmS work")
    join(OUTSIDER)
    with ssh(OUTSIDER) as shell:
        judge.check("screen server started before", shell,
                    **(READY | dict(processes=("WARN", "screen"))))
        answer = judge.relogin("screen server started before", shell,
                               needed=True, words=["screen server", "quit"])
        pid = re.search(r"screen server (\d+)", answer.text).group(1)
        ended = Gone(int(pid), *children_of(pid))
        shell.run(find_command(answer, "screen -S"))
        ended.wait()
        judge.relogin("screen -X quit: no relogin", shell, needed=False)


def find_command(answer, begin):
    """What the table of cures says, up to its price."""
    line = next((line for line in answer.text.splitlines()
                 if begin in line), "false")
    return line[line.find(begin):].partition("  ")[0]


@scene
def cure_shared_connection(stage, judge):
    stage.restart_libvirt(SOCKET_GROUP_MODE)
    with Shared(stage, OUTSIDER) as shared:
        join(OUTSIDER)
        with shared.ssh() as shell:
            judge.check("shared ssh connection opened before", shell,
                        status=1, environment="FAIL", groups="FAIL",
                        socket="FAIL", authorisation="FAIL",
                        libvirt="FAIL")
            judge.relogin("shared ssh connection opened before", shell,
                          needed=True, golden="relogin-shared",
                          words=["ssh -O exit"])
        shared.exit()
        with shared.ssh() as shell:
            check_cured(judge, "ssh -O exit, then a new login", shell)
            judge.relogin("ssh -O exit, then a new login: no relogin",
                          shell, needed=False)


@scene
def cure_old_manager(stage, judge):
    stage.restart_libvirt(SOCKET_GROUP_MODE)
    pid = stage.start_manager(OUTSIDER)
    write("/var/lib/systemd/linger/outsider", "")
    join(OUTSIDER)
    with ssh(OUTSIDER) as shell:
        judge.check("manager started before", shell, golden="manager",
                    **(READY | dict(user_manager=("WARN", "libvirt"))))
        judge.relogin("manager started before", shell, needed=True,
                      golden="relogin-manager",
                      words=[f"systemd --user {pid}",
                             "systemctl --user exit"])
        exits = Gone(pid, *children_of(pid))
        judge.says("systemctl --user exit", shell.run(
            "systemctl --user exit"))
        exits.wait()
        judge.relogin("systemctl --user exit: no relogin", shell,
                      needed=False)
        stage.start_manager(OUTSIDER)
        check_cured(judge, "systemctl --user exit, new manager", shell,
                    user_manager="PASS")


@scene
def cure_managers_variable(stage, judge):
    stage.start_manager(OUTSIDER)
    join(OUTSIDER)
    with ssh(OUTSIDER) as shell:
        judge.check("manager without the variable", shell,
                    **(READY | dict(user_manager=("WARN",
                                                  "set-environment"))))
        judge.relogin("manager without the variable", shell, needed=True,
                      words=[f"systemctl --user set-environment {VARIABLE}"],
                      without=["systemctl --user exit"])
        shell.run(f"systemctl --user set-environment {VARIABLE}")
        check_cured(judge, "systemctl --user set-environment", shell)
        judge.relogin("systemctl --user set-environment: no relogin", shell,
                      needed=False)
        judge.says("systemctl --user set-environment: services have it",
                   shell.run("systemd-run --user --pipe --wait --quiet "
                             "printenv LIBVIRT_DEFAULT_URI"), URI)


@scene
def cure_desktop(stage, judge):
    """What looks like a compositor, with older groups."""
    stage.restart_libvirt(SOCKET_GROUP_MODE)
    with Actor(OUTSIDER, "sway"):
        join(OUTSIDER)
        with ssh(OUTSIDER) as shell:
            judge.relogin("desktop started before", shell, needed=True,
                          words=["sway", "log out of everything, "
                                         "wait 10 seconds, log in"])
    with ssh(OUTSIDER) as shell:
        judge.relogin("desktop has ended: no relogin", shell, needed=False)


@scene
def cure_editor(stage, judge):
    stage.restart_libvirt(SOCKET_GROUP_MODE)
    with Actor(OUTSIDER, "zed-remote-server") as editor:
        join(OUTSIDER)
        with ssh(OUTSIDER) as shell:
            judge.relogin("editor's remote server started before", shell,
                          needed=True, words=[
                              "zed-remote-serv",
                              f"kill {editor.pid}, then connect again"])
            gone = Gone(editor.pid)
            shell.run(f"kill {editor.pid}")
            gone.wait()
            judge.relogin("editor's remote server has ended: no relogin",
                          shell, needed=False)


@scene
def no_cure_for_containers(stage, judge):
    """Rootless ones drop groups on purpose, whenever they begin."""
    stage.restart_libvirt(SOCKET_GROUP_MODE)
    with ssh(OUTSIDER) as old:
        old.run("unshare --user --map-root-user setsid sleep 1000 "
                "</dev/null >/dev/null 2>&1 &")
    join(OUTSIDER)
    with ssh(OUTSIDER) as shell:
        judge.says("a container's process goes on",
                   shell.run("pgrep -c -x sleep"), "1")
        judge.relogin("a container begun before: no relogin", shell,
                      needed=False)


@scene
def cure_terminate_user(stage, judge):
    judge.skip("loginctl terminate-user",
               "logind needs systemd as the first process")


@scene
def relogin_for_a_group_asked_about(stage, judge):
    with ssh(OUTSIDER) as shell:
        judge.relogin("--group, not a member", shell, "--group", "kvm",
                      needed=False)
        join(OUTSIDER, "kvm")
        judge.relogin("--group, added after login", shell, "--group", "kvm",
                      needed=True, words=["kvm matters", "newgrp kvm"])
        judge.relogin("kvm, without --group: libvirt's processes open it",
                      shell, needed=False)
        stage.set_kvm(0o660)
        judge.relogin("kvm is closed, the URI is one's own session",
                      shell, needed=True, words=["newgrp kvm"],
                      prefix="LIBVIRT_DEFAULT_URI=qemu:///session")
        stage.set_kvm(0o666)
        judge.relogin("--group, no such group", shell, "--group",
                      "vm-users", needed=False)
