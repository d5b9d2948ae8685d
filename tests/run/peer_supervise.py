"""The supervisor's program with the counting trainer instead of the real one."""

import os
import sys
from pathlib import Path

from core.run.supervise import main

TRAINER = [sys.executable, "-P", str(Path(__file__).with_name("peer_trainer.py"))]

if __name__ == "__main__":
    sys.exit(main(trainer=TRAINER, idle_s=float(os.environ.get("PEER_IDLE_S", "60"))))
