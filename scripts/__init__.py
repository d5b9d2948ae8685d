"""Programs for the people who work on dfl-tui. Nothing of the product imports them."""
