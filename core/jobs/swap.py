"""Draws swaps of aligned faces with a saved generation of a run, which may go on training meanwhile.

    python -P -m core.jobs.swap RUN_FOLDER FACES_DIR --out OUT_DIR [--generation N] [--format png|npz] [--device D]
        [--morph X]

npz: STEM.npz holds float32 (R, R, 3) BGR 0..1 `face`, `dst` (its reconstruction), `swap`, and (R, R, 1) `dst_mask`,
`swap_mask`, all in the model's face-type frame. png: a sheet STEM.png with face, reconstruction, swap and both masks.
lineage.json says what made them and who is shown (design.md 6). Records: progress, problem, summary; or error.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from core.events.fold import fold
from core.events.state import RunState
from core.exchange.lineage import Lineage, lineage_of
from core.faces.face import Face, FaceSet
from core.faces.face_type import face_type_of
from core.faces.faceset import open_faceset
from core.faces.picture import crop_image, read_image
from core.jobs.record import tell, told
from core.nets.block_state import load_weights
from core.nets.family import make_network
from core.nets.network import FaceNetwork
from core.nets.picture import swapped
from core.settings.error import FaceFileError, RefusedError, StoreError
from core.store.folder import RunFolder
from core.store.generation import Generations
from core.store.journal import folded, read_journal
from core.store.line import line_of
from core.store.manifest import Generation
from core.train.device import choose_device, prepare
from core.train.train_batch import to_tensor

CHUNK = 16  # faces drawn at a time

Floats = NDArray[np.float32]


class SwapLineage(Lineage, frozen=True, kw_only=True):
    """What made the pictures of a folder. drawn_from: key of the faces. morph: AMP's, None of others."""

    drawn_from: str
    morph: float | None


@dataclass(frozen=True, slots=True)
class Drawn:
    """One face as the model sees and draws it: (R, R, 3) BGR and (R, R, 1), float32 0..1."""

    face: Floats
    dst: Floats
    swap: Floats
    dst_mask: Floats
    swap_mask: Floats


