"""How the processes of a run speak: frames, typed messages, handshake, limits. Knows no socket path and no run folder."""
