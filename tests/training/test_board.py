"""What is written on the board is read once, but for what stays true."""

from alignet_ray.training.board import Board


def test_lines_and_steps_are_taken_once() -> None:
    board = Board()
    assert board.take().first_step is None
    board.join("node")
    board.say("going on")
    board.begin(7)
    board.advance(1, "a")
    board.advance(2, "b")
    news = board.take()
    assert (news.first_step, news.steps, news.text) == (7, 3, "b")
    assert (news.lines, news.nodes) == (["going on"], ["node"])
    later = board.take()
    assert (later.first_step, later.steps, later.text) == (7, 0, "b")
    assert (later.lines, later.nodes) == ([], ["node"])


def test_a_wish_to_stop_stays() -> None:
    board = Board()
    assert not board.is_stopping()
    board.stop()
    assert board.is_stopping()
