"""Distilling soft labels into a student: DDP on Ray Train, one step at a time without Ray."""
