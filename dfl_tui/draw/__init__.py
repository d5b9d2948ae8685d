"""Drawing for the console: arrays and numbers in, strips out. Pure: no app, no model, no clock."""
