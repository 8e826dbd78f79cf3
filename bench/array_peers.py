"""What dask and h5py of the system need for what array_bench.cpp does; the same lines `name<TAB>number`."""

import os
import subprocess
import sys

import dask
import dask.array as da
import dask.threaded
import h5py
import numpy as np

from report import report, seconds


def save(path, array):
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset("x", array.shape, array.dtype, chunks=array.chunksize)
        da.store(array, dataset)


def compute(folder):
    large = da.random.random((20_000, 20_000), chunks=2_000)
    report("sum of 20,000 x 20,000 random numbers", seconds(lambda: large.sum().compute())[0])
    path = os.path.join(folder, "x.h5")
    report("x * x + 1 of them into HDF5", seconds(lambda: save(path, large * large + 1))[0])
    os.remove(path)
    small = da.random.random((4_000, 4_000), chunks=40)
    report("sum of 10,000 chunks of 40 x 40, a chunk", seconds(lambda: small.sum().compute())[0] * 1e6 / 10_000)
    tasks = {("x", i): (abs, i) for i in range(100_000)}
    elapsed, _ = seconds(lambda: dask.threaded.get(tasks, list(tasks)))
    report("100,000 trivial tasks, a task", elapsed * 1e6 / 100_000)


def files(folder):
    count = 1 << 27
    numbers = np.arange(count, dtype="f8")
    path = os.path.join(folder, "x.h5")
    for size, chunk in (("16 MiB", 2 << 20), ("1 MiB", 128 << 10), ("256 KiB", 32 << 10)):
        what = f"1 GiB in chunks of {size}, "
        array = da.from_array(numbers, chunks=chunk)

        def saved():
            save(path, array)
            with open(path) as file:  # as ours: on the disk when it returns
                os.fsync(file.fileno())

        report(what + "save", seconds(saved)[0])
        with h5py.File(path) as file:
            stored = da.from_array(file["x"], chunks=chunk)
            elapsed, total = seconds(lambda: stored.sum().compute())
            assert total == count * (count - 1) / 2
            report(what + "read and sum", elapsed)
        with h5py.File(path) as file:
            report(what + "read whole", seconds(lambda: da.from_array(file["x"], chunks=chunk).compute())[0])
        os.remove(path)


def dd(folder):
    """Zeros of the same size, synced as ours."""
    path = os.path.join(folder, "x")
    command = ["dd", "if=/dev/zero", f"of={path}", "bs=1M", "count=1024", "conv=fsync", "status=none"]
    for size in ("16 MiB", "1 MiB", "256 KiB"):
        report(f"1 GiB in chunks of {size}, save", seconds(lambda: subprocess.run(command, check=True))[0])
        os.remove(path)


if __name__ == "__main__":
    {"compute": compute, "files": files, "dd": dd}[sys.argv[1]](sys.argv[2])
