"""When a run ends, saves and shows pictures. (`facts/options.md`, `method.md`)"""

from core.settings.kind import Flag, Real, Text, Whole
from core.settings.setting import Setting

GROUP = "saving"

SAVING_SETTINGS: tuple[Setting, ...] = (
    Setting("target_iter", GROUP, Whole(0, 1_000_000_000), 0, "live",
            "Save and stop at this iteration; 0 trains on without end."),
    Setting("save_minutes", GROUP, Real(0.05, 1440.0), 10.0, "live",
            "Minutes between saves: the most that a crash can cost.",
            cost="A copy of the changed tensors in memory; writing goes on beside the training."),
    Setting("backup_hours", GROUP, Whole(0, 240), 4, "live",
            "Hours between automatic backups that are kept; 0 makes none.", aliases=("autobackup_hour",)),
    Setting("keep_generations", GROUP, Whole(2, 100), 4, "live", "How many of the last saves are kept."),
    Setting("keep_days", GROUP, Whole(0, 365), 7, "live", "For how many days one save a day is kept."),
    Setting("keep_backups", GROUP, Whole(1, 1000), 24, "live",
            "How many automatic backups are kept; backups that you named stay until you remove them.",
            aliases=("maximum_n_backups",)),
    Setting("session_name", GROUP, Text(r"[A-Za-z0-9._-]{0,40}", "up to 40 letters, digits and . _ -"), "", "live",
            "Stands in the names of automatic backups from then on, auto-4200-NAME, to find a stretch of the training "
            "again. Backups that you make have names of their own."),
    Setting("disk_budget_gb", GROUP, Real(0.0, 100_000.0), 0.0, "live",
            "Most disk space for saves, in GB; 0 sets no limit. Beyond it old automatic saves first give up the "
            "optimizer's moments and keep their weights (swap and export still work), then they go. Backups that you "
            "named stay whole."),
    Setting("preview_every", GROUP, Whole(1, 1_000_000), 200, "live", "Iterations between previews.",
            cost="A preview costs about one step."),
    Setting("preview_faces", GROUP, Whole(1, 32), 4, "live", "Fixed faces of each person in the preview.",
            aliases=("preview_samples",)),
    Setting("write_csv", GROUP, Flag(), False, "live",
            "Keep metrics.csv in the run's folder: a line an iteration, those before it was switched on too. For "
            "spreadsheets and plots of your own; dfl-tui metrics writes one at any time.",
            cost="About 250 bytes an iteration."),
    Setting("write_tensorboard", GROUP, Flag(), False, "live",
            "Keep event files for TensorBoard in the folder tensorboard of the run's folder. It needs the package "
            "tensorboard: pip install 'dfl-tui[tensorboard]'.",
            cost="About 350 bytes an iteration."),
    Setting("hook", GROUP, Text(r"[^\n]*", "a command, or nothing"), "", "live",
            "Command that is started when the run ends, fails or is restarted; it gets JSON on standard input."),
)
