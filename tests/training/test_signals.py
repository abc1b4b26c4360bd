"""The first signal is a wish, the second the end; afterwards all is as before."""

import os
import signal

import pytest

from alignet_ray.training.signals import stop_wish


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_is_a_wish_and_the_second_ends_at_once(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with stop_wish(one_wish_seconds=0.0) as wish:
        assert not wish.is_there
        os.kill(os.getpid(), number)
        assert wish.is_there
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert signal.getsignal(number) == before


def test_what_timeout_sends_twice_is_one_wish() -> None:
    with stop_wish() as wish:
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGINT):
            os.kill(os.getpid(), number)
        assert wish.is_there
