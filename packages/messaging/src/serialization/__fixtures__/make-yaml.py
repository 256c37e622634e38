"""Writes yaml.json: what PyYAML dumps and what it reads, beside the same value as Kombu writes it in JSON."""
import datetime
import json
import os

import yaml
from kombu.utils import json as kombu_json

shared = {"a": 1}
values = [
    None,
    True,
    0,
    -1,
    2**53,
    -(2**70),
    0.1,
    -0.0,
    1.0,
    1e100,
    1e-7,
    float("inf"),
    float("-inf"),
    float("nan"),
    "",
    "a",
    "yes",
    "null",
    "~",
    "1",
    "1.5",
    "1e5",
    "2030-01-02",
    "=",
    "<<",
    "- a",
    "a: b # c",
    " a ",
    "line\nline\n\n",
    "é世😀",
    "\x7f\x00\x1f/\"'\x85\u2028\ufeff\ufffe",
    "ab " * 300,
    b"",
    b"\xff\x00",
    b"abc" * 100,
    [],
    {},
    (1, 2),
    [1, [2, []], {"a": [{"b": None}], "": {}}],
    {1: "c", None: "b", 1.5: "d", "yes": "e"},
    {"k" * 2000: 1},
    {"__proto__": {"polluted": 1}, "constructor": 2},
    [shared, shared],
    datetime.datetime(2030, 1, 2, 3, 4, 5, 678901),
    datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc),
    datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.timezone(-datetime.timedelta(hours=3, minutes=30))),
    datetime.date(2030, 1, 2),
    ([2, 3], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}),
]
#: Also what nobody dumps, and people write.
texts = """yes Yes YES y no No n true True TRUE tRUE on On off OFF null Null ~ 1 +1 -1 01 010 08 0o7 0x1F 0b101 1_000 1:30 -1:30 1:60
1. .5 -.5 1.5 +1.5 1e5 1.0e5 1.0e+5 1.5E-3 1:30.5 .inf -.Inf +.INF .nan .NaN nan inf 1__0 0x 2030-01-02 2030-1-2 2030-13-01
2030-01-02T03:04:05 2030-1-2T3:04:05Z 2030-01-02T03:04:05.6 2030-01-02T03:04:05.1234567 2030-01-02T03:04:05+02 2030-01-02T03:04:05-3:30
!!str 1
!!int "3"
!!float 1
!!float 1.5
!!bool yes
!!null ~
!!binary aGk=
!!timestamp 2030-01-02
2030-01-02 03:04:05 +01:00
"yes"
'yes'
"\\x41\\u00e9\\n"
{a: 1, a: 2}
{a: &x [1, 2], b: *x}
{<<: {a: 1, b: 2}, b: 3}
{<<: [{a: 1}, {a: 2, c: 3}], b: 3}
[1, 2,]
{? a : 1, b}
&a [*a]
{[1]: 2}
{{}: 2}
!!python/object/apply:os.system ["true"]
!!python/tuple [1]
!local 1
*nobody
a: b: c
[1
"open
%YAML 1.1
@a
`a
{a: 1}}
--- a
# only a comment"""
documents = [
    "--- a\n...\n",
    "--- a\n...\n--- b\n",
    "- a\n- b:\n    c: d\n  e: |\n    x\n    y\n  f: >-\n    folded\n    text\n",
    "a:\n\t- b",
    "a: 1\nb: &b [1]\nc: *b\n",
    "a: 'it''s'\nb:\n- - 1\n  - 2\n",
]
lines = texts.split("\n")
texts = [text for line in lines[:3] for text in line.split()] + lines[3:] + documents


def reading(text):
    try:
        return {"text": text, "json": kombu_json.dumps(yaml.safe_load(text))}
    except Exception as error:
        return {"text": text, "error": type(error).__name__}


dumped = [{"json": kombu_json.dumps(value), "text": yaml.safe_dump(value)} for value in values]
with open(os.path.join(os.path.dirname(__file__), "yaml.json"), "w") as file:
    json.dump({"pyyaml": yaml.__version__, "dumped": dumped, "read": [reading(text) for text in texts]}, file, indent=1)
    file.write("\n")
