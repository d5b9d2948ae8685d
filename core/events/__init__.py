"""What can happen to a run: acts that are asked for, events that happened, and the state that follows from them.

Journal, wire, supervisor, trainer and consoles all speak of these records. They hold no file, socket or process.
"""
