# SPDX-License-Identifier: MIT
"""The Debian 13 that the guests are: a base of packages, and the project.

The base is what mmdebstrap makes of the file packages, cached below the build
directory. Each run makes a host of it, with two users and an sshd that lets
root in as anybody, and lays the project over that: built and installed there
as an administrator would, or as packages that a topic installs.
"""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess

import cell

HERE = pathlib.Path(__file__).parent
SOURCE = HERE.parents[1]
SUITE = "trixie"
FORMAT = "1"        # to be raised when base() makes something else of it
BUILD = "/var/tmp/build"

# What runs in a guest from the beginning; topics start what else they need
BOOTED = ["atd", "cron", "ssh", "getty@tty1"]

# With a mirror of mmdebstrap's own choice, whichever that is
BACKPORTS = rf"""sed -n 's/ {SUITE} / {SUITE}-backports /p;T;q' \
"$1/etc/apt/sources.list" >"$1/etc/apt/sources.list.d/backports.list" """


def run(*argv, **options):
    """Run a command; RuntimeError with its output if it fails."""
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          errors="replace", **options)
    if done.returncode:
        raise RuntimeError(f"{argv}: status {done.returncode}\n{done.stdout}")
    return done.stdout


# The base

def list_packages():
    lines = (HERE / "packages").read_text().splitlines()
    names = [line.partition("#")[0].strip() for line in lines]
    return sorted(filter(None, names))


def find_hash():
    text = "\n".join([FORMAT, SUITE, *list_packages()])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def make_base(tree):
    """Debootstrap it beside its place, and remove those it replaces."""
    for stale in tree.parent.iterdir():
        if stale.is_dir():
            shutil.rmtree(stale)
    new = tree.with_suffix(".new")
    print(f"making a tree of {SUITE}, once for this list of packages",
          flush=True)
    run("mmdebstrap", "--quiet", "--variant=minbase",
        "--include=" + ",".join(list_packages()),
        "--setup-hook=" + BACKPORTS, SUITE, new)
    new.rename(tree)


