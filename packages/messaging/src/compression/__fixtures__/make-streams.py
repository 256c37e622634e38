"""Writes streams.json: what Python's compressors make of some texts, with the settings that Kombu uses and with others."""
import base64
import bz2
import json
import lzma
import os
import random

from backports import zstd

rng = random.Random(1)
noise = bytes(rng.randrange(256) for _ in range(3000))
texts = {
    "nothing": b"",
    "a byte": b"a",
    "the same byte": b"a" * 10_000,
    "a run of four": b"aaaab",
    "all bytes": bytes(range(256)) * 2,
    "a document": json.dumps([{"id": n, "name": f"order {n}", "done": n % 3 == 0} for n in range(200)]).encode(),
    "noise": noise,
}


def zstd_streamed(text):
    """Without its size, as one writes who does not know it before."""
    compressor = zstd.ZstdCompressor()
    return compressor.compress(text) + compressor.flush()


writers = {
    "bzip2": {"default": bz2.compress, "level 1": lambda text: bz2.compress(text, 1)},
    "lzma": {
        "default": lzma.compress,
        "highest": lambda text: lzma.compress(text, preset=9 | lzma.PRESET_EXTREME),
        "without a check": lambda text: lzma.compress(text, check=lzma.CHECK_NONE),
        "with a hash": lambda text: lzma.compress(text, check=lzma.CHECK_SHA256),
    },
    "zstd": {
        "default": zstd.compress,
        "level 19": lambda text: zstd.compress(text, 19),
        "with a checksum": lambda text: zstd.compress(text, options={zstd.CompressionParameter.checksum_flag: 1}),
    },
}
refused = {
    "lzma": {
        "of an older container": lzma.compress(b"abc", format=lzma.FORMAT_ALONE),
        "with another filter": lzma.compress(
            b"abc", filters=[{"id": lzma.FILTER_DELTA, "dist": 1}, {"id": lzma.FILTER_LZMA2, "preset": 6}]
        ),
        "with a dictionary of 128 MiB": lzma.compress(
            b"abc", filters=[{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 27}]
        ),
    },
    "zstd": {
        "with a dictionary": zstd.compress(b"abc" * 10, zstd_dict=zstd.train_dict([noise[n : n + 60] for n in range(0, 2900, 10)], 1000)),
    },
}


def encoded(value):
    return base64.b64encode(value).decode()


document = {
    "texts": {name: encoded(text) for name, text in texts.items()},
    "streams": [
        {"format": name, "writer": writer, "text": text, "stream": encoded(write(texts[text]))}
        for name, ways in writers.items()
        for writer, write in ways.items()
        for text in texts
        if text != "noise" or writer == "default"
    ],
    "refused": [
        {"format": name, "why": why, "stream": encoded(stream)} for name, cases in refused.items() for why, stream in cases.items()
    ],
    "streamed": encoded(zstd_streamed(texts["a document"])),
}
with open(os.path.join(os.path.dirname(__file__), "streams.json"), "w") as file:
    json.dump(document, file, indent=1)
    file.write("\n")
