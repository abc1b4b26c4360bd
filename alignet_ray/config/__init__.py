"""Settings: frozen keyword-only dataclasses, one per job, validated where they are made."""
