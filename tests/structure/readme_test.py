"""What README.md shows is what the example is and prints."""

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def without_times(text):
    return re.sub(r"[0-9.e-]+ (ms|s)\b", "TIME", text)


def test_code_is_the_example():
    assert blocks("cpp")[0] == (ROOT / "examples" / "quickstart.cpp").read_text(encoding="utf-8")


def test_example_prints_what_is_shown(tmp_path):
    program = Path(os.environ["FUNCTIONFUSE_BUILD"]) / "examples" / "quickstart"
    for shown in blocks("text")[:2]:
        printed = subprocess.run([program], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
        assert [line.rstrip() for line in without_times(printed).splitlines()] == without_times(shown).splitlines()


def test_links_lead_somewhere():
    links = [link for link in re.findall(r"\]\(([^)#]+)", README) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
