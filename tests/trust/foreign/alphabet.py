# SPDX-License-Identifier: MIT
"""What hostile text is made of, and what may be left of it in an answer.

This knows Unicode by itself, so that it does not repeat a mistake of
policy/text.c's.
"""

import json
import re
import unicodedata

MARK = b"Evil"


def utf8(*points):
    """Characters by number, each behind a letter, so that none joins."""
    return "".join(f"x{chr(point)}" for point in points).encode()


# bytes that some places refuse and do not repeat
CONTROLS = bytes(range(0x20)) + b"\x7f"

LETTERS = {
    "a log's priority": b"<0>" + MARK,
    "escape sequences": b"\x1b[2J\x1b]0;x\x07\x1b[31m",
    "a line of ours": b"\nready: Evil\n<0>Evil\nPASS  Evil",
    "a carriage return": b"\rready: Evil",
    "a tab": b"\t",
    "other controls": b"\x01\x02\b\v\f\x0e\x1a\x1f",
    "delete": b"\x7f",
    "C1 in UTF-8": utf8(0x80, 0x85, 0x90, 0x9b, 0x9c, 0x9f),
    "C1, raw": b"\x9b2J\x85\x90",
    "embeddings and overrides": utf8(*range(0x202a, 0x202f)),
    "isolates": utf8(*range(0x2066, 0x206a)),
    "direction marks": utf8(0x200e, 0x200f, 0x061c),
    "zero widths": utf8(0x200b, 0x200c, 0x200d, 0x2060, 0xfeff),
    "separators": utf8(0x2028, 0x2029),
    "fillers and selectors": utf8(0x034f, 0x115f, 0x3164, 0xfe0f, 0xffa0),
    "tags": utf8(0xe0001, 0xe0041, 0xe007f, 0xe0100),
    "soft hyphen, annotations": utf8(0xad, 0xfff9, 0xfffb),
    "overlong forms": b"\xc0\x80 \xc1\x9b \xe0\x80\xaf \xf0\x80\x80\xaf",
    "surrogates": b"\xed\xa0\x80\xed\xb0\x80",
    "beyond Unicode": b"\xf4\x90\x80\x80\xf8\x88\x80\x80\x80\xfe\xff",
    "cut short": b"\xe2\x82z\xf0\x9f\x90",
    "markup": b"<b>&\"</b>&amp;<a href=x>",
    "formats": b"%n%s%1$s%m%*d%9999999d",
    "combining marks": "e\u0301\u0301\u0488".encode(),
    "many of three bytes": ("\u7d44" * 40).encode(),
    "other scripts": "gr\u00fcppe \u7d44 \U0001f427".encode(),
}

# Unicode's Default_Ignorable_Code_Point, as far as no category tells
IGNORABLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0"
    "\ufff0-\ufff8\U000e0000-\U000e0fff]")

# how finding.c and explain.c colour, and how a terminal ends lines
OUR_COLORS = re.compile(r"\x1b\[(?:0|1|2|32|36|33|1;31)m")


def is_harmful(character):
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") \
        or bool(IGNORABLE.match(character))


def escape_bytes(data):
    return "".join(f"\\x{byte:02x}" for byte in data)


def escape(text, is_ascii=False):
    """What is to be read where these bytes came from outside."""
    shown = ""
    for character in text.decode("utf-8", "surrogateescape"):
        if "\udc80" <= character <= "\udcff":
            shown += escape_bytes([ord(character) - 0xdc00])
        elif is_harmful(character) or (is_ascii and character > "~"):
            shown += escape_bytes(character.encode())
        else:
            shown += character
    return shown


def forms_of(text, is_ascii=False):
    """The same, and as it stands at a line's beginning."""
    shown = escape(text, is_ascii)
    yield shown
    if re.match(r"<\d+>", shown):
        yield r"\x3c" + shown[1:]


def find_harmful(text):
    """What has not become \\xNN; newlines are ours."""
    for line in text.split("\n"):
        bad = sorted({ascii(c) for c in line if is_harmful(c)})
        if bad:
            yield f"{', '.join(bad)} in {line[:300]!r}"


def find_faults_in_text(data, is_ascii=False, is_terminal=False):
    """What does not belong into what a person reads."""
    try:
        text = data.decode("ascii" if is_ascii else "utf-8")
    except UnicodeDecodeError as error:
        yield f"{error}: {data[max(error.start - 30, 0):error.end + 30]!r}"
        return
    if is_terminal:
        text = OUR_COLORS.sub("", text.replace("\r\n", "\n"))
    yield from find_harmful(text)
    for line in text.split("\n"):
        if re.match(r"<\d+>|\s*(ready|not ready|PASS|FAIL)\b.{0,3}Evil", line):
            yield f"a line that looks like one of ours: {line[:80]!r}"


def strings_in(value):
    """All of a document's; keys are ours."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from strings_in(item)


def find_faults_in_json(data, is_ascii=False):
    """It is one document of printable strings, or not."""
    try:
        document = json.loads(data.decode("ascii" if is_ascii else "utf-8"))
    except ValueError as error:
        yield f"no JSON: {error}: {data[:300]!r}"
        return
    for text in strings_in(document):
        yield from find_harmful(text)


def has(text, data, is_json=False, is_ascii=False):
    """Is this foreign text to be read in an answer?"""
    if is_json:
        shown = "\0".join(strings_in(json.loads(data)))
        is_ascii = False
    else:
        shown = data.decode(errors="replace")
    return any(form in shown for form in forms_of(text, is_ascii))
