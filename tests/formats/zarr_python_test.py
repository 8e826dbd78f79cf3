"""Zarr arrays: zarr-python and dask read what this library writes, and the other way round.

The program zarr_probe writes and reads them; see its source for the form of questions.
"""

import base64
import hashlib
import json
import os
import pathlib

import dask.array as da
import numcodecs
import numpy as np
import pytest
import zarr

import probing
from probing import (
    CORRUPT, NOT_FOUND, OPAQUE, PLAIN, ProbeError, UNSUPPORTED, from_words, parse_chunks, regular,
    some, words,
)

GOLDEN = pathlib.Path(os.environ["FUNCTIONFUSE_TEST_DATA"]) / "golden"


class Probe(probing.Probe):
    def __init__(self):
        super().__init__("zarr_probe")

    def write(self, path, a, chunks, codec="blosc", level=5, cname="lz4", shuffle=1, order="C", separator="."):
        text = ";".join(",".join(map(str, axis)) for axis in chunks) or "-"
        self.ask("write", path, words(a.dtype), text, codec, level, cname, shuffle, order, separator, a.tobytes().hex())

    def read(self, path, array="", sparse=False):
        dtype, chunks, stored, codec, filters, checksums, data = self.ask("read", path, array, int(sparse))
        return Array(from_words(iter(dtype.split())), parse_chunks(chunks), tuple(map(int, stored.split(",")[:-1])),
                     codec, filters.split(";") if filters else [], checksums == "1", bytes.fromhex(data))


class Array(probing.Array):
    def __init__(self, dtype, chunks, stored, codec, filters, checksums, data):
        super().__init__(dtype, chunks, data)
        self.stored, self.codec, self.filters, self.checksums = stored, codec, filters, checksums


@pytest.fixture(scope="module")
def probe():
    p = Probe()
    yield p
    p.close()


STRUCTURED = [
    [("a", "<i4"), ("b", "<f8")],
    [("a", ">i4"), ("b", "?"), ("c", "<c16"), ("d", "S3"), ("e", "V2")],
    [("n", [("a", "<i2"), ("b", ">i4")]), ("sub", "<f8", (2, 3))],
    [("n", [("deep", [("er", "<f2", (2,))]), ("x", "u1")], (2,))],
    [("ä", "<i4"), ("with space", "<i4")],
    [("t", "<M8[ns]"), ("u", "<U3", (2,))],
]
DTYPES = PLAIN + OPAQUE + STRUCTURED
# zarr-python does not write a datetime64 without a unit.
THEIR_DTYPES = [d for d in DTYPES if d != "<M8"]
# Six bytes of a float128 are not used, and hold anything; dask has trouble with rank 0 of the last one.
DETERMINATE = [d for d in THEIR_DTYPES if d not in ("<f16", ">f16", "<c32", ">c32", STRUCTURED[-1])]

SHAPES = [
    ((), ()),
    ((7,), (3,)),
    ((6,), (6,)),
    ((5, 7), (3, 4)),
    ((4, 6), (1, 6)),
    ((2, 3, 4), (2, 2, 2)),
    ((3, 2, 2, 3), (2, 1, 2, 2)),
    ((2, 2, 1, 3, 2), (1, 2, 1, 2, 2)),
    ((2, 1, 2, 2, 1, 3), (1, 1, 2, 1, 1, 2)),
]


def check_with_zarr(path, a, chunks):
    z = zarr.open(str(path), mode="r")
    assert z.shape == a.shape
    assert z.dtype == a.dtype
    assert z[...].tobytes() == a.tobytes()
    assert z.chunks == tuple(max(*axis, 1) for axis in chunks)
    return z


def text_of(path):
    return (path / ".zarray").read_text()


# ------------------------------------------------------------------------------ what is written here


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_dtype(probe, tmp_path, dtype):
    dtype = np.dtype(dtype)
    for i, (shape, chunk) in enumerate(SHAPES):
        a = some(dtype, shape, i)
        chunks = regular(shape, chunk)
        path = tmp_path / str(i)
        probe.write(path, a, chunks)
        check_with_zarr(path, a, chunks)
        back = probe.read(path)
        assert back.same_as(a)
        assert back.chunks == chunks and back.stored == chunk
        assert back.checksums
        assert back.codec == ("blosc lz4 5, shuffle 1" if shape else "")


