"""The examples do what they say: a second run computes nothing, and a changed one only what has changed."""

import os
import pickle
import signal
import subprocess
import time
from pathlib import Path

import h5py
import numpy

EXAMPLES = Path(os.environ["FUNCTIONFUSE_BUILD"]) / "examples"


def run(folder, name, *arguments):
    return subprocess.run([EXAMPLES / name, *map(str, arguments)], cwd=folder, check=True,
                          capture_output=True, text=True).stdout


def test_stateful(tmp_path):
    first = run(tmp_path, "stateful")
    assert first.count("walking") == 2 and "13 steps in all" in first
    assert "walking" not in run(tmp_path, "stateful")
    third = run(tmp_path, "stateful", 3)
    assert third.count("walking") == 1 and "23 steps in all" in third


def test_custom_serializer(tmp_path):
    assert "about pi: 3.14" in run(tmp_path, "custom_serializer")
    assert [f for f in tmp_path.rglob("*") if f.is_file() and f.name != "records"] == []


def test_text_similarity(tmp_path):
    texts = tmp_path / "texts"
    texts.mkdir()
    words = "the quick brown fox jumps over the lazy dog while the other dogs sleep in the sun all day"
    for name, text in {"a": words, "b": words + " and night", "c": "numbers of nodes and results of tasks kept"}.items():
        (texts / name).write_text(text * 20)
    storage = ["--storage", tmp_path / "storage"]
    first = run(tmp_path, "text_similarity", texts, *storage)
    assert " 0 found stored" in first
    assert " 0 ran," in run(tmp_path, "text_similarity", texts, *storage)
    (texts / "c").write_text("something else " * 30)
    changed = run(tmp_path, "text_similarity", texts, *storage)
    assert " 0 ran," not in changed and " 0 found stored" not in changed


def stored_array(folder, task):
    """What DaskArraySerializer has kept of a task that is one array."""
    class Unpickler(pickle.Unpickler):
        def persistent_load(self, persistent_id):
            name, (version, filename) = persistent_id
            with h5py.File(folder / "bigdata" / filename, "r") as file:
                return file["dask_arrays"][:]

    with open(folder / task, "rb") as file:
        return Unpickler(file).load()


def test_reaction_diffusion_killed_again_and_again_goes_on(tmp_path):
    command = ["reaction_diffusion", "--size", 96, "--frames", 60, "--steps", 300, "--memory-limit", "1MB", "--storage"]
    blocks = [f"simulation.advance_{i:04}" for i in range(8)]  # of 8 frames; the last one of 4
    run(tmp_path, *command, "whole")
    whole = tmp_path / "whole" / "reaction_diffusion"
    tasks = {*blocks, "simulation", "frames", "statistics", "activity"}
    assert tasks == {file.name for file in whole.iterdir() if file.is_file()}

    killed = tmp_path / "killed" / "reaction_diffusion"
    for last in blocks[1:7:2]:
        stored = {block: (killed / block).stat().st_mtime_ns for block in blocks if (killed / block).exists()}
        with subprocess.Popen([EXAMPLES / command[0], *map(str, command[1:]), "killed"], cwd=tmp_path,
                              stdout=subprocess.PIPE, text=True) as process:
            while not (killed / last).exists():
                assert process.poll() is None
                time.sleep(0.001)
            process.kill()
            log = process.stdout.read()
        assert process.returncode == -signal.SIGKILL
        assert not (killed / "statistics").exists()
        assert not any(f'"{block}" ran in' in log for block in stored)
        assert log.count("ran again for the calls behind it") <= 1  # killed before its state was stored
        assert stored == {block: (killed / block).stat().st_mtime_ns for block in stored}
    run(tmp_path, *command, "killed")
    assert " 0 ran, " in run(tmp_path, *command, "killed")

    frames = stored_array(whole, "frames")
    assert frames.shape == (60, 96, 96) and frames.dtype == "f4" and frames.nbytes > 2e6
    assert numpy.array_equal(frames, numpy.concatenate([stored_array(whole, block) for block in blocks]))
    activity = stored_array(whole, "activity")
    assert numpy.array_equal(activity, numpy.ptp(frames[30:], axis=0))
    statistics = pickle.loads((whole / "statistics").read_bytes()[:-20])
    numpy.testing.assert_allclose(statistics["mean"], frames.mean((1, 2), "f8"), rtol=1e-6)
    numpy.testing.assert_allclose(statistics["deviation"], frames.std((1, 2), "f8"), rtol=1e-6)
    assert numpy.array_equal(statistics["grown"], (frames > numpy.float32(0.1)).mean((1, 2)))
    assert 0.02 < statistics["grown"][0] < 0.5 < statistics["grown"][-1]

    for task in [*blocks, "frames", "activity"]:
        assert numpy.array_equal(stored_array(killed, task), stored_array(whole, task)), task
    for task in ["statistics", "simulation"]:
        assert (killed / task).read_bytes() == (whole / task).read_bytes()