def main(arguments: Sequence[str]) -> int:
    """The job; its exit code."""
    parser = argparse.ArgumentParser(prog="core.jobs.swap")
    parser.add_argument("run", type=Path)
    parser.add_argument("faces", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--generation", type=int)
    parser.add_argument("--format", choices=("png", "npz"), default="png")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--morph", type=float)
    words = parser.parse_args(arguments)
    return told(lambda: swap(words))


def swap(words: argparse.Namespace) -> None:
    """Draw every usable face of the folder. Raises DflTuiError."""
    run = RunFolder(words.run)
    events = read_journal(run.journal)
    state = folded(events, run.journal)
    generations = Generations(run)
    generation = chosen(generations, run, words.generation)
    state = of_size(state, fold(events[:generation.journal]))
    with generations.pin(generation.number, "swap"):
        device = choose_device(words.device)
        prepare(device, 0)
        network = loaded(generations, generation, state)
        network.to(device)
    morph = morph_for(network, state, words.morph)
    faceset = open_faceset(words.faces, lambda done, total: tell({"progress": done, "total": total}))
    try:
        words.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot make {words.out} ({error.strerror})", hint="choose another --out") from error
    problems = [{"name": p.name, "reason": p.reason} for p in faceset.problems]
    written = 0
    for face, drawn in draw_all(network, faceset, state, problems, morph=morph):
        save(words.out, Path(face.name).stem, drawn, words.format)
        written += 1
        tell({"progress": written, "total": len(faceset.faces)})
    lineage(words.out, state, generation, faceset, morph=morph if network.mixing else None)
    for problem in problems:
        tell({"problem": problem})
    tell({"summary": {"generation": generation.number, "iteration": generation.iteration, "faces": len(faceset.faces),
                      "written": written, "problems": len(problems), "out": str(words.out)}})


def of_size(state: RunState, then: RunState) -> RunState:
    """The run with the network that it had `then`: it may have grown since, or been taken back to before it had."""
    grown = {key: then.settings[key] for key in ("resolution", "growth")}
    return msgspec.structs.replace(state, settings=state.settings | grown)


def chosen(generations: Generations, run: RunFolder, number: int | None) -> Generation:
    """The generation of that number, or the newest sound one of the present life. Raises StoreError."""
    if number is not None:
        return generations.get(number)
    found = generations.newest_sound(line_of(read_journal(run.journal))).generation
    if found is None:
        raise StoreError(f"run {run.name} has no save yet", hint="save it first, or wait for its first save")
    return found


def loaded(generations: Generations, generation: Generation, state: RunState) -> FaceNetwork:
    """The network with the weights of a generation. Raises StoreError or NetworkError."""
    network = make_network(state.settings)
    network.stand_at(generation.iteration, int(state.settings["growth_ramp"]))
    contents = generations.load(generation.number)
    for block in network.blocks:    # a generation may hold discriminators as well, which a swap does not need
        if block.name not in contents:
            raise StoreError(f"generation {generation.number} lacks block {block.name}", hint="choose another one")
        load_weights(network, block.name, dict(contents[block.name].weights))
    return network


def morph_for(network: FaceNetwork, state: RunState, wanted: float | None) -> float:
    """How far from dst to src: what is wanted, else what the run's previews show. Raises RefusedError."""
    if wanted is not None and not network.mixing:
        raise RefusedError(f"run {state.name} is a {state.settings['model']}, which swaps whole or not at all",
                           hint="leave --morph out; only amp can go part of the way")
    if wanted is not None and not 0 <= wanted <= 1:
        raise RefusedError(f"--morph {wanted:g} is out of range", hint="give 0 (dst) to 1 (src)")
    return float(state.settings["preview_morph"]) if wanted is None else wanted


def draw_all(network: FaceNetwork, faceset: FaceSet, state: RunState, problems: list[dict[str, str]], *,
             morph: float) -> Iterator[tuple[Face, Drawn]]:
    """Every face that can be read, drawn; the others go to `problems`."""
    faces = crops(faceset, state, problems)
    while chunk := list(islice(faces, CHUNK)):
        drawn = drawn_of(network, np.stack([crop for _, crop in chunk]), morph)
        yield from zip([face for face, _ in chunk], drawn, strict=True)


def crops(faceset: FaceSet, state: RunState,
          problems: list[dict[str, str]]) -> Iterator[tuple[Face, NDArray[np.uint8]]]:
    """The faces in the model's frame, uint8 (R, R, 3) BGR."""
    face_type, side_px = face_type_of(str(state.settings["face_type"])), int(state.settings["resolution"])
    for face in faceset.faces:
        try:
            yield face, crop_image(read_image(face), face, face_type, side_px)
        except FaceFileError as error:
            problems.append({"name": face.name, "reason": error.message})


def drawn_of(network: FaceNetwork, images: NDArray[np.uint8], morph: float) -> list[Drawn]:
    """Faces uint8 (n, R, R, 3), drawn as dst and, as far as `morph` says, as src."""
    batch = to_tensor(images, next(network.parameters()).device)
    out = swapped(network, batch, morph=morph)
    stacks = [x.cpu().permute(0, 2, 3, 1).contiguous().numpy()
              for x in (batch, out.dst, out.swap, out.dst_mask, out.swap_mask)]
    return [Drawn(*parts) for parts in zip(*stacks, strict=True)]


def save(folder: Path, stem: str, drawn: Drawn, form: str) -> None:
    """Write one face. Raises StoreError."""
    path = folder / f"{stem}.{form}"
    try:
        if form == "npz":
            with path.open("wb") as file:
                np.savez(file, face=drawn.face, swap=drawn.swap, dst=drawn.dst, swap_mask=drawn.swap_mask,
                         dst_mask=drawn.dst_mask)
        else:
            is_coded, data = cv2.imencode(".png", sheet(drawn))
            if not is_coded:
                raise StoreError(f"{path} cannot be coded as PNG", hint="use --format npz")
            path.write_bytes(data.tobytes())
    except OSError as error:
        raise StoreError(f"cannot write {path} ({error.strerror})", hint="is the disk full?") from error


def sheet(drawn: Drawn) -> NDArray[np.uint8]:
    """Face, reconstruction, swap, dst mask, swap mask side by side, uint8 (R, 5 R, 3) BGR."""
    masks = [np.repeat(mask, 3, 2) for mask in (drawn.dst_mask, drawn.swap_mask)]
    row = np.concatenate([drawn.face, drawn.dst, drawn.swap, *masks], 1)
    return np.asarray((row.clip(0, 1) * 255).round(), np.uint8)


def lineage(folder: Path, state: RunState, generation: Generation, faceset: FaceSet, *, morph: float | None) -> None:
    """Write lineage.json beside the pictures. Raises StoreError."""
    text = SwapLineage(**msgspec.structs.asdict(lineage_of(state, generation)), drawn_from=faceset.key, morph=morph)
    path = folder / "lineage.json"
    try:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(text), indent=2) + b"\n")
    except OSError as error:
        raise StoreError(f"cannot write {path} ({error.strerror})", hint="is the disk full?") from error


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
