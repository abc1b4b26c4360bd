"""Every error is one line, crosses processes whole, and has its own exit code."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray import errors
from alignet_ray.errors import INTERNAL_EXIT_CODE, AlignetError, ConfigError, InputError, reworded

CLASSES = sorted(
    (c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, AlignetError)),
    key=lambda c: c.__name__,
)


@pytest.mark.parametrize("error_class", CLASSES)
@given(fields=st.lists(st.text(), min_size=1, max_size=4))
def test_an_error_survives_pickling_whole(error_class, fields):
    error = error_class(*fields)
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is error_class
    assert vars(copy) == vars(error)
    assert str(copy) == str(error)


@given(fields=st.lists(st.text(), min_size=1, max_size=4))
def test_an_error_is_one_line(fields):
    assert len(str(AlignetError(*fields)).splitlines()) <= 1


def test_the_line_gives_place_value_expectation_and_remedy_in_this_order():
    full = ConfigError("3", "at least 4", "--seed", "Give more.")
    assert str(full) == "--seed: 3; expected at least 4. Give more."


def test_what_is_not_said_leaves_no_trace_in_the_line():
    assert str(ConfigError("3")) == "3"
    assert str(ConfigError("3", "4")) == "3; expected 4"
    assert str(ConfigError("3", place="here")) == "here: 3"


def test_every_class_has_its_own_exit_code():
    codes = [c.exit_code for c in CLASSES] + [INTERNAL_EXIT_CODE, 0]
    assert len(set(codes)) == len(codes)
    assert all(0 <= code < 126 for code in codes)


@pytest.mark.parametrize("error_class", CLASSES)
def test_the_tree_in_the_docstring_names_every_class_and_its_code(error_class):
    tree = [line.split() for line in (errors.__doc__ or "").splitlines()]
    if error_class is AlignetError:
        assert ["AlignetError"] in tree
    else:
        assert any(
            error_class.__name__ in line and f"exit {error_class.exit_code}" in " ".join(line)
            for line in tree
        )


def test_errors_from_inside_speak_of_the_flag_that_was_given():
    words = {"--images": "--hierarchy.images"}
    said = r"^x: 3\. Check --hierarchy\.images\.$"
    with pytest.raises(InputError, match=said) as caught, reworded(words):
        raise InputError("3", "", "x", "Check --images.")
    with pytest.raises(InputError) as again, reworded(words):
        raise caught.value
    assert again.value is caught.value, "an error with nothing to reword stays what it is"
    whole = reworded({"backbone": "--models"}, is_whole=True)
    with pytest.raises(InputError, match="--models: a backbone"), whole:
        raise InputError("a backbone", place="backbone")


def test_what_would_steer_a_terminal_is_spelled_out():
    line = str(ConfigError("\x1b]0;title\x07\x1b[2J\u202ename\u0085", place="a\x00b"))
    assert line == r"a\x00b: \x1b]0;title\x07\x1b[2J\u202ename"
    assert str(ConfigError("é 中 \N{CAT FACE}")) == "é 中 \N{CAT FACE}"
