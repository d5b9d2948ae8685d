"""`dfl-tui show`: what was decided about a run, by whom, and what is still to come."""

from collections import Counter

import click

from core.events.event import Asked, Consent, Event, FaceSetNote
from core.events.state import RunState
from core.settings.kind import Value
from core.settings.registry import SETTINGS
from dfl_tui.cli.call import Call, add_everywhere_options, run_argument
from dfl_tui.cli.columns import cells, padded
from dfl_tui.cli.place import found_or_only, reached
from dfl_tui.language import _, counted
from dfl_tui.telling import author, due, probed, shown, told_act

GROUNDS = {"own": _("own face"), "consent": _("written consent"), "licence": _("licence"), "synthetic": _("synthetic")}

FOUND = {"pays": _("is worth it here"), "slow": _("slower here"), "fails": _("does not work here"), "works": _("works")}


@add_everywhere_options
@click.command("show")
@run_argument(required=False)
@click.option("--all", "wants_all", is_flag=True, help="Settings at their defaults too.")
@click.pass_obj
def show_command(call: Call, name: str | None, wants_all: bool) -> None:
    """Show a run's settings, locks, consent and what waits.

    NAME may be left out where there is only one run.
    """
    place = found_or_only(call, name)
    with reached(place) as connection:
        state, tick = connection.welcome.state, connection.welcome.tick
    click.echo(_("{name}: iteration {n}, life {life}, {events} events, {folder}").format(
        name=state.name, n=f"{tick.iteration:,}", life=state.life, events=f"{state.number:,}", folder=place.folder))
    set_apart = _("settings") if wants_all else _("settings (the others stand at their defaults: --all)")
    sections = {_("faces and consent"): faces(state), set_apart: settings(state, wants_all=wants_all),
                _("chosen by trial"): dict(chosen(what, value) for what, value in state.chosen.items()),
                _("locks"): locks(state), _("waiting"): dict(map(waiting, sorted(state.waiting, key=due))),
                _("backups"): {label: _("generation {number}").format(number=number)
                               for label, number in state.backups.items()}}
    for title, facts in sections.items():
        if facts:
            click.echo(f"\n{title}")
            width = max(map(cells, facts))
            for key, text in facts.items():
                click.echo(f"  {padded(key, width)}  {text}")


def faces(state: RunState) -> dict[str, str]:
    """Who is shown in each face set, on what ground, and who said so."""
    return {"src": said(state.src, state.src_consent), "dst": said(state.dst, state.dst_consent),
            _("recipe"): state.recipe or _("none"), _("device"): state.device or _("not started yet"),
            **imported(state), **converted(state)}


def converted(state: RunState) -> dict[str, str]:
    """The run that it was converted from, and what of the network was changed."""
    if not state.parents:
        return {}
    parent = state.parents[-1]
    changes = ", ".join(f"{c.key} {shown(c.old)} -> {shown(c.new)}" for c in parent.changes)
    return {_("converted"): _("run {name}, generation {number} of iteration {iteration}: {changes}").format(
        name=parent.run, number=parent.generation, iteration=f"{parent.iteration:,}", changes=changes)}


def imported(state: RunState) -> dict[str, str]:
    """The model that the run goes on from, if it was imported."""
    origin = state.origin
    if origin is None:
        return {}
    return {_("imported"): _("{model} of iteration {iteration}, from {path}").format(
        model=f"{origin.name} {origin.kind}", iteration=f"{origin.iteration:,}", path=origin.path)}


def said(note: FaceSetNote, consent: Consent) -> str:
    """One face set and its consent in words."""
    return _("{person} ({ground}, said by {who}), {n} faces in {path}").format(
        person=consent.person, ground=GROUNDS[consent.ground], who=consent.said_by, n=f"{note.faces:,}",
        path=note.path)


def settings(state: RunState, *, wants_all: bool) -> dict[str, str]:
    """Settings that differ from their defaults, or all."""
    return {s.key: shown(state.settings[s.key]) for s in SETTINGS
            if wants_all or state.settings[s.key] != s.default}


def chosen(what: str, value: Value) -> tuple[str, str]:
    """What was tried, and what came of it, without the names that the journal has for it."""
    if what == "shared_pass":
        return _("src and dst"), _("in one pass") if value else _("one after the other")
    if what == "likeness_every":
        return _("likeness"), _("every {n} iterations").format(n=f"{value:,}")
    if what.startswith("probe "):
        return probed(what), FOUND.get(str(value), str(value))
    return {"trial": _("a step")}.get(what, what), shown(value)


def locks(state: RunState) -> dict[str, str]:
    """What was asked for and when -> how many blocks are locked by it, who asked, and why."""
    counts = Counter((lock.asked, lock.since, lock.author, lock.why) for lock in state.locks.values())
    return {f"{asked} since {since:,}": ", ".join((counted("{n} block", "{n} blocks", count), who)) + (
                f": {why}" if why else "")
            for (asked, since, who, why), count in counts.items()}


def waiting(event: Event) -> tuple[str, str]:
    """When, and which act."""
    if not isinstance(event.body, Asked):
        return _("event {number}").format(number=event.number), ""
    at = event.body.at
    when = _("when the trainer comes") if at is None else _("at {n}").format(n=f"{at:,}")
    return f"{when} ({event.number})", f"{told_act(event.body.act)} ({author(event)})"
