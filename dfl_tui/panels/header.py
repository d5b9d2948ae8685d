"""The header: run, state, iteration, speed and where the time goes, how long it takes, last contact, who steers."""

from collections.abc import Mapping
from dataclasses import dataclass

from textual.strip import Strip

from core.settings.family import SAEHD
from core.settings.kind import Value
from core.wire.console_record import Tick
from dfl_tui.draw.line import Part, between, width_of
from dfl_tui.draw.number import duration
from dfl_tui.language import _
from dfl_tui.look import Look
from dfl_tui.model import Model
from dfl_tui.panels.panel import Panel
from dfl_tui.panels.verdict import coarse, mood_style
from dfl_tui.phase import Phase, phase_of

NOW_S = 10.0      # a sign of life that is younger counts as "now", so that the age does not repaint each second


@dataclass(frozen=True, slots=True)
class View:
    """All texts of the header."""

    run: str
    phase: Phase
    iteration: str
    speed: str
    alike: str
    split: str
    eta: str
    contact: str
    driver: str
    steers: bool
    network: str


def select(model: Model) -> View:
    """The header's part of the model. Pure."""
    state, tick = model.state, model.tick
    settings = state.settings if state else {}
    target = int(settings.get("target_iter", 0))
    of = _(" of {n}").format(n=f"{target:,}") if target else ""
    # the rate of a run that stands still is that of its last iterations, and no news
    moving = tick is not None and tick.it_s > 0 and tick.phase in ("training", "saving")
    return View(
        run=model.run,
        phase=phase_of(model),
        iteration=f"{tick.iteration:,}{of}" if tick else "",
        speed=f"{tick.it_s:.2f} it/s" if tick and moving else "",
        alike=alike(tick) if tick else "",
        split=split(tick.data_ms, tick.compute_ms, tick.save_ms) if tick and moving else "",
        eta=_("{time} left").format(time=coarse(tick.eta_s)) if tick and tick.eta_s is not None else "",
        contact=contact(tick.contact, model.wall) if tick else "",
        driver=driver(model),
        steers=model.steers,
        network=" · ".join([state.device or "no device yet", network_word(settings), f"{settings['resolution']} px",
                            _("life {n}").format(n=state.life)]) if state else "",
    )


def network_word(settings: Mapping[str, Value]) -> str:
    """What the network is called: its letters, or its family where that has one shape only."""
    model = settings.get("model", SAEHD)    # a supervisor of an older version has no families
    return str(settings["archi"] if model == SAEHD else model)


def alike(tick: Tick) -> str:
    """The newest likeness with its interval, "" while none was read that means something."""
    read = tick.watch.likeness if tick.watch else None
    if read is None or read.trouble or read.measure != "likeness":
        return ""
    return _("likeness {score} ±{half}").format(score=f"{read.score:.0f}", half=f"{(read.high - read.low) / 2:.0f}")


def split(data_ms: float, compute_ms: float, save_ms: float) -> str:
    """Milliseconds an iteration, and on what."""
    return _("{total:.0f} ms = data {data:.0f} + compute {compute:.0f} + save {save:.0f}").format(
        total=data_ms + compute_ms + save_ms, data=data_ms, compute=compute_ms, save=save_ms)


def contact(at: float, wall: float) -> str:
    """The trainer's last sign of life, in coarse steps."""
    age = wall - at
    if at <= 0:
        return _("no contact yet")
    if age < NOW_S or wall <= 0:
        return _("contact now")
    # In steps, so that a silent trainer costs a repaint in ten seconds and not one a second.
    step = 10 if age < 120 else 60
    return _("contact {time} ago").format(time=duration(age // step * step))


def driver(model: Model) -> str:
    """Who steers."""
    if model.steers:
        return _("you steer")
    if model.driver:
        return _("{who} steers, you watch").format(who=model.driver_label)
    return _("nobody steers") if model.state else ""


def draw(view: View, width: int, _height: int, look: Look) -> list[Strip]:
    """Two rows. Pure."""
    state = mood_style(view.phase.mood, look)
    first: list[Part] = [(f" {view.run}", look.accent), (f"   {view.phase.glyph} {_(view.phase.word)}", state)]
    for text, style in ((view.iteration, look.strong), (view.speed, look.speed), (view.alike, look.good),
                        (view.eta, look.plain)):
        if text:
            first.append((f"   {text}", style))
    second: list[Part] = [(f" {view.split}", look.pale)] if view.split else []
    end: list[Part] = [(f"{view.contact}   ", look.pale), (f"{view.driver} ", look.good if view.steers else look.pale)]
    # beside the numbers of the first row, which vary less in width; the device stays longest
    names = view.network.split(" · ")
    shorter = (" · ".join(names[:n]) for n in range(len(names), 0, -1))
    network = next((text for text in shorter if width_of(first) + width_of([(text, look.pale)]) + 4 < width), "")
    return [between(first, [(f"{network} ", look.pale)], width), between(second, end, width)]


class HeaderPanel(Panel[View]):
    """The two rows under the verdict."""

    ID = "header"
    can_focus = False

    def select(self, model: Model) -> View:
        return select(model)

    def draw(self, view: View, width: int, height: int, look: Look) -> list[Strip]:
        return draw(view, width, height, look)
