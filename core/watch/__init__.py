"""What is read off a run while it trains, and what follows from it: likeness, plateau, drop, spike, sample quality."""
