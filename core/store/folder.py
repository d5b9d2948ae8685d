"""The run folder: where everything of a run lies. Nothing inside it names a path outside, so it can be moved."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.settings.error import StoreError
from core.store.disk import Disk, RealDisk, sync_folder, trouble

if TYPE_CHECKING:
    from core.store.lock import FolderLock


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Paths of one run, its birth as an empty folder, and its two locks."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def journal(self) -> Path:
        return self.path / "journal.jsonl"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics"

    @property
    def metrics_csv(self) -> Path:
        return self.path / "metrics.csv"

    @property
    def tensorboard(self) -> Path:
        return self.path / "tensorboard"

    @property
    def readings(self) -> Path:
        """Likeness, probe by probe: segments as those of the metrics, and the scale that they are read on."""
        return self.path / "readings"

    @property
    def blobs(self) -> Path:
        return self.path / "blobs"

    @property
    def gens(self) -> Path:
        return self.path / "gens"

    @property
    def pins(self) -> Path:
        return self.path / "pins"

    @property
    def head(self) -> Path:
        return self.path / "HEAD"

    @property
    def previews(self) -> Path:
        return self.path / "previews"

    @property
    def preview_png(self) -> Path:
        return self.path / "preview.png"

    @property
    def log(self) -> Path:
        return self.path / "log"

    @property
    def supervisor_log(self) -> Path:
        return self.log / "supervisor.log"

    @property
    def trainer_log(self) -> Path:
        return self.log / "trainer.log"

    @property
    def run_lock(self) -> Path:
        return self.path / "run.lock"

    @property
    def trainer_lock(self) -> Path:
        return self.path / "trainer.lock"

    @property
    def socket(self) -> Path:
        return self.path / "run.sock"

    @property
    def subfolders(self) -> tuple[Path, ...]:
        return self.metrics, self.readings, self.blobs, self.gens, self.pins, self.previews, self.log

    def exists(self) -> bool:
        """Is there a run? Its journal makes it one."""
        return self.journal.is_file()

    def create(self, disk: Disk | None = None) -> None:
        """Make the folder and its subfolders, for this user only (0700), durably. Raises StoreError if it exists."""
        disk = disk or RealDisk()
        if self.path.exists():
            raise StoreError(f"there is already something at {self.path}", hint="choose another name")
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.mkdir(mode=0o700)
            for folder in self.subfolders:
                folder.mkdir(mode=0o700)
        except OSError as error:
            raise trouble(error, "make the folder", self.path) from error
        sync_folder(disk, self.path)
        sync_folder(disk, self.path.parent)

    def lock_run(self, *, wait_s: float = 0.0, handed_over: int | None = None) -> "FolderLock":
        """The supervisor's lock; `handed_over`: by the program that this process was before (its descriptor).

        Raises RefusedError while another supervisor lives.
        """
        from core.store.lock import adopt, take  # late: 45 ms, and a console that only looks for a run takes no lock

        what = f"run {self.name}"
        return take(self.run_lock, what, wait_s=wait_s) if handed_over is None else adopt(self.run_lock, handed_over,
                                                                                          what)

    def lock_trainer(self, *, wait_s: float = 0.0) -> "FolderLock":
        """The lock that a trainer holds until its last write. Raises RefusedError while another trainer writes."""
        from core.store.lock import take

        return take(self.trainer_lock, f"the trainer of run {self.name}", wait_s=wait_s)
