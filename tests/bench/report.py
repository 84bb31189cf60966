# SPDX-License-Identifier: MIT
"""The table, as text and as JSON, and what of the aims was reached."""

import json
import os
import platform
import subprocess

from measure import Figure

COLUMNS = [("open", "open µs"), ("whole", "start to end µs"),
           ("fresh", "process µs"), ("cpu", "its CPU µs"),
           ("calls", "system calls"), ("instructions", "instructions"),
           ("lookups", "look-ups"), ("memory", "peak KiB"),
           ("time", "µs"), ("share", "%")]


def first_line(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True,
                          check=False)
    return done.stdout.partition("\n")[0].strip()


def machine():
    """What the figures depend on."""
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        model = next((line.partition(":")[2].strip() for line in lines
                      if line.startswith("model name")), "unknown")
    packages = first_line(
        "dpkg-query", "-f", "${Package} ${Version}, ", "-W", "libpam0g",
        "libeconf0", "libc6", "libnss-systemd")
    return {"cpu": model, "cpus": os.cpu_count(), "kernel": platform.release(),
            "packages": packages.rstrip(", "),
            "load_before": os.getloadavg()[0]}


def show(value):
    if isinstance(value, Figure):
        return f"{value.median:,.1f} [{value.low:,.0f}–{value.high:,.0f}]"
    if isinstance(value, list):
        return "+".join(str(item) for item in value)
    if isinstance(value, float):
        return f"{value:,.1f}" if value < 200 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value or "")


class Report:
    """Rows are printed as they come; the aims are judged as they come."""

    def __init__(self, judges_times):
        self.judges_times = judges_times
        self.machine = machine()
        self.sections, self.aims = [], []

    def section(self, title):
        print(f"\n## {title}\n", flush=True)
        self.sections.append({"title": title, "rows": []})
        self._columns = None

    def row(self, name, **figures):
        """One contender's figures; a section's rows have the same columns."""
        if self._columns is None:
            self._columns = [(key, head) for key, head in COLUMNS
                             if key in figures]
            heads = [head for _, head in self._columns]
            print(f"| | {' | '.join(heads)} |\n|---{'|---:' * len(heads)}|")
        cells = [show(figures.get(key)) for key, _ in self._columns]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
        self.sections[-1]["rows"].append({"name": name, **{
            key: value.document() if isinstance(value, Figure) else value
            for key, value in figures.items()}})

    # --- Aims ---------------------------------------------------------------

    def at_most(self, what, figure, limit, unit="×", *, steady=False):
        self._judge(what, figure, limit, unit, figure <= limit, "≤", steady)

    def at_least(self, what, figure, limit, unit="×", *, steady=False):
        self._judge(what, figure, limit, unit, figure >= limit, "≥", steady)

    def _judge(self, what, figure, limit, unit, is_reached, sign, steady):
        """steady: it does not depend on how busy the machine is."""
        judged = steady or self.judges_times
        self.aims.append({"what": what, "figure": round(figure, 3),
                          "limit": limit, "unit": unit, "sign": sign,
                          "judged": judged, "reached": is_reached})

    def close(self, path):
        """Prints the aims, writes the JSON; the number not reached."""
        self.machine["load_after"] = os.getloadavg()[0]
        print("\n## Aims\n")
        for aim in self.aims:
            word = "reached" if aim["reached"] else "NOT REACHED"
            if not aim["judged"]:
                word = "a time, not judged here"
            print(f"{word}: {aim['what']}: {aim['figure']:,} {aim['unit']} "
                  f"(aim {aim['sign']} {aim['limit']:,})")
        print("\nmachine: " + ", ".join(
            f"{key} {value}" for key, value in self.machine.items()))
        path.write_text(json.dumps(
            {"machine": self.machine, "sections": self.sections,
             "aims": self.aims}, indent=1, ensure_ascii=False) + "\n",
            encoding="utf-8")
        judged = [aim["reached"] for aim in self.aims if aim["judged"]]
        print(f"\n{judged.count(True)} passed, {judged.count(False)} failed")
        return judged.count(False)
