"""The page of an evaluation: one section per part, made from results.json and pictures alone."""
