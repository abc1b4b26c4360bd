"""The Ray floor: embedding, a parallel map over pure tasks, progress."""
