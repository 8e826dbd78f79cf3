"""The examples with their results in a bucket."""

import io
import os
import pickle
import subprocess
from pathlib import Path

import numpy
import zarr

from bucket import ENVIRONMENT, bucket  # noqa: F401

EXAMPLES = Path(os.environ["FUNCTIONFUSE_BUILD"]) / "examples"


def test_reaction_diffusion_is_the_same_on_s3(tmp_path, bucket):  # noqa: F811
    command = [EXAMPLES / "reaction_diffusion", "--size", "64", "--frames", "20", "--steps", "50", "--storage"]

    def run(storage):
        return subprocess.run([*command, storage], cwd=tmp_path, check=True, capture_output=True, text=True,
                              env=ENVIRONMENT).stdout

    url = f"s3://{bucket.name}/some/prefix"
    on_s3, in_folder = run(url), run("storage")
    table = on_s3.index("frame   mean")
    assert on_s3[table:].replace(url, "storage") == in_folder[in_folder.index("frame   mean"):]
    assert " 0 ran, " in run(url)

    workflow = bucket.below("some/prefix/reaction_diffusion/")

    class Unpickler(pickle.Unpickler):
        def persistent_load(self, persistent_id):
            return zarr.open_array(zarr.storage.KVStore(workflow.below(f"bigdata/dask_arrays/{persistent_id[1][1]}/")))

    frames = Unpickler(io.BytesIO(workflow["frames"])).load()
    assert frames.shape == (20, 64, 64)
    statistics = pickle.loads(workflow["statistics"][:-20])
    numpy.testing.assert_allclose(statistics["mean"], frames[:].mean((1, 2), "f8"), rtol=1e-6)
