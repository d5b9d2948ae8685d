"""What made a model, and on what ground its faces may be used: goes into every export (design.md 6)."""

import msgspec

from core.events.event import Consent, FaceSetNote, Origin, Parent
from core.events.state import RunState
from core.store.manifest import Generation

METADATA = "dfl-tui.lineage"        # its name among the metadata of DFM, ONNX and safetensors files


class Lineage(msgspec.Struct, frozen=True):
    """Run, iteration and save; face sets by the hash of their content; who is shown, on what ground, who said so; the
    runs that it was converted from."""

    run: str
    iteration: int
    generation: int
    life: int
    recipe: str
    version: str
    src: FaceSetNote
    dst: FaceSetNote
    src_consent: Consent
    dst_consent: Consent
    origin: Origin | None
    parents: list[Parent] = []


def lineage_of(state: RunState, generation: Generation) -> Lineage:
    """The lineage of a generation of a run."""
    return Lineage(state.name, generation.iteration, generation.number, generation.life, state.recipe, state.version,
                   state.src, state.dst, state.src_consent, state.dst_consent, state.origin, state.parents)


def as_text(lineage: Lineage) -> str:
    """One line of JSON."""
    return msgspec.json.encode(lineage).decode()
