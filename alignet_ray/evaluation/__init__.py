"""Evaluation: how well models agree with people, before and after alignment."""
