"""Runs every benchmark in turns with its peer, several rounds, and prints a table of medians.

    bash scripts/bench.sh [--rounds N] [--disk FOLDER] [--markdown]

Ratios are peer / ours in one round's figures, then the median over the rounds: the machine may be
noisy, but both sides have the same noise. A goal is what the project has set itself."""

import argparse
import collections
import datetime
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ["FUNCTIONFUSE_BUILD"]

# name of the figure, unit, peer, goal for peer / ours (or for ours alone, as "<= x")
ROWS = [
    ("graphs", "chain, build", "us", "python", "<= 0.5"),
    ("graphs", "chain, run", "us", "python", "<= 0.2"),
    ("graphs", "fan-out, build", "us", "python", "<= 0.5"),
    ("graphs", "fan-out, run", "us", "python", "<= 0.2"),
    ("graphs", "random DAG, build", "us", "python", "<= 0.5"),
    ("graphs", "random DAG, run", "us", "python", "<= 0.2"),
    ("graphs", "chain, all", "us", "oneTBB", None),
    ("graphs", "fan-out, all", "us", "oneTBB", None),
    ("graphs", "random DAG, all", "us", "oneTBB", None),
    ("pickles", "list of 1e6 floats, out", "ms", "python", 3),
    ("pickles", "list of 1e6 floats, in", "ms", "python", 3),
    ("pickles", "dict of 1e5 str to int as Value, out", "ms", "python", 2),
    ("pickles", "dict of 1e5 str to int as Value, in", "ms", "python", 2),
    ("pickles", "map of 1e5 str to int, out", "ms", "cereal", 1),
    ("pickles", "map of 1e5 str to int, in", "ms", "cereal", 1),
    ("pickles", "vector of 1e6 doubles, out", "ms", "cereal", 1),
    ("pickles", "vector of 1e6 doubles, in", "ms", "cereal", 1),
    ("pickles", "1e5 records, out", "ms", "python", 8),
    ("pickles", "1e5 records, in", "ms", "python", 8),
    ("pickles", "1e5 records, out", "ms", "cereal", None),
    ("pickles", "1e5 records, in", "ms", "cereal", None),
    ("tmpfs", "node, run and store", "us", "python", 4),
    ("tmpfs", "node, find stored", "us", "python", 10),
    ("tmpfs", "node, read stored", "us", "python", None),
    ("tmpfs", "array of 1 GB, save", "s", "python", 3),
    ("tmpfs", "array of 1 GB, read", "s", "python", 3),
    ("tmpfs", "array of 1 GB, save, memory", "MB", "python", "<= 64"),
    ("tmpfs", "array of 1 GB, read, memory", "MB", None, "<= 64"),
    ("disk", "node, run and store", "us", "python", 1),
    ("disk", "node, find stored", "us", "python", 10),
    ("disk", "node, read stored", "us", "python", None),
    ("disk", "array of 1 GB, save", "s", "python", None),
    ("disk", "array of 1 GB, read", "s", "python", None),
    ("compute", "sum of 20,000 x 20,000 random numbers", "s", "dask", 2),
    ("compute", "x * x + 1 of them into HDF5", "s", "dask", 2),
    ("compute", "sum of 10,000 chunks of 40 x 40, a chunk", "us", "dask", "<= 5"),
    ("compute", "100,000 trivial tasks, a task", "us", "dask", "<= 1"),
    ("files on tmpfs", "1 GiB in chunks of 16 MiB, save", "s", "dask", 1.5),
    ("files on tmpfs", "1 GiB in chunks of 16 MiB, read and sum", "s", "dask", 2),
    ("files on tmpfs", "1 GiB in chunks of 16 MiB, read whole", "s", "dask", 5),
    ("files on tmpfs", "1 GiB in chunks of 1 MiB, save", "s", "dask", 2),
    ("files on tmpfs", "1 GiB in chunks of 1 MiB, read and sum", "s", "dask", 2.5),
    ("files on tmpfs", "1 GiB in chunks of 1 MiB, read whole", "s", "dask", 5),
    ("files on tmpfs", "1 GiB in chunks of 256 KiB, save", "s", "dask", 4),
    ("files on tmpfs", "1 GiB in chunks of 256 KiB, read and sum", "s", "dask", 5),
    ("files on tmpfs", "1 GiB in chunks of 256 KiB, read whole", "s", "dask", 5),
    ("files on disk", "1 GiB in chunks of 16 MiB, save", "s", "dask", None),
    ("files on disk", "1 GiB in chunks of 16 MiB, save", "s", "dd", 0.95),
    ("files on disk", "1 GiB in chunks of 16 MiB, read and sum", "s", "dask", None),
    ("files on disk", "1 GiB in chunks of 1 MiB, save", "s", "dd", 0.95),
    ("files on disk", "1 GiB in chunks of 1 MiB, read and sum", "s", "dask", None),
    ("files on disk", "1 GiB in chunks of 256 KiB, save", "s", "dd", 0.95),
    ("files on disk", "1 GiB in chunks of 256 KiB, read and sum", "s", "dask", None),
    ("S3", "256 MiB in plain chunks of 4 MiB, save", "s", "libcurl", 0.9),
    ("S3", "256 MiB in plain chunks of 4 MiB, read and sum", "s", "libcurl", 0.9),
    ("S3", "256 MiB in plain chunks of 1 MiB, save", "s", "libcurl", 0.9),
    ("S3", "256 MiB in plain chunks of 1 MiB, read and sum", "s", "libcurl", 0.9),
    ("S3", "256 MiB in plain chunks of 256 KiB, save", "s", "libcurl", None),
    ("S3", "256 MiB in plain chunks of 256 KiB, read and sum", "s", "libcurl", None),
    ("S3", "256 MiB in plain chunks of 4 MiB, save", "s", "dask", None),
    ("S3", "256 MiB in plain chunks of 4 MiB, read and sum", "s", "dask", None),
    ("S3", "256 MiB in plain chunks of 256 KiB, save", "s", "dask", None),
    ("S3", "256 MiB in plain chunks of 256 KiB, read and sum", "s", "dask", None),
    ("S3", "256 MiB in packed chunks of 4 MiB, save", "s", "dask", 2),
    ("S3", "256 MiB in packed chunks of 4 MiB, read and sum", "s", "dask", 2),
    ("S3", "256 MiB in packed chunks of 256 KiB, save", "s", "dask", 2),
    ("S3", "256 MiB in packed chunks of 256 KiB, read and sum", "s", "dask", 2),
    ("S3", "256 MiB with a limit of 64 MiB, save, memory", "MB", None, "<= 97"),
    ("S3", "256 MiB with a limit of 64 MiB, read and sum, memory", "MB", None, "<= 97"),
    ("S3", "node, run and store", "ms", "boto3", "<= 1"),
    ("S3", "node, run and store", "ms", "libcurl", None),
    ("S3", "node, find stored", "ms", "boto3", "<= 0.05"),
    ("S3", "node, read stored", "ms", "boto3", None),
    ("S3", "node, read stored", "ms", "libcurl", None),
    ("S3", "10,000 stored nodes, find", "s", None, None),
]

