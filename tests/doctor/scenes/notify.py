# SPDX-License-Identifier: MIT
"""needs-relogin --notify, on a real user bus, to what shows notifications to
nobody: tests/bus/notifier.c."""

import re

from actors import Notifier
from machine import OUTSIDER
from scenes.script import join, scene
from shells import ssh
from stage import SOCKET_GROUP_MODE, Gone, children_of

NOTIFY = "virturi needs-relogin --notify"


@scene
def notifications(stage, judge):
    def ask(name, shell, status, *patterns):
        """Silently, and the service is told just this."""
        answer = shell.run(NOTIFY)
        said = notifier.take()
        faults = [f"the service was told: {line}" for line in said]
        if len(said) == len(patterns) and all(
                re.match(pattern, line, re.S)
                for pattern, line in zip(patterns, said)):
            faults = []
        elif not said:
            faults = ["the service was told nothing"]
        if answer.status != status:
            faults.append(f"exit status {answer.status}, not {status}")
        if answer.out or answer.err:
            faults.append("it is not silent")
        judge.report(f"notify: {name}", faults, answer)

    stage.restart_libvirt(SOCKET_GROUP_MODE)
    stage.start_manager(OUTSIDER)
    with Notifier(OUTSIDER) as notifier:
        with ssh(OUTSIDER) as shell:
            ask("nothing to say", shell, 0)
            join(OUTSIDER)
            ask("a change", shell, 1, r"Notify \S+ 0 .*for good: new ssh login")
            ask("once for a change", shell, 1)
            shell.run("tmux new-session -d -s work")
            ask("another change replaces it", shell, 1,
                r"Notify \S+ 1 .*tmux kill-server")
            ask("once for the other change", shell, 1)
            server = int(shell.run("tmux display -p '#{pid}'").text)
            manager = stage.find_manager(OUTSIDER)
            ended = Gone(server, manager, *children_of(server),
                         *children_of(manager))
            shell.run("tmux kill-server; systemctl --user exit")
            ended.wait()
    # with the manager its bus has ended, and whoever was there
    stage.start_manager(OUTSIDER)
    with Notifier(OUTSIDER) as notifier, ssh(OUTSIDER) as shell:
        ask("cured: it is closed", shell, 0, r"CloseNotification 1")
        ask("cured: closed once", shell, 0)


@scene
def notifications_without_a_service(stage, judge):
    with ssh(OUTSIDER) as shell:
        join(OUTSIDER)
        judge.says("notify: no user bus", shell.run(NOTIFY), "virturi:",
                   status=3)
        stage.start_manager(OUTSIDER)
        judge.says("notify: nobody shows notifications", shell.run(NOTIFY),
                   "virturi:", status=3)
        judge.says("notify: no runtime directory",
                   shell.run(f"env -u XDG_RUNTIME_DIR {NOTIFY}"),
                   "runtime directory", status=3)
