# SPDX-License-Identifier: MIT
"""Rows of the matrix, and the topics they stand in.

A topic is a file here that has rows. Each gets a guest of its own; its rows
run in it in their order. A row returns what it saw, in a few words, or raises
Wrong, most simply through expect().
"""

import dataclasses
import functools
import importlib
import pathlib
import re
import threading
import time
import traceback
import typing

from guest import Guest, Wrong

HERE = pathlib.Path(__file__).parent
MACHINERY = {"advice", "cell", "guest", "headless", "people", "rows",
             "sabotage", "shell", "tree"}
TOPIC_SECONDS = 300
BROKEN_SECONDS = 1800       # when each row is tried in several ways


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    function: typing.Callable       # guest -> what was seen
    broken_by: tuple                # sabotages: each must make it fail


@dataclasses.dataclass
class Topic:
    name: str
    title: str
    rows: list
    prepare: typing.Callable = lambda guest: None
    stands_on: str = "installed"    # or another kind of tree.make_layers()


@dataclasses.dataclass(frozen=True)
class Result:
    ok: bool
    topic: str
    row: str
    seen: str
    details: tuple = ()

    def format(self, width):
        """A line of the table, and the details below it."""
        verdict = "ok  " if self.ok else "FAIL"
        line = f"{verdict} {self.topic:<11} {self.row:<{width}}  {self.seen}"
        return "\n".join([line.rstrip(), *("       " + detail
                                           for detail in self.details)])


registered = {}                     # module name -> rows


def row(name, *, broken_by):
    """Make a function a row of the file it stands in."""
    sabotages = broken_by if isinstance(broken_by, tuple) else (broken_by,)
    if not sabotages or not all(map(callable, sabotages)):
        raise TypeError(f"row {name!r} needs a sabotage that breaks it")

    def register(function):
        rows = registered.setdefault(function.__module__, [])
        if any(name == other.name for other in rows):
            raise TypeError(f"there are two rows {name!r}")
        rows.append(Row(name, function, sabotages))
        return function
    return register


def expect(what, seen, wanted):
    """What was seen, which has to be what is wanted."""
    if seen != wanted:
        raise Wrong(f"{what}: expected {wanted!r}, saw {seen!r}")
    return seen


def expect_in(what, text, wanted):
    """The text, which has to have something in it."""
    if wanted not in text:
        raise Wrong(f"{what}: expected {wanted!r} in:\n{text.strip()}")
    return text


def read_value(what, text):
    """The URI in an environment, or "unset"; Wrong if there are two."""
    values = re.findall(r"^LIBVIRT_DEFAULT_URI=(.*)$", text, re.M)
    if len(values) > 1 or not re.search("^PATH=", text, re.M):
        raise Wrong(f"the environment of {what}:\n{text.strip()}")
    return values[0] if values else "unset"


# Which topics there are

def load_topic(name):
    """The topic in a file; None if it has no rows."""
    try:
        module = importlib.import_module(name)
    except Exception:
        why = traceback.format_exc()

        def cannot_load(_):
            raise Wrong(why)
        return Topic(name, name, [Row("load", cannot_load, ())])
    if name not in registered:
        return None
    title = (module.__doc__ or name).splitlines()[0].rstrip(".")
    topic = Topic(name.replace("_", "-"), title, registered[name])
    topic.prepare = getattr(module, "prepare", topic.prepare)
    topic.stands_on = getattr(module, "STANDS_ON", topic.stands_on)
    return topic


def load_topics(words=()):
    """Those that have rows with all of these words in topic and name."""
    names = sorted({path.stem for path in HERE.glob("*.py")} - MACHINERY)
    topics = list(filter(None, map(load_topic, names)))
    for topic in topics:
        topic.rows = [row for row in topic.rows
                      if all(word in f"{topic.name} {row.name}"
                             for word in words)]
    return [topic for topic in topics if topic.rows]


# Running one

def run_topic(topic, layers, broken):
    """All its rows in a guest of its own: a list of Results."""
    guest = Guest(layers, topic.name)
    seconds = BROKEN_SECONDS if broken else TOPIC_SECONDS
    plug = threading.Timer(seconds, guest.kill, [
        f"the topic was not over after {seconds} s"])
    plug.daemon = True
    results = []
    try:
        with guest:
            plug.start()
            topic.prepare(guest)
            for row in topic.rows:
                results += try_row(guest, topic, row, broken)
            guest.power_off()
    except Exception as error:
        results += fail_the_rest(topic, results, describe(error))
    finally:
        plug.cancel()
    return results


def describe(error):
    """What a person needs to know of it, as lines."""
    if isinstance(error, Wrong):
        return str(error).splitlines()
    return traceback.format_exception(error)[-1:] + "".join(
        traceback.format_exception(error)).splitlines()


def fail_the_rest(topic, results, why):
    """Without its guest every row has failed, or else the topic's end."""
    tried = {result.row for result in results}
    names = [row.name for row in topic.rows if row.name not in tried]
    for name in names or ["the end"]:
        yield Result(False, topic.name, name, why[0], tuple(why[1:]))
        why = ["as the row before"]


def try_row(guest, topic, row, broken):
    """Its result; with `broken`, also those of its sabotages."""
    yield try_plain(guest, topic, row)
    if broken:
        for sabotage in row.broken_by:
            yield try_broken(guest, topic, row, sabotage)


def try_plain(guest, topic, row):
    result = functools.partial(Result, topic=topic.name, row=row.name)
    mark = guest.mark()
    try:
        return result(True, seen=row.function(guest) or "")
    except Exception as error:
        why = describe(error)
        log = guest.journal_that_matters(mark)
        details = why[1:] + (["journal:", *("  " + line for line in log)]
                             if log else [])
        return result(False, seen=why[0], details=tuple(details))


def try_broken(guest, topic, row, sabotage):
    """A row passes this by failing, in the way rows do."""
    name = sabotage.__name__.replace("_", " ")
    result = functools.partial(Result, topic=topic.name, row=row.name)
    try:
        with sabotage(guest):
            try:
                seen = row.function(guest)
            except Wrong as error:
                return result(True, seen=f"{name}: {describe(error)[0]}")
            return result(False, seen=f"{name}: passed although broken: "
                                      f"{seen}")
    except Exception as error:
        why = describe(error)
        return result(False, seen=f"{name}: {why[0]}", details=tuple(why[1:]))


class Clock:
    """How long something took, for people."""

    def __init__(self):
        self._begin = time.monotonic()

    def __str__(self):
        return f"{time.monotonic() - self._begin:.0f} s"
