"""The conceptual hierarchy: images of one category should move together, and others apart."""
