"""The one word of a supervisor to its starter, through a real pipe."""

import os

import pytest

from core.run.ready import Failed, Ready, Starter, understood
from core.settings.error import DflTuiError, JournalError, RecipeError, RefusedError, StoreError
from core.store.disk import DiskFullError


@pytest.fixture
def pipe():
    """The end that the starter reads, and a supervisor's Starter at the other."""
    reader, writer = os.pipe()
    yield reader, Starter(writer)
    os.close(reader)


@pytest.mark.parametrize(("error", "kind"), [
    (JournalError("line 1 of j is nothing", hint="restore it"), JournalError),
    (StoreError("no socket can be made"), StoreError),
    (DiskFullError("the disk is full", missing_bytes=7, hint="free some"), StoreError),
    (RefusedError("there is no run"), RefusedError),
    (RecipeError("a recipe in a supervisor"), RefusedError)], ids=lambda value: getattr(value, "__name__", ""))
def test_an_error_is_at_the_starter_what_it_was_at_the_supervisor(pipe, error: DflTuiError, kind):
    reader, starter = pipe
    starter.tell_failure(error)
    word = understood(os.read(reader, 65536))
    assert isinstance(word, Failed) and not word.in_use
    again = word.error()
    assert type(again) is kind
    assert (again.message, again.hint) == (error.message, error.hint)


def test_only_the_first_word_is_said(pipe):
    reader, starter = pipe
    starter.tell(Ready("/run.sock"))
    starter.tell_failure(RefusedError("too late"))
    assert understood(os.read(reader, 65536)) == Ready("/run.sock")
    assert os.read(reader, 1) == b""


def test_a_starter_that_is_gone_and_one_that_never_was_are_no_reason_to_fail():
    reader, writer = os.pipe()
    os.close(reader)
    Starter(writer).tell(Ready("/run.sock"))
    Starter(None).tell(Ready("/run.sock"))


@pytest.mark.parametrize("data", [b"", b"{", b'{"type":"else"}'], ids=["nothing", "half", "another word"])
def test_what_is_no_word_is_none(data):
    assert understood(data) is None
