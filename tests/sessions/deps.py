# SPDX-License-Identifier: MIT
"""Install what the real-session tests need and this machine lacks."""

import os
import pathlib
import shlex
import shutil
import subprocess

PACKAGES = pathlib.Path(__file__).with_name("packages")

# Its binary is static, so neither node nor libc matter to it.
NUSHELL = "nushell@0.108.0"

ENVIRON = {
    "DEBIAN_FRONTEND": "noninteractive",
    # node has a list of its own; let npm trust whom this machine trusts
    "NODE_EXTRA_CA_CERTS": "/etc/ssl/certs/ca-certificates.crt",
}


def nushell_dir(build):
    return build / "cache" / "nushell"


def find_nu(build):
    """The nu that --deps has put below the build directory, or None."""
    found = nushell_dir(build).glob("node_modules/@nushell/*/bin/nu")
    return next(found, None)


def run(*argv):
    """Print a command and run it; True if it went well."""
    print("+", shlex.join(map(str, argv)), flush=True)
    done = subprocess.run(argv, stdin=subprocess.DEVNULL,
                          env=ENVIRON | os.environ)
    return done.returncode == 0


def is_known(package):
    """Whether apt could install it; trixie, for one, has no yash."""
    done = subprocess.run(["apt-cache", "show", package],
                          capture_output=True)
    return done.returncode == 0


def is_installed(package):
    query = ["dpkg-query", "-W", "-f", "${db:Status-Status}", package]
    done = subprocess.run(query, capture_output=True, text=True)
    return done.stdout == "installed"


def missing_packages(packages):
    """The first alternative of each line of which none is installed."""
    for line in packages.read_text().splitlines():
        names = line.partition("#")[0].replace("|", " ").split()
        if names and not any(map(is_installed, names)):
            yield names[0]


def install_packages(packages, more=()):
    """Install what a file lists, and more; whether apt-get did not fail.

    What cannot be had does not stop the tests: its rows fail and say so.
    """
    missing = [*missing_packages(packages), *more]
    if missing:
        run("apt-get", "update")
        for package in missing:
            if not is_known(package):
                print(f"apt has no {package} here: its rows will fail")
        missing = list(filter(is_known, missing))
    return not missing or run("apt-get", "install", "--yes",
                              "--no-install-recommends", *missing)


def install(build):
    """Exit status: 0 unless apt-get failed."""
    npm = [] if shutil.which("npm") else ["npm"]
    if not install_packages(PACKAGES, npm):
        return 1
    if not find_nu(build):
        where = nushell_dir(build)
        where.mkdir(parents=True, exist_ok=True)
        run("npm", "install", "--no-audit", "--no-fund", "--prefix", where,
            "--cache", build / "cache" / "npm", NUSHELL)
        if not find_nu(build):
            print("npm has no nu for this machine: its rows will fail")
    return 0
