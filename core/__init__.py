"""Everything that trains: no part of it draws on a screen. See docs/architecture.md for the folders and their directions."""
