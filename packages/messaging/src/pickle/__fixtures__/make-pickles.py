"""Writes pickles.json: plain data as Python pickles it, in every protocol, and as Kombu writes it in JSON, where it can."""
import argparse
import base64
import collections
import datetime
import decimal
import json
import os
import pickle
import platform
import uuid
import zoneinfo

from kombu.utils import json as kombu_json

shared = [1]
values = [
    None,
    True,
    False,
    0,
    1,
    -1,
    255,
    65535,
    65536,
    -(2**31),
    2**53 - 1,
    2**63,
    -(2**63),
    2**70,
    -(2**2000),
    0.1,
    -0.0,
    1e100,
    5e-324,
    float("inf"),
    float("-inf"),
    float("nan"),
    "",
    "é世😀",
    "\\u0041\n\r\0\x1a'\"\\",
    "ab" * 200,
    b"",
    b"\xff\x00",
    bytes(range(256)) * 2,
    bytearray(b""),
    bytearray(b"\xff\x00"),
    [],
    [1, [2, []]],
    (),
    (1,),
    (1, 2),
    (1, 2, 3),
    (1, 2, 3, 4),
    {},
    {"a": [1, {"b": None}], "": ()},
    {1: "c", None: "b", 1.5: "d", True: "e"},
    {"__proto__": {"polluted": 1}, "constructor": 2},
    set(),
    {1},
    frozenset(),
    frozenset({"a"}),
    collections.OrderedDict(a=1, b=2),
    [shared, shared],
    datetime.datetime(2030, 1, 2, 3, 4, 5, 678901),
    datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc),
    datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.timezone(-datetime.timedelta(hours=3, minutes=30))),
    datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.timezone(datetime.timedelta(seconds=-1), "odd")),
    datetime.datetime(2030, 10, 27, 2, 30, fold=1),
    datetime.date(2030, 1, 2),
    datetime.time(3, 4, 5, 6),
    datetime.time(3, 4, tzinfo=datetime.timezone.utc),
    decimal.Decimal("1.10"),
    decimal.Decimal("NaN"),
    uuid.UUID("12345678-1234-4234-8234-123456789012"),
    uuid.UUID(int=5),
    [uuid.UUID(int=5)] * 2,
    {uuid.UUID(int=5): datetime.date(2030, 1, 2)},
    ([2, 3], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}),
]


def in_json(value):
    try:
        return kombu_json.dumps(value)
    except TypeError:
        return None


class Hostile:
    def __init__(self, *call):
        self.call = call

    def __reduce__(self):
        return self.call


pickles = [
    {"repr": repr(value), "json": in_json(value), "protocols": [base64.b64encode(pickle.dumps(value, protocol)).decode() for protocol in range(6)]}
    for value in values
]
hostile = {
    "os.system": Hostile(os.system, ("true",)),
    "eval": Hostile(eval, ("1",)),
    "getattr": Hostile(getattr, ("", "format")),
    "an exception": ValueError("x"),
    "an object with state": argparse.Namespace(a=1),
    "a class": dict,
    "a class of data": decimal.Decimal,
    "a function": os.path.join,
    "a time span": datetime.timedelta(1),
    "a time zone": datetime.timezone.utc,
    "a zone by name": datetime.datetime(2030, 1, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Vienna")),
    "a complex number": 1j,
    "a range": range(3),
    "a tuple as key": {(1, 2): 3},
    "bytes as key": {b"a": 3},
}
circular = []
circular.append(circular)
hostile["a circular list"] = circular
hostile = [
    {"what": what, "protocols": [base64.b64encode(pickle.dumps(value, protocol)).decode() for protocol in range(6)]}
    for what, value in hostile.items()
]
with open(os.path.join(os.path.dirname(__file__), "pickles.json"), "w") as file:
    json.dump({"python": platform.python_version(), "pickles": pickles, "hostile": hostile}, file, indent=1)
    file.write("\n")