@pytest.mark.parametrize("dtype", DETERMINATE, ids=str)
def test_same_bytes_as_dask(probe, tmp_path, dtype):
    """Metadata and chunks are those that dask.array.to_zarr writes, which the original calls."""
    dtype = np.dtype(dtype)
    for i, (shape, chunk) in enumerate(SHAPES):
        a = some(dtype, shape, i)
        theirs, ours = tmp_path / f"{i}.theirs", tmp_path / f"{i}.ours"
        da.from_array(a, chunks=chunk).to_zarr(str(theirs))
        probe.write(ours, a, regular(shape, chunk))
        names = sorted(p.name for p in theirs.iterdir())
        assert sorted(p.name for p in ours.iterdir()) == sorted([*names, ".functionfuse"])
        for name in names:
            expected = (theirs / name).read_bytes()
            if name == ".zarray":  # which later versions of zarr-python say too
                expected = expected.replace(b'    "dimension_separator": ".",\n', b"")
            assert (ours / name).read_bytes() == expected, name


CODECS = [("", 5, "", 0), ("zlib", 1, "", 0), ("zlib", 9, "", 0), ("gzip", 3, "", 0), ("zstd", 1, "", 0),
          ("zstd", -5, "", 0), ("zstd", 19, "", 0), ("lz4", 1, "", 0), ("lz4", 20, "", 0), ("bz2", 1, "", 0),
          ("bz2", 9, "", 0), ("lzma", -1, "", 0), ("lzma", 0, "", 0), ("lzma", 9, "", 0)]
CODECS += [("blosc", level, cname, shuffle) for cname in numcodecs.blosc.list_compressors()
           for level in (0, 1, 5, 9) for shuffle in (0, 1, 2, -1)]


