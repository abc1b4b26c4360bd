"""TensorBoard's event files: scalars written as they come, on disk or in a bucket.

On disk the file is appended to, so that a TensorBoard that has it open sees it grow. Object stores
cannot append: there the file grows in a scratch folder and is put whole whenever it is flushed.
"""

import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto.event_pb2 import (  # made at run time from a description of messages
    Event,  # pyright: ignore[reportAttributeAccessIssue]
    SessionLog,  # pyright: ignore[reportAttributeAccessIssue]
)
from tensorboardX.summary import scalar

from alignet_ray.records.store import Folder


class EventFile:
    """One event file below a folder; a run that goes on at a step writes one more.

    What earlier files say of `first_step` and later is hidden: those steps are made again. A run
    from its start deletes them.
    """

    def __init__(self, folder: Folder, first_step: int = 0) -> None:
        if not first_step:
            folder.remove()
        # TensorBoard reads in the order of names, which hold seconds: a run may go on within one.
        suffix = f".{len(folder.sizes()):04d}"
        self._remote = None if folder.is_local else folder
        self._scratch = None if folder.is_local else tempfile.TemporaryDirectory()
        home = Path(self._scratch.name if self._scratch else folder.path(""))
        home.mkdir(parents=True, exist_ok=True)
        self._writer = EventsWriter(str(home / "events"), suffix)
        if first_step:
            again = SessionLog(status=SessionLog.START)
            self._writer.write_event(
                Event(wall_time=time.time(), step=first_step, session_log=again)
            )

    def add(self, scalars: Mapping[str, float], step: int) -> None:
        """Values by tag, all of one step."""
        for tag, value in scalars.items():
            summary = scalar(tag, value)
            self._writer.write_event(Event(wall_time=time.time(), step=step, summary=summary))

    def flush(self) -> None:
        """Put what was added where others read it."""
        self._writer.flush()
        if self._remote is not None and self._scratch is not None:
            (grown,) = Path(self._scratch.name).iterdir()
            self._remote.write(grown.name, grown.read_bytes())

    def close(self) -> None:
        """Flush for the last time."""
        self.flush()
        self._writer.close()
        if self._scratch is not None:
            self._scratch.cleanup()
