"""Images to embeddings to clusters to soft-label shards."""