@pytest.mark.parametrize("codec", CODECS, ids=str)
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("separator", [".", "/"])
def test_every_codec(probe, tmp_path, codec, order, separator):
    codec, level, cname, shuffle = codec
    ramp = np.arange(60 * 70, dtype="<i4").reshape(60, 70)
    for i, a in enumerate([ramp, some("<f8", (5, 7)), some("u1", (300,)), some("<f4", ())]):
        chunk = tuple(max(n * 2 // 3, 1) for n in a.shape)
        path = tmp_path / str(i)
        probe.write(path, a, regular(a.shape, chunk), codec, level, cname, shuffle, order, separator)
        z = check_with_zarr(path, a, regular(a.shape, chunk))
        assert z.order == order
        assert (z.compressor is None) == (codec == "" or not a.shape)
        if z.compressor is not None:
            assert z.compressor.codec_id == codec
        assert probe.read(path).same_as(a)


def test_shape_and_chunks_without_elements(probe, tmp_path):
    for i, shape in enumerate([(0,), (0, 5), (5, 0), (3, 0, 2)]):
        for dtype in ["<f8", "?", "S3", "<U2", "<M8[ns]", [("a", "<i4")]]:
            a = np.zeros(shape, dtype)
            path = tmp_path / f"{i}{np.dtype(dtype).str}"
            chunks = regular(shape, (2,) * a.ndim)
            probe.write(path, a, chunks)
            check_with_zarr(path, a, chunks)
            back = probe.read(path)
            assert back.same_as(a) and back.chunks == chunks
            assert sorted(p.name for p in path.iterdir()) == [".functionfuse", ".zarray"]


@pytest.mark.parametrize("dtype", ["S0", "<U0", "V0", []], ids=str)
@pytest.mark.parametrize("shape", [(), (3,), (2, 5)])
def test_elements_without_bytes(probe, tmp_path, dtype, shape):
    dtype = np.dtype(dtype)
    chunks = regular(shape, (2,) * len(shape))
    text = ";".join(",".join(map(str, axis)) for axis in chunks) or "-"
    probe.ask("write", tmp_path / "x", words(dtype), text, "blosc", 5, "lz4", 1, "C", ".", "")
    back = probe.read(tmp_path / "x")
    assert (back.dtype, back.shape, back.chunks, back.data) == (dtype, shape, chunks, b"")
    assert zarr.open(str(tmp_path / "x"), mode="r").shape == shape


@pytest.mark.parametrize("chunks", [
    ((3, 1, 3),), ((1, 2, 3, 4),), ((5, 0, 2),), ((1, 3, 1), (4, 1, 2)), ((4,), (1, 2)), ((2, 2), (3, 1), (1, 1, 5)),
])
def test_irregular_chunks(probe, tmp_path, chunks):
    shape = tuple(map(sum, chunks))
    a = some("<f8", shape)
    probe.write(tmp_path / "x", a, chunks)
    check_with_zarr(tmp_path / "x", a, chunks)
    back = probe.read(tmp_path / "x")
    assert back.same_as(a)
    assert back.chunks == chunks
    assert back.stored == tuple(map(max, chunks))


def test_dtypes_that_numpy_cannot_describe(probe, tmp_path):
    """A gap in a structured dtype is a field of zarr-python's; here it stays a gap."""
    gap = np.dtype({"names": ["a", "b"], "formats": ["<i4", "<f8"], "offsets": [8, 16], "itemsize": 40})
    a = some(gap, (5,))
    probe.write(tmp_path / "gap", a, regular(a.shape, (2,)))
    assert probe.read(tmp_path / "gap").same_as(a)
    z = zarr.open(str(tmp_path / "gap"), mode="r")
    assert (z["a"] == a["a"]).all() and (z["b"] == a["b"]).all()
    for layout in [{"names": ["b", "a"], "formats": ["<i4", "<f8"], "offsets": [8, 0], "itemsize": 12},
                   {"names": ["a", "b"], "formats": ["<i4", "<i4"], "offsets": [0, 2], "itemsize": 8}]:
        a = np.zeros(5, layout)
        with pytest.raises(ProbeError, match="not in the order") as e:
            probe.write(tmp_path / "order", a, regular(a.shape, (2,)))
        assert e.value.code == UNSUPPORTED
    assert sorted(p.name for p in tmp_path.iterdir()) == ["gap"]


def test_many_small_chunks(probe, tmp_path):
    a = np.arange(5000, dtype="<u2")
    probe.write(tmp_path / "x", a, regular(a.shape, (1,)))
    check_with_zarr(tmp_path / "x", a, regular(a.shape, (1,)))
    assert probe.read(tmp_path / "x").same_as(a)
    assert (tmp_path / "x" / ".functionfuse").stat().st_size == 32 + 8 * 5000 + 8


def test_a_save_takes_only_a_free_place(probe, tmp_path):
    a = np.arange(3.0)
    (tmp_path / "empty").mkdir()
    probe.write(tmp_path / "empty", a, ((2, 1),))
    with pytest.raises(ProbeError, match="already"):
        probe.write(tmp_path / "empty", a, ((2, 1),))
    (tmp_path / "file").write_text("x")
    with pytest.raises(ProbeError, match="already"):
        probe.write(tmp_path / "file", a, ((2, 1),))
    with pytest.raises(ProbeError, match="codec"):
        probe.write(tmp_path / "other", a, ((2, 1),), codec="zip")
    with pytest.raises(ProbeError, match="level 12"):
        probe.write(tmp_path / "other", a, ((2, 1),), level=12)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["empty", "file"]


# ------------------------------------------------------------------------- what zarr-python has written


@pytest.mark.parametrize("dtype", THEIR_DTYPES, ids=str)
@pytest.mark.parametrize("order", ["C", "F"])
def test_reads_every_dtype(probe, tmp_path, dtype, order):
    fill = None if np.dtype(dtype).kind in "VM" else 0  # zarr-python cannot compare all of these with 0
    for i, (shape, chunk) in enumerate(SHAPES):
        a = np.asarray(some(dtype, shape, i), dtype)
        z = zarr.open(str(tmp_path / str(i)), mode="w", shape=shape, chunks=chunk, dtype=dtype, order=order,
                      fill_value=fill)
        z[...] = a
        back = probe.read(tmp_path / str(i))
        assert back.same_as(a)
        assert back.chunks == regular(shape, chunk)
        assert not back.checksums


COMPRESSORS = [
    None, numcodecs.Zlib(0), numcodecs.Zlib(9), numcodecs.GZip(5), numcodecs.BZ2(1), numcodecs.BZ2(9), numcodecs.LZ4(),
    numcodecs.LZ4(50), numcodecs.Zstd(1), numcodecs.Zstd(22), numcodecs.LZMA(), numcodecs.LZMA(preset=1, check=0),
    numcodecs.LZMA(check=1), numcodecs.LZMA(check=10), numcodecs.LZMA(preset=9), numcodecs.LZMA(format=2),
    *[numcodecs.Blosc(cname, level, shuffle, size) for cname in numcodecs.blosc.list_compressors()
      for level in (0, 1, 9) for shuffle in (-1, 0, 1, 2) for size in (0, 512)],
]


@pytest.mark.parametrize("compressor", COMPRESSORS, ids=str)
@pytest.mark.parametrize("separator", [".", "/"])
def test_reads_every_compressor(probe, tmp_path, compressor, separator):
    ramp = np.arange(60 * 70, dtype="<i8").reshape(60, 70)
    for i, a in enumerate([ramp, ramp.astype("u1"), some("<f8", (5, 7)), some("<u2", (1,)), some("S300", (9,))]):
        z = zarr.open(str(tmp_path / str(i)), mode="w", shape=a.shape, chunks=tuple(n * 2 // 3 + 1 for n in a.shape),
                      dtype=a.dtype, compressor=compressor, dimension_separator=separator)
        z[...] = a
        assert probe.read(tmp_path / str(i)).same_as(a)


@pytest.mark.parametrize("filters", [
    [numcodecs.Delta("<i4")], [numcodecs.Delta("<i4", "<i2")], [numcodecs.Delta(">i4", ">i8")], [numcodecs.Delta("<u1")],
    [numcodecs.Shuffle(4)], [numcodecs.Shuffle(1 << 2), numcodecs.Shuffle(8)],
    [numcodecs.Delta("<i4", "<i8"), numcodecs.Shuffle(8)],
    [numcodecs.Delta("<i4"), numcodecs.Delta("<i4"), numcodecs.Shuffle(2)],
], ids=str)
@pytest.mark.parametrize("compressor", [None, numcodecs.Zstd()], ids=str)
@pytest.mark.parametrize("order", ["C", "F"])
def test_reads_filters(probe, tmp_path, filters, compressor, order):
    dtype = filters[0].dtype if isinstance(filters[0], numcodecs.Delta) else "<i4"
    for i, (shape, chunk) in enumerate([((7,), (4,)), ((6, 8), (4, 4)), ((4, 4), (4, 4))]):
        a = (np.arange(np.prod(shape)) * 7 % 100).astype(dtype).reshape(shape)
        z = zarr.open(str(tmp_path / str(i)), mode="w", shape=shape, chunks=chunk, dtype=dtype, filters=filters,
                      compressor=compressor, order=order)
        z[...] = a
        back = probe.read(tmp_path / str(i))
        assert back.same_as(z[...]) and back.same_as(a)
        assert len(back.filters) == len(filters)


@pytest.mark.parametrize("dtype, astype", [("<f8", "<f8"), ("<f4", "<f4"), ("<f8", "<f4"), (">f8", "<f4"), ("<f8", "<i2")])
def test_reads_deltas_of_floats(probe, tmp_path, dtype, astype):
    a = (np.arange(50) * 0.37).astype(dtype) if astype[1] == "f" else np.arange(50).astype(dtype)
    z = zarr.open(str(tmp_path / "x"), mode="w", shape=a.shape, chunks=20, dtype=dtype,
                  filters=[numcodecs.Delta(dtype, astype)])
    z[...] = a
    assert probe.read(tmp_path / "x").same_as(z[...])


def test_reads_what_is_not_c_contiguous_of_others(probe, tmp_path):
    a = some("<i4", (40, 30))
    z = zarr.open(str(tmp_path / "x"), mode="w", shape=(40, 30), chunks=(100, 7), dtype="<i4")
    z[...] = a
    back = probe.read(tmp_path / "x")
    assert back.same_as(a) and back.stored == (100, 7) and back.chunks == regular((40, 30), (40, 7))


def test_a_slice_reads_its_chunks_only(probe, tmp_path):
    a = np.arange(100.0)
    zarr.open(str(tmp_path / "x"), mode="w", shape=(100,), chunks=10, dtype="<f8")[...] = a
    for i in (0, 1, 2, 3, 5, 6, 7, 8, 9):
        (tmp_path / "x" / str(i)).write_bytes(b"nothing that could be read")
    assert bytes.fromhex(*probe.ask("slice", tmp_path / "x", "", 41, 49)) == a[41:49].tobytes()


FILLS = [("<f8", 1.5), ("<f4", np.nan), (">f8", np.inf), ("<f2", -np.inf), ("<c16", 1 + 2j), (">c8", 3 - 4j),
         ("<i4", -7), (">u8", 2**64 - 1), ("i1", -128), ("?", True), ("S4", b"ab"), ("S3", b"\xff\x00\x01"), ("<U4", "aé漢"),
         (">U3", "😀b"), ("<M8[ns]", np.datetime64("2020-01-01", "ns")), ("<M8[D]", np.datetime64("NaT")),
         (">m8[s]", np.timedelta64(-5, "s")), ("<f8", 0), ("<f16", 0.25)]


@pytest.mark.parametrize("dtype, fill", FILLS, ids=str)
def test_fill_values(probe, tmp_path, dtype, fill):
    for order in "CF":
        path = tmp_path / order
        z = zarr.open(str(path), mode="w", shape=(5, 7), chunks=(2, 3), dtype=dtype, fill_value=fill, order=order)
        z[2:4, 3:6] = some(dtype, (2, 3))
        with pytest.raises(ProbeError, match=r"chunk \(\d, \d\), key \d\.\d: it is not there.*sparse") as e:
            probe.read(path)
        assert e.value.code == CORRUPT
        assert probe.read(path, sparse=True).same_as(z[...])


@pytest.mark.parametrize("dtype", ["V3", [("a", "<i4"), ("b", ">f8")]], ids=str)
def test_fill_values_in_base64(probe, tmp_path, dtype):
    zarr.open(str(tmp_path / "x"), mode="w", shape=(5,), chunks=2, dtype=dtype, fill_value=None)
    fill = some(dtype, (1,))
    text = json.loads(text_of(tmp_path / "x"))
    text["fill_value"] = base64.b64encode(fill.tobytes()).decode()
    (tmp_path / "x" / ".zarray").write_text(json.dumps(text))
    assert probe.read(tmp_path / "x", sparse=True).same_as(zarr.open(str(tmp_path / "x"), mode="r")[...])
    assert probe.read(tmp_path / "x", sparse=True).same_as(fill.repeat(5))


def test_no_fill_value(probe, tmp_path):
    zarr.open(str(tmp_path / "x"), mode="w", shape=(5,), chunks=2, dtype="<f8", fill_value=None)
    with pytest.raises(ProbeError, match="fill_value is null"):
        probe.read(tmp_path / "x", sparse=True)


def test_groups_and_consolidated_metadata(probe, tmp_path):
    root = zarr.open_group(str(tmp_path / "g"), mode="w")
    root.create_dataset("x", data=np.arange(5.0), chunks=2)
    root.create_dataset("deep/er/y", data=np.arange(6, dtype="<i2"), chunks=4)
    assert probe.read(tmp_path / "g", "x").same_as(np.arange(5.0))
    assert probe.read(tmp_path / "g", "/deep/er/y/").same_as(np.arange(6, dtype="<i2"))
    for array in ("", "z"):
        with pytest.raises(ProbeError, match="there are: deep/er/y, x") as e:
            probe.read(tmp_path / "g", array)
        assert e.value.code == NOT_FOUND
    zarr.consolidate_metadata(str(tmp_path / "g"))
    with pytest.raises(ProbeError, match="there are: deep/er/y, x"):
        probe.read(tmp_path / "g", "z")
    (tmp_path / "g" / "x" / ".zarray").unlink()
    assert probe.read(tmp_path / "g", "x").same_as(np.arange(5.0))
    with pytest.raises(ProbeError, match="no Zarr array at") as e:
        probe.read(tmp_path / "nowhere")
    assert e.value.code == NOT_FOUND


def test_what_is_not_read(probe, tmp_path):
    def refused(match, **options):
        z = zarr.open(str(tmp_path / "x"), mode="w", shape=(4,), chunks=2, **options)
        z[...] = 1
        with pytest.raises(ProbeError, match=match) as e:
            probe.read(tmp_path / "x")
        assert e.value.code == UNSUPPORTED
        assert "x/.zarray" in str(e.value)

    refused('filter "fixedscaleoffset"', dtype="<f8", filters=[numcodecs.FixedScaleOffset(0, 1, "<f8")])
    refused('filter "crc32"', dtype="<f8", filters=[numcodecs.CRC32()])
    refused('compressor "base64"', dtype="<f8", compressor=numcodecs.Base64())
    refused("Python objects", dtype=object, object_codec=numcodecs.Pickle())
    refused("lzma with filters", dtype="<f8", compressor=numcodecs.LZMA(
        filters=[{"id": 3, "dist": 4}, {"id": 33, "preset": 1}]))
    (tmp_path / "v3").mkdir()
    (tmp_path / "v3" / "zarr.json").write_text("{}")
    with pytest.raises(ProbeError, match="version 3") as e:
        probe.read(tmp_path / "v3")
    assert e.value.code == UNSUPPORTED


# ------------------------------------------------------------------------------ others change an array


def test_written_to_by_zarr_python(probe, tmp_path):
    a = np.arange(20.0)
    probe.write(tmp_path / "x", a, regular(a.shape, (6,)))
    zarr.open(str(tmp_path / "x"), mode="r+")[7] = 100
    with pytest.raises(ProbeError, match=r"chunk \(1,\), key 1: .*remove .*/x/.functionfuse"):
        probe.read(tmp_path / "x")
    (tmp_path / "x" / ".functionfuse").unlink()
    a[7] = 100
    assert probe.read(tmp_path / "x").same_as(a)


def test_appended_to_by_zarr_python(probe, tmp_path):
    a = np.arange(20.0)
    probe.write(tmp_path / "x", a, regular(a.shape, (6,)))
    zarr.open(str(tmp_path / "x"), mode="r+").append(np.arange(3.0))
    with pytest.raises(ProbeError, match=r"another program has changed the array.*Remove .*/x/.functionfuse") as e:
        probe.read(tmp_path / "x")
    assert e.value.code == CORRUPT
    (tmp_path / "x" / ".functionfuse").unlink()
    assert probe.read(tmp_path / "x").same_as(np.concatenate([a, np.arange(3.0)]))


def test_copied_and_overwritten_by_zarr_python(probe, tmp_path):
    a = np.arange(20.0)
    probe.write(tmp_path / "x", a, ((5, 15),))
    zarr.copy_store(zarr.DirectoryStore(str(tmp_path / "x")), zarr.DirectoryStore(str(tmp_path / "y")))
    back = probe.read(tmp_path / "y")
    assert back.same_as(a) and back.checksums and back.chunks == ((5, 15),)
    zarr.save(str(tmp_path / "x"), a + 1)
    assert probe.read(tmp_path / "x").same_as(a + 1)


# ------------------------------------------------------------------------------ the original's arrays


def golden_arrays():
    manifest = json.loads((GOLDEN / "manifest.json").read_text())
    for entry in manifest["entries"]:
        if entry["storage"] != "s3" or not entry.get("persistent_ids"):
            continue
        found = []

        def walk(x):
            if isinstance(x, dict):
                if x.get("t") == "dask.array":
                    found.append(x)
                    return
                x = x.values()
            if isinstance(x, (list, type({}.values()))):
                for part in x:
                    walk(part)

        walk(entry["expected"])
        yield entry, found


def test_golden(probe, tmp_path):
    count = 0
    for entry, arrays in golden_arrays():
        ids = [filename for _, (_, filename) in entry["persistent_ids"]]
        assert len(ids) == len(arrays), entry["task"]
        group = GOLDEN / "s3" / "golden" / "st" / entry["workflow"] / "bigdata" / "dask_arrays"
        for name, expected in zip(ids, arrays):
            back = probe.read(group, name)
            value = expected["value"]
            assert list(back.shape) == value["shape"]
            assert hashlib.sha256(back.data).hexdigest() == value["c_order_sha256"], entry["task"]
            if "c_order_b64" in value:
                assert base64.b64decode(value["c_order_b64"]) == back.data
            assert list(back.stored) == expected["chunksize_stored"]
            assert not back.checksums
            # Written again it is the same, byte for byte.
            a = np.frombuffer(back.data, back.dtype).reshape(back.shape)
            copy = tmp_path / str(count)
            probe.write(copy, a, back.chunks)
            for file in (group / name).iterdir() if back.dtype != "<f16" else []:
                assert (copy / file.name).read_bytes() == file.read_bytes(), (entry["task"], file.name)
            count += 1
    assert count > 30


def test_the_example_of_the_documentation(probe, tmp_path):
    a = np.arange(6, dtype="<i2").reshape(2, 3)
    probe.write(tmp_path / "x", a, ((2,), (1, 2)), codec="")
    record = (tmp_path / "x" / ".functionfuse").read_bytes()
    assert record.hex(" ", 8).split() == [
        "46465a6172723031", "70a92a72155b3d25", "0200000000000000", "0500000000000000", "7bb01d8374681674",
        "834d3d15b3e06a8f", "0100000000000000", "0200000000000000", "0200000000000000", "0100000000000000",
        "0200000000000000", "e9ae2f1804385d65"]
    assert (tmp_path / "x" / "0.0").read_bytes().hex(" ", 4) == "00000100 03000400"
    assert (tmp_path / "x" / "0.1").read_bytes().hex(" ", 4) == "02000000 05000000"
    probe.write(tmp_path / "y", a, ((2,), (2, 1)))
    assert (tmp_path / "y" / "0.0").read_bytes().hex(" ", 4) == "02013302 08000000 08000000 18000000 00000100 03000400"
