"""AligNet on Ray: distil human similarity judgements into any vision model."""

__version__ = "0.1.0"
