"""The newer version of the runbook for upgrades still comes out of the project as it stands, and is one."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from ops.runbooks.scenarios._newer import NEW_ID, TOPIC, VERSION, make_newer
from processors.versions import ALGORITHM_VERSIONS
from schemas import BUNDLED_ID_END, bundled

ASKED = """
import json
from importlib.metadata import version
from processors.versions import ALGORITHM_VERSIONS
from schemas import bundled, by_id
from schemas.messages import TranscriptMessage
print(json.dumps([version("clipstream"), ALGORITHM_VERSIONS["segmenter"], bundled("transcript").schema_id,
                  by_id({old}).schema_id, "reviewed_by" in TranscriptMessage.__dataclass_fields__]))
"""


def test_a_newer_version_has_another_number_stage_and_schema_and_reads_the_old_one(tmp_path):
    make_newer(tmp_path / "newer")
    old = bundled(TOPIC).schema_id
    told = subprocess.run(
        [sys.executable, "-P", "-c", ASKED.format(old=old)],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "newer")},
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    new = 1_000_000 + NEW_ID
    assert json.loads(told.stdout) == [VERSION, int(f"1{ALGORITHM_VERSIONS['segmenter']}"), new, old, True]
    assert old < new < BUNDLED_ID_END