# Of the group S3, run in turns one after the other: what, and who can do it.
S3_PARTS = [
    ("plain chunks of 4 MiB", "dask", "libcurl", "ours"),
    ("plain chunks of 1 MiB", "libcurl", "ours"),
    ("plain chunks of 256 KiB", "dask", "libcurl", "ours"),
    ("packed chunks of 4 MiB", "dask", "ours"),
    ("packed chunks of 256 KiB", "dask", "ours"),
    ("memory", "ours"),
    ("nodes", "boto3", "libcurl", "ours"),
    ("many nodes", "ours"),
]


def figures(*command):
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {name: float(value) for name, value in
            (line.split("\t") for line in output.splitlines())}


def program(name, *arguments):
    return figures(os.path.join(BUILD, "bench", name), *arguments)


def python(*arguments):
    return figures(sys.executable, os.path.join(HERE, "python_peers.py"), *arguments)


def arrays(*arguments):
    return figures(sys.executable, os.path.join(HERE, "array_peers.py"), *arguments)


def s3(who, what):
    if who in ("dask", "boto3"):
        return figures(sys.executable, os.path.join(HERE, "s3_peers.py"), what, "bench")
    return program("s3_ceiling_bench" if who == "libcurl" else "s3_bench", what, "bench")


def in_new_folder(parent, run):
    # A new folder each time: creating files is slow where many were removed before.
    folder = tempfile.mkdtemp(prefix="functionfuse-bench-", dir=parent)
    try:
        return run(folder)
    finally:
        shutil.rmtree(folder)


