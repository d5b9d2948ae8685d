"""The supervisor's program with the counting trainer instead of the real one."""

import os
import sys
from pathlib import Path

from core.run.environment import Programs
from core.run.orphan import Patience
from core.run.supervise import main
from core.run.supervisor import Options

HERE = Path(__file__).parent
PROGRAMS = Programs([sys.executable, "-P", str(HERE / "peer_trainer.py")],
                    [sys.executable, "-P", str(HERE / "peer_supervise.py")],
                    Path(os.environ.get("PEER_CODE", HERE / "no_code")))

if __name__ == "__main__":
    if Path(os.environ.get("PEER_BROKEN", "/nothing")).exists():
        sys.exit("half of the program is there")
    patience = Patience(*(float(s) for s in os.environ.get("PEER_PATIENCE_S", "300 15").split()))
    sys.exit(main(options=Options(PROGRAMS, idle_s=float(os.environ.get("PEER_IDLE_S", "60")),
                                  lease_s=float(os.environ.get("PEER_LEASE_S", "60")), patience=patience)))
