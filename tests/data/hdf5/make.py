"""Makes the files of this folder: HDF5's old format, as h5py writes it by default, without checksums.

h5py 3.7.0 with HDF5 1.10.8 made those that are here. Their bytes count: old_format_test.cpp changes some by place.
"""

import pathlib

import h5py
import numpy as np

HERE = pathlib.Path(__file__).parent
A = np.arange(70.0).reshape(10, 7)
P = np.dtype([("x", "<f4"), ("y", ">f8", (2,)), ("n", [("a", "<i2"), ("s", "S3")])])
POINTS = np.frombuffer(np.random.RandomState(1).bytes(P.itemsize * 9), P)


def make(name, **options):
    with h5py.File(HERE / f"{name}.h5", "w") as f:
        f.create_dataset("dask_arrays", **options)


def make_low(name, h5_type, shape, properties, data):
    with h5py.File(HERE / f"{name}.h5", "w") as f:
        space = h5py.h5s.create_simple(shape)
        h5py.Dataset(h5py.h5d.create(f.id, b"dask_arrays", h5_type, space, properties))[...] = data


make("contiguous", data=A)
make("chunked", data=A, chunks=(3, 4))
make("gzip", data=A, chunks=(3, 4), compression="gzip", shuffle=True)
make("string", data=np.array([b"ab", b"cdefg"] * 5), chunks=(4,), fillvalue=b"xy")
make("compound", data=POINTS, chunks=(4,), fillvalue=np.zeros((), P))
make("bool", data=np.arange(12) % 2 == 0, chunks=(5,))
make("scaleoffset", data=A.astype("i4"), chunks=(3, 4), scaleoffset=0)

with h5py.File(HERE / "attributes.h5", "w") as f:
    attributes = f.create_dataset("dask_arrays", data=A[0]).attrs
    for i, value in enumerate([np.arange(3), "text", b"b" * 20, 1.5, np.zeros(2, P), True, h5py.Empty("i4")]):
        attributes[f"a{i}"] = value
    attributes["dtype"] = np.bytes_("hello")
with h5py.File(HERE / "nested.h5", "w") as f:
    f.create_group("a/b/c").create_dataset("d", data=A, chunks=(5, 5))
    f["dask_arrays"] = h5py.SoftLink("/a/b/c/d")
    f["outside"] = h5py.ExternalLink("chunked.h5", "/dask_arrays")
with h5py.File(HERE / "committed.h5", "w") as f:
    f["type"] = P
    f.create_dataset("dask_arrays", data=np.zeros(5, P), dtype=f["type"])
    f["dask_arrays"].attrs.create("a", np.zeros(2, P), dtype=f["type"])
with h5py.File(HERE / "virtual.h5", "w") as f:
    f.create_dataset("source", data=A)
    layout = h5py.VirtualLayout((10, 7), "<f8")
    layout[:5] = h5py.VirtualSource(".", "source", (10, 7))[:5]
    f.create_virtual_dataset("dask_arrays", layout)

properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
properties.set_layout(h5py.h5d.COMPACT)
make_low("compact", h5py.h5t.IEEE_F64LE, (5,), properties, np.arange(5.0))
properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
properties.set_chunk((4,))
properties.set_filter(5, 0, ())
bits = h5py.h5t.STD_I32LE.copy()
bits.set_precision(17)
bits.set_offset(4)
make_low("nbit", bits, (9,), properties, np.arange(9))
