"""The supervisor's program with the counting trainer instead of the real one."""

import os
import sys
from pathlib import Path

from core.run.environment import Programs
from core.run.supervise import main

HERE = Path(__file__).parent
PROGRAMS = Programs([sys.executable, "-P", str(HERE / "peer_trainer.py")],
                    [sys.executable, "-P", str(HERE / "peer_supervise.py")])

if __name__ == "__main__":
    sys.exit(main(programs=PROGRAMS, idle_s=float(os.environ.get("PEER_IDLE_S", "60"))))