def in_new_server(folder, run):
    """With an S3 server of its own in the folder, of which the programs learn by the environment."""
    scripts = os.path.join(HERE, os.pardir, "tests", "s3")
    # Should this process be killed, the server goes too.
    subprocess.run([os.path.join(scripts, "start-radosgw.sh"), folder, "--while", str(os.getpid())],
                   check=True, stdout=sys.stderr)
    try:
        with open(os.path.join(folder, "server.env"), encoding="utf-8") as file:
            server = dict(line.split("=", 1) for line in file.read().split())
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]
        os.environ.update(AWS_ENDPOINT_URL_S3=server["endpoint"], AWS_REGION="us-east-1",
                          AWS_ACCESS_KEY_ID=server["access_key"],
                          AWS_SECRET_ACCESS_KEY=server["secret_key"], NO_PROXY="127.0.0.1")
        return run()
    finally:
        subprocess.run([os.path.join(scripts, "stop-radosgw.sh"), folder], check=True)


def s3_round():
    s3("boto3", "bucket")
    s3("libcurl", "plain chunks of 1 MiB")  # not counted: the first requests to a server are slow
    runs = collections.defaultdict(dict)
    for what, *all_of_them in S3_PARTS:
        for who in all_of_them:
            runs[who].update(s3(who, what))
    return runs


def round_of(group, disk):
    """{who: {name: number}} of one run of a group; ours last, so that peers warm nothing up for it."""
    if group == "graphs":
        runs = {"python": python("graphs"), "ours": program("graph_bench")}
        if os.path.exists(os.path.join(BUILD, "bench", "flow_graph_bench")):
            runs["oneTBB"] = program("flow_graph_bench")
        return runs
    if group == "pickles":
        return {"python": python("pickles"), "cereal": program("cereal_bench"),
                "ours": program("pickle_bench")}
    if group == "S3":
        return in_new_folder(None, lambda folder: in_new_server(folder, s3_round))
    parent = disk if group.endswith("disk") else "/dev/shm"
    if group in ("compute", "files on tmpfs", "files on disk"):
        what = group.split()[0]
        runs = {"dask": in_new_folder(parent, lambda folder: arrays(what, folder)),
                "ours": in_new_folder(parent, lambda folder: program("array_bench", what, folder))}
        if group == "files on disk":
            runs["dd"] = in_new_folder(parent, lambda folder: arrays("dd", folder))
        return runs
    return {"python": in_new_folder(parent, lambda folder: python("storage", folder)),
            "ours": in_new_folder(parent, lambda folder: program("storage_bench", folder))}


def number(value):
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def verdict(goal, ours, ratio):
    if goal is None:
        return "", ""
    if isinstance(goal, str):
        return goal, "yes" if ours <= float(goal[3:]) else "no"
    return f"{goal} x", "yes" if ratio is not None and ratio >= goal else "no"


def table(samples):
    for group, name, unit, peer, goal in ROWS:
        if group not in samples:
            continue
        runs = samples[group]
        ours = statistics.median(run["ours"][name] for run in runs)
        theirs = ratio = None
        if peer and all(name in run.get(peer, {}) for run in runs):
            theirs = statistics.median(run[peer][name] for run in runs)
            ratio = statistics.median(run[peer][name] / max(run["ours"][name], 1e-9) for run in runs)
        wanted, reached = verdict(goal, ours, ratio)
        where = f" ({group.split()[-1]})" if group.endswith(("tmpfs", "disk", "S3")) else ""
        yield (f"{name}{where}", f"{number(ours)} {unit}",
               f"{peer} {number(theirs)} {unit}" if theirs is not None else "",
               number(ratio) if ratio is not None and unit != "MB" else "", wanted, reached)


def show(rows, markdown):
    heads = ("", "ours", "peer", "peer / ours", "goal", "reached")
    if markdown:
        print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
        for row in rows:
            print("| " + " | ".join(row) + " |")
        return
    widths = [max(len(row[i]) for row in [heads, *rows]) for i in range(len(heads))]
    for row in [heads, *rows]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def main():
    groups = list(dict.fromkeys(row[0] for row in ROWS))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--disk", default=BUILD, help="a folder on the disk to measure")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--only", choices=groups)
    options = parser.parse_args()
    if options.only:
        groups = [options.only]
    if "S3" in groups and shutil.which("radosgw") is None:
        print("S3 is left out, it needs radosgw: scripts/install-packages.sh test", file=sys.stderr)
        groups.remove("S3")
    samples = collections.defaultdict(list)
    for i in range(options.rounds):
        for group in groups:
            print(f"round {i + 1} of {options.rounds}: {group}", file=sys.stderr)
            samples[group].append(round_of(group, options.disk))
    print(f"{processor()}, {os.cpu_count()} cores, Linux {platform.release()}, "
          f"Python {platform.python_version()}, {datetime.date.today()}; "
          f"medians of {options.rounds} rounds\n")
    show(list(table(samples)), options.markdown)


if __name__ == "__main__":
    main()