@contextlib.contextmanager
def base(build):
    """The cached base tree, held so that no other run removes it."""
    cache = build / "cache" / "e2e"
    cache.mkdir(parents=True, exist_ok=True)
    tree = cache / find_hash()
    with open(cache / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        while not tree.is_dir():
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not tree.is_dir():
                make_base(tree)
            fcntl.flock(lock, fcntl.LOCK_SH)
        yield tree


# The project

def list_source(build):
    """The files a commit of the work tree would have; or all but builds."""
    git = ["git", "-c", "safe.directory=*", "-C", SOURCE]
    if (SOURCE / ".git").exists() and shutil.which("git"):
        text = run(*git, "ls-files", "-z", "-co", "--exclude-standard")
        return [name for name in text.split("\0")
                if name and os.path.lexists(SOURCE / name)]
    others = {build, SOURCE / "build", SOURCE / ".git"}
    return [str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*")
            if not path.is_dir() and others.isdisjoint(path.parents)]


def copy_source(build, to):
    to.mkdir(parents=True)
    names = "\0".join(list_source(build))
    subprocess.run(["cp", "--archive", "--no-preserve=ownership", "--parents",
                    *names.split("\0"), to], cwd=SOURCE, check=True)


def directories(triplet):
    """Where a Debian package would install."""
    return ["prefix=/usr", "sysconfdir=/etc",
            f"pammoddir=/usr/lib/{triplet}/security",
            "vendorconfdir=/usr/share/virturi",
            "zshcompletiondir=/usr/share/zsh/vendor-completions",
            "systemduserunitdir=/usr/lib/systemd/user",
            "userenvgendir=/usr/lib/systemd/user-environment-generators",
            "xdgautostartdir=/etc/xdg/autostart",
            "uwsmenvdir=/usr/share/uwsm/env.d"]


def read_profile(root):
    """The profile for pam-auth-update, as pam_virturi(8) prints it."""
    page = (root / "usr/share/man/man8/pam_virturi.8").read_text()
    body = page.partition("\nName: ")[2].partition("\n.Ed")[0]
    if not body:
        raise RuntimeError("pam_virturi(8) has no profile that begins Name:")
    return f"Name: {body}\n"


def inside(root, *argv):
    """Run a command in a tree, with nothing of this machine's environment."""
    return run("chroot", root, "env", "-i", "LC_ALL=C.UTF-8", "HOME=/root",
               "PATH=/usr/sbin:/usr/bin", "DEBIAN_FRONTEND=noninteractive",
               "DEPS=no", *argv)


def install_project(root, build):
    """Build and install in the tree; wire PAM as the man page says."""
    copy_source(build, root / "usr/src/pam_virturi")
    triplet = inside(root, "gcc", "-print-multiarch").strip()
    make = ["make", "--no-print-directory", "-j2", "-C",
            "/usr/src/pam_virturi", f"O={BUILD}", *directories(triplet)]
    inside(root, *make)
    inside(root, *make, "install")
    shutil.rmtree(root / BUILD[1:])
    profile = root / "usr/share/pam-configs/virturi"
    profile.write_text(read_profile(root))
    inside(root, "pam-auth-update", "--enable", "virturi")


# The project as packages: the work tree's, and the same with a higher version.
# They are built without the tests, and so are not made anew when those change.

DEBS = {"debs": "", "next": "+next"}    # in /srv -> more of their version


def copy_untested(build, to):
    """What packages are made of: the files that make dist packs, but tests."""
    copy_source(build, to)
    shutil.rmtree(to / "tests")


def pack(source, tarball):
    """As make dist does; of the same files, the same bytes."""
    run("tar", "--create", f"--file={tarball}", "--sort=name", "--mtime=@0",
        "--owner=root:0", "--group=root:0", "--mode=u=rwX,go=rX",
        "--use-compress-program=gzip -n", "-C", source.parent, source.name)


def raise_version(source, more):
    changelog = source / "packaging/debian/changelog"
    text = changelog.read_text()
    changelog.write_text(text.replace(")", f"{more})", 1))


def build_debs(root, source, to):
    """As make deb does; in a tree that is thrown away."""
    work = root / "srv"
    shutil.copy(source / "packaging/build-deb", work)
    for name, more in DEBS.items():
        raise_version(source, more)
        pack(source, work / "dist.tar.gz")
        inside(root, "/srv/build-deb", "/srv/dist.tar.gz", f"/srv/{name}")
        (to / name).mkdir(parents=True)
        for deb in (work / name).glob("*.deb"):
            shutil.copy(deb, to / name)


def find_debs(layers, source, kept):
    """A directory with both, made if it is not there.

    base() removes it together with the tree it was made in.
    """
    if not kept.is_dir():
        for stale in kept.parent.glob("debs-*"):
            shutil.rmtree(stale)
        print("making packages, once for this source", flush=True)
        new = kept.with_suffix(".new")
        lay_over(layers, "builder", lambda root: build_debs(root, source, new))
        new.rename(kept)
    return kept


def put_debs(root, layers, build):
    """What a topic installs, if its guest stands on this."""
    source, tarball = cell.RUN / "pam_virturi", cell.RUN / "dist.tar.gz"
    copy_untested(build, source)
    pack(source, tarball)
    key = hashlib.sha256(tarball.read_bytes()).hexdigest()[:16]
    cache = build / "cache" / "e2e"
    with open(cache / "debs.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = find_debs(layers, source, cache / f"debs-{key}")
        shutil.copytree(kept, root / "srv", dirs_exist_ok=True)


# The rest of a host

FILES = {
    # a fixed one: with none, systemd would enable every unit there is
    "etc/machine-id": "0" * 31 + "1\n",
    "etc/hostname": "guest\n",
    "etc/hosts": "127.0.0.1 localhost guest\n",
    "etc/ssh/sshd_config.d/e2e.conf": "PerSourcePenalties no\n",
    "root/.ssh/config": "Host *\n\tStrictHostKeyChecking no\n"
                        "\tLogLevel ERROR\n",
    # rows restart services more often than people do
    "etc/systemd/system.conf.d/e2e.conf":
        "[Manager]\nDefaultTimeoutStopSec=5s\n"
        "DefaultStartLimitIntervalSec=0\n",
}

PREPARE = r"""
set -eu
cd /etc/systemd
rm -f system/display-manager.service system/*.wants/*
rm -f user/graphical-session.target.wants/*
systemctl --quiet enable "$@"
systemctl --quiet set-default multi-user.target
groupadd --force --system libvirt
useradd --create-home --shell /bin/bash --groups libvirt member
useradd --create-home --shell /bin/bash outsider
ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
for user in member outsider; do
	install -d -m 700 -o $user -g $user /home/$user/.ssh
	install -m 600 -o $user -g $user /root/.ssh/id_ed25519.pub \
		/home/$user/.ssh/authorized_keys
done
"""


def prepare_host(root):
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (root / "root/.ssh").chmod(0o700)
    tools = root / "usr/local/lib/e2e"
    tools.mkdir()
    for tool in *(HERE / "inside").iterdir(), \
            SOURCE / "tests" / "sessions" / "terminal.py":
        shutil.copy(tool, tools)
    run("chroot", root, "bash", "-c", PREPARE, "prepare", *BOOTED)


@contextlib.contextmanager
def mounted(layers, upper, at):
    """The layers, uppermost first, with a new directory to write into."""
    work = upper.with_suffix(".work")
    for path in upper, work, at:
        path.mkdir()
    lower = ":".join(map(str, layers))
    run("mount", "-t", "overlay", "-o",
        f"lowerdir={lower},upperdir={upper},workdir={work}", "overlay", at)
    try:
        yield at
    finally:
        run("umount", "--recursive", at)


def lay_over(layers, name, fill):
    """Those, and above them what fill(root) writes."""
    upper = cell.RUN / name
    with mounted(layers, upper, upper.with_suffix(".root")) as root:
        run("mount", "-t", "proc", "proc", root / "proc")
        fill(root)
    return [upper, *layers]


def make_layers(tree, build, kinds):
    """The read-only trees that guests stand on, by kind; in a cell only.

    "installed": with the project; "packaged": with packages of it, for a
    topic to install.
    """
    lower = cell.RUN / "base"
    lower.mkdir()
    run("mount", "--bind", tree, lower)
    run("mount", "-o", "remount,bind,ro", lower)
    host = lay_over([lower], "host", prepare_host)
    fill = {"installed": lambda root: install_project(root, build),
            "packaged": lambda root: put_debs(root, [lower], build)}
    return {kind: lay_over(host, kind, fill[kind]) for kind in kinds}
