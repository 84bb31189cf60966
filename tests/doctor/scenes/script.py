# SPDX-License-Identifier: MIT
"""The list of scenes, and what several of them do."""

from sandbox import run

ALL = {}

URI = "qemu:///system"


def scene(function):
    """Adds a function to the list; its module must be imported."""
    ALL[function.__name__.replace("_", " ")] = function
    return function


def join(person, group="libvirt"):
    run("usermod", "--append", "--groups", group, person.name)


def leave(person, group="libvirt"):
    run("gpasswd", "--delete", person.name, group)
