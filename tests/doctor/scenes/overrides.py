# SPDX-License-Identifier: MIT
"""Who else sets the variable: by file and line, with the same value or
another."""

from machine import MEMBER, write
from scenes.script import URI, scene
from shells import ssh

OTHER = "test:///default"
VARIABLE = "LIBVIRT_DEFAULT_URI"

# Files in the home unless absolute; the variable is set in line 2
FILES = [
    (".bashrc", "# mine\nexport {name}={value}\n"),
    (".profile", "# mine\n{name}='{value}'; export {name}\n"),
    (".bash_profile", "# mine\nexport {name}=\"{value}\"\n"),
    (".zshrc", "# mine\nexport {name}={value}\n"),
    (".config/fish/config.fish", "# mine\nset -gx {name} {value}\n"),
    (".config/environment.d/50-libvirt.conf", "# mine\n{name}={value}\n"),
    (".config/uwsm/env", "# mine\nexport {name}={value}\n"),
    (".pam_environment", "# mine\n{name}={value}\n"),
    ("/etc/profile.d/libvirt.sh", "# site\nexport {name}={value}\n"),
    ("/etc/profile", "# site\nexport {name}={value}\n"),
    ("/etc/bash.bashrc", "# site\nexport {name}={value}\n"),
    ("/etc/environment", "# site\n{name}={value}\n"),
    ("/etc/environment.d/50-libvirt.conf", "# site\n{name}={value}\n"),
    ("/etc/xdg/uwsm/env", "# site\nexport {name}={value}\n"),
    ("/etc/fish/conf.d/libvirt.fish", "# site\nset -gx {name} {value}\n"),
]


@scene
def overrides_by_files(stage, judge):
    with ssh(MEMBER) as shell:
        for name, text in FILES:
            path = MEMBER.home / name
            place = f"{path}:2"
            for what, value, wanted in \
                    ("the same", URI, ("NOTE", place, "no longer needed")), \
                    ("another", OTHER, ("WARN", place, OTHER)):
                content = text.format(name=VARIABLE, value=value)
                if path.is_relative_to(MEMBER.home):
                    stage.home_file(MEMBER, name, content)
                else:
                    write(path, content)
                judge.check(f"{name} sets {what}", shell, verdict="ready",
                            environment=wanted)
            path.unlink()
        judge.check("nothing is left", shell, environment="PASS")


@scene
def overrides_in_force(stage, judge):
    """A login really reads them."""
    stage.home_file(MEMBER, ".profile", f"\nexport {VARIABLE}={OTHER}\n")
    with ssh(MEMBER) as shell:
        judge.check("~/.profile in force", shell, golden="override",
                    environment=("WARN", f"{MEMBER.home}/.profile:2", OTHER),
                    libvirt=("PASS", OTHER))
        judge.relogin("~/.profile in force: no relogin would help", shell,
                      needed=False)
    stage.home_file(MEMBER, ".profile", f"unset {VARIABLE}\n")
    with ssh(MEMBER) as shell:
        judge.check("~/.profile removes it", shell, status=1,
                    environment=("FAIL", f"{MEMBER.home}/.profile:1"))
    stage.home_file(MEMBER, ".profile",
                    f"export {VARIABLE}=$(echo {OTHER})\n")
    with ssh(MEMBER) as shell:
        judge.check("~/.profile asks a command", shell,
                    environment=("WARN", f"{MEMBER.home}/.profile:1"))
    (MEMBER.home / ".profile").unlink()
    write("/etc/environment", f"{VARIABLE}={OTHER}\n")
    with ssh(MEMBER) as shell:
        judge.check("/etc/environment in force", shell,
                    environment=("WARN", "/etc/environment:1", OTHER))
    write("/etc/environment", "")
    stage.home_file(MEMBER, ".config/environment.d/x.conf",
                    f"{VARIABLE}={OTHER}\n")
    stage.start_manager(MEMBER)
    with ssh(MEMBER) as shell:
        judge.check("~/.config/environment.d in force", shell,
                    environment=("WARN", "environment.d/x.conf:1"),
                    user_manager=("PASS", OTHER))


@scene
def overrides_by_the_environment(stage, judge):
    with ssh(MEMBER) as shell:
        judge.check("VIRSH_DEFAULT_CONNECT_URI, another", shell,
                    prefix=f"VIRSH_DEFAULT_CONNECT_URI={OTHER}",
                    environment=("WARN", "VIRSH_DEFAULT_CONNECT_URI",
                                 OTHER))
        judge.check("VIRSH_DEFAULT_CONNECT_URI, the same", shell,
                    prefix=f"VIRSH_DEFAULT_CONNECT_URI={URI}",
                    environment=("NOTE", "no longer needed"))
        stage.home_file(MEMBER, ".config/libvirt/libvirt.conf",
                        f'# mine\nuri_default = "{OTHER}"\n')
        judge.check("uri_default is shadowed", shell,
                    environment=("NOTE", "libvirt.conf:2", OTHER))
        judge.check("uri_default below XDG_CONFIG_HOME", shell,
                    prefix="XDG_CONFIG_HOME=/nowhere", environment="PASS")
        stage.wire("", "")
    with ssh(MEMBER) as shell:
        judge.check("another value without a file that says so", shell,
                    prefix=f"{VARIABLE}={OTHER}", pam="FAIL", status=1,
                    environment=("WARN", OTHER, URI))
