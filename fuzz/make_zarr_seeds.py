"""Writes the seeds of zarray_fuzz and zarr_codec_fuzz: python3 fuzz/make_zarr_seeds.py"""

import pathlib

import numcodecs
import numpy as np
import zarr

CORPUS = pathlib.Path(__file__).parent / "corpus"
IDS = {"blosc": 1, "zlib": 2, "gzip": 3, "zstd": 4, "lz4": 5, "bz2": 6, "lzma": 7}


def write(folder, name, data):
    (CORPUS / folder).mkdir(parents=True, exist_ok=True)
    (CORPUS / folder / name).write_bytes(data)


for i, (dtype, options) in enumerate([
    ("<f8", {}), ("?", {"order": "F"}), (">c16", {"fill_value": 1 - 2j}), ("S4", {"fill_value": b"ab"}),
    ("<U3", {"fill_value": "aé"}), ("<M8[25s]", {}), ("<f4", {"fill_value": float("nan")}),
    ([("a", "<i4"), ("b", [("c", "<f8", (2, 3))])], {"fill_value": None}),
    ("<i4", {"filters": [numcodecs.Delta("<i4", "<i2"), numcodecs.Shuffle(2)], "compressor": numcodecs.LZMA()}),
    ("<i2", {"compressor": numcodecs.LZ4(), "dimension_separator": "/"}), ("u1", {"compressor": None}),
]):
    store = {}
    zarr.create((5, 7), chunks=(2, 3), dtype=dtype, store=store, **options)
    write("zarray", f"{i:02}", store[".zarray"])
    if i == 0:
        group = {}
        zarr.group(group).create("x", shape=3, chunks=2)
        zarr.consolidate_metadata(group)
        write("zarray", "consolidated", group[".zmetadata"])

data = np.arange(300, dtype="<i4")
codecs = [numcodecs.Zlib(), numcodecs.GZip(), numcodecs.Zstd(), numcodecs.LZ4(), numcodecs.BZ2(),
          numcodecs.LZMA(preset=0), numcodecs.LZMA(format=2, preset=0)]
codecs += [numcodecs.Blosc(cname, 5, shuffle, blocksize) for cname in numcodecs.blosc.list_compressors()
           for shuffle in (0, 1, 2) for blocksize in (0, 256)]
for i, codec in enumerate(codecs):
    head = [IDS[codec.codec_id] + 8 * getattr(codec, "format", 0), (data.nbytes - 1) % 256, (data.nbytes - 1) // 256]
    write("zarr_codec", f"{i:02}_{codec.codec_id}", bytes(head) + bytes(codec.encode(data)))
