"""What is behind a video's beginning gives way to what the first result waits for.

Reading a whole video takes longer than recognising its first half minute, and all stages share the processor. With
every thread alike, the first result of a 4-minute video came at 36 to 51 % of its time on 2 cores, as pictures and
sound of its last minutes were looked at before the speech of its beginning; so it comes at 22 to 30 %, and the last one
as soon as before.

Of a video of more than ten minutes the first result reaches beyond that (`streams/join/marks.py`), which a job does not
know; all of its parts behind half a minute give way alike, and go in the order of the video.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Final

# Half a minute holds a complete thought; with a minute the first result of a 4-minute video came at half of the time.
FIRST_RESULT_MS: Final = 30_000
# Beyond the process's own: 10 leaves a tenth of a contended processor.
_NICENESS: Final = 10
_NICEST: Final = 19


def give_way(position_ms: int) -> None:
    """Make the calling thread nice for the rest of its life when its work is behind the part of the first result.

    An unprivileged thread cannot take its niceness back, so each job runs in a thread of its own. A no-op outside
    Linux, where niceness belongs to processes.

    Args:
        position_ms: where the work at hand begins.
    """
    if position_ms >= FIRST_RESULT_MS and sys.platform == "linux":
        thread = threading.get_native_id()
        wanted = min(_NICEST, os.getpriority(os.PRIO_PROCESS, os.getpid()) + _NICENESS)
        if os.getpriority(os.PRIO_PROCESS, thread) < wanted:
            os.setpriority(os.PRIO_PROCESS, thread, wanted)


__all__ = ["FIRST_RESULT_MS", "give_way"]
