"""How the processes of a run speak: frames, typed messages, handshake, limits. Knows no path and no run folder."""
