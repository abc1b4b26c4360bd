"""What the parts of an evaluation share when they look at what was given."""


def given(value: str | None) -> str:
    """A setting that is there, since the part does not lack it."""
    assert value is not None, "nothing is lacking"
    return value


def lacking_flags(flags: dict[str, object]) -> str | None:
    """The flags that have no value, as a reason to leave a part out; None where all have one."""
    absent = [flag for flag, value in flags.items() if not value]
    return f"no {', '.join(absent)}" if absent else None
