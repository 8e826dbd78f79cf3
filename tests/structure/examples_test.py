"""The examples do what they say: a second run computes nothing, and a changed one only what has changed."""

import os
import subprocess
from pathlib import Path

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
