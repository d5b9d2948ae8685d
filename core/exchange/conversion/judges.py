"""What becomes of a run's discriminators when its network is converted: kept whole, or begun anew."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch

from core.events.event import Block
from core.exchange.part import JUDGES, Judge, judged_with
from core.nets.block import BlockNetwork
from core.settings.error import NetworkError
from core.settings.kind import Value
from core.store.generation import BlockContent

Settings = Mapping[str, Value]


class KeptJudges(NamedTuple):
    """Blocks of the judges that fit the new network; `step`: what a generation says of them; `notes` of the others."""

    blocks: dict[str, BlockContent]
    table: list[Block]
    step: dict[str, Any]
    notes: list[str]


def keep_judges(blocks: Mapping[str, BlockContent], step: Mapping[str, Any], before: Settings,
                after: Settings) -> KeptJudges:
    """The judges of a generation that the settings `after` would make alike. Raises NetworkError where a judge that is
    wanted cannot be built for the new network."""
    kept: dict[str, BlockContent] = {}
    table: list[Block] = []
    notes: list[str] = []
    rivals: dict[str, Any] = {"gan": None, "code": False}
    ramps = dict(step.get("ramps", {}))
    for judge, settings in judged_with(step, before):
        made = same_blocks(judge, settings, after, blocks)
        if made:
            table += made
            kept |= {block.name: blocks[block.name] for block in made}
            rivals |= {"gan": step["rivals"]["gan"]} if judge.file == "GAN" else {"code": True}
        else:
            # without its ramp: a judge that knows nothing comes in as slowly as one that is switched on
            ramps.pop(judge.power, None)
            notes.append(f"the {judge.file} of the old network does not fit the new one: training begins a new one")
    for judge in JUDGES:
        if float(after[judge.power]) > 0:
            outlined(judge, after)
    return KeptJudges(kept, table, {**step, "rivals": rivals, "ramps": ramps}, notes)


def same_blocks(judge: Judge, settings: Settings, after: Settings, blocks: Mapping[str, BlockContent]) -> list[Block]:
    """The blocks of a judge that the new run would make just so; none where it would make another, or not take it."""
    if settings["optimizer"] != after["optimizer"]:
        return []
    try:
        old, new = outlined(judge, settings), outlined(judge, after)
    except NetworkError:
        return []   # it is for another kind of network
    shapes = [{name: tuple(p.shape) for name, p in network.named_parameters()} for network in (old, new)]
    if shapes[0] != shapes[1] or not all(block.name in blocks for block in new.blocks):
        return []
    return new.blocks


def outlined(judge: Judge, settings: Settings) -> BlockNetwork:
    """A judge that costs no memory. Raises NetworkError."""
    with torch.device("meta"):
        return judge.make(settings)
