"""Everything that trains; no part of it draws on a screen. The folders and their directions: docs/architecture.md."""
