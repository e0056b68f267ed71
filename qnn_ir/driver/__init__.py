"""The chain end to end: what the command-line tools call."""
