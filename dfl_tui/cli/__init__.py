"""The command line. Every command is a module of its own kind, imported when it is called and not before."""
