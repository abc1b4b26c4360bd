"""The authors' released triplets to a run, and a run's triplets to the released layout."""
