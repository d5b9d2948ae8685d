"""Recorded forward passes and training steps of the original program against ours.

Knows the format of the recorded files and the tolerances of their README; knows no test runner.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from core.nets.dfl_keys import from_original, original_tensors
from core.train.judge_label import exact
from core.train.objective import terms_of
from core.train.optim import Masks
from core.train.ramp import full_powers
from core.train.rivals import CODE_SHARE, judged, share_of
from tests.original.digest import (
    LOSS,
    Ties,
    digest_of,
    gradient_deviations,
    loss_deviation,
    positions,
    state_deviations,
    weight_deviations,
)
from tests.original.network_files import config_of, state_as_original, weights_as_original
from tests.original.options import missing_of, settings_of
from tests.original.recorded_case import (
    Case,
    Recorded,
    batch_of,
    case_of,
    picture_of,
    ties_of,
    weights_of_case,
)

Deviations = dict[str, float | str]
Outcome = tuple[Deviations, bool]

PREDICTION = 1e-5
SAMPLES = 128       # asked for of each tensor in a step's digests
OPTIMIZER = "src_dst_opt/"


def check_forward(folder: Path, name: str, entry: Mapping) -> Outcome:
    """The six pictures of a golden file."""
    recorded = np.load(folder / f"{name}.npz")
    config = config_of(recorded)
    kind = kind_of(config)
    if missing := missing_of(kind, config["options"], is_trained=False):
        return {"missing": missing}, False
    settings = settings_of(config["options"], kind)
    case = case_of(settings, weights_of_case(folder, entry, settings))
    deviations = prediction_deviations(case, recorded)
    return deviations, all(value <= PREDICTION for value in deviations.values())   # NaN is not


def kind_of(config: Mapping) -> str:
    """SAEHD, AMP, Quick96: forward cases do not say it, AMP's options do."""
    return config.get("kind") or ("AMP" if "morph_factor" in config["options"] else "SAEHD")


def prediction_deviations(case: Case, recorded: Recorded) -> dict[str, float]:
    """Largest deviation of each recorded picture; a file may hold fewer samples than the batch, or every n-th pixel."""
    src, dst = picture_of(recorded, "warped_src"), picture_of(recorded, "warped_dst")
    drawn = case.network.reconstruct(src, dst, mix=mix_of(recorded))
    ours = {"src_src": drawn.src, "src_srcm": drawn.src_mask, "dst_dst": drawn.dst, "dst_dstm": drawn.dst_mask}
    for ending, morph in morphs_of(recorded).items():
        ours[f"src_dst{ending}"], ours[f"src_dstm{ending}"] = case.network.swap(dst, morph=morph)
    deviations = {}
    for name, picture in ours.items():
        expected = recorded[f"pred_{name}"]
        every = picture.shape[-1] // expected.shape[-1]
        found = picture[: len(expected), :, ::every, ::every].numpy()
        deviations[name] = float(np.abs(found - expected).max())
    return deviations


def mix_of(recorded: Recorded) -> torch.Tensor | None:
    """The channels that AMP took from inter_src, for each sample; None in a case of another family."""
    return torch.from_numpy(recorded["amp_binomial"].astype(np.float32))[..., None, None] if (
        "amp_binomial" in recorded) else None


def morphs_of(recorded: Recorded) -> dict[str, float]:
    """How the recorded swaps' names end, and how far each goes."""
    if "morph_values" in recorded:
        return {f"_morph{place}": float(morph) for place, morph in enumerate(recorded["morph_values"])}
    return {"": float(recorded["morph_value"]) if "morph_value" in recorded else 1.0}


def check_step(folder: Path, name: str, entry: Mapping) -> Outcome:
    """Losses, gradients, weights and optimizer state of a recorded training."""
    recorded = np.load(folder / f"{name}.npz")
    config = config_of(recorded)
    if missing := missing_of(config["kind"], config["options"]):
        return {"missing": missing}, False
    inputs = np.load(folder / entry["inputs"])
    settings = settings_of(config["options"], config["kind"])
    case = case_of(settings, weights_of_case(folder, entry, settings))
    batch, ties = batch_of(inputs, settings), ties_of(case, inputs)
    start = set_counter(case, recorded)
    checks = [initial_deviations(case, recorded), gradients_of(case, batch, recorded, ties)]
    checks += lessons_of(case, batch, recorded, ties)
    # Dropout masks are recorded at the samples only, so that a second step cannot be made (README of the cases).
    masked = "lr_rnd1.vals" in recorded
    count = 1 if masked else len(recorded["src_loss"])
    masks = recorded_masks(case, recorded) if masked else None
    losses = []
    for done in range(1, count + 1):
        result = case.step(batch, settings, iteration=start + done - 1, masks=masks, mix=mix_of(recorded),
                           locked=case.locked)
        losses.append((result.src.numpy(), result.dst.numpy()))
        if f"w_after{done}.vals" in recorded:
            checks.append(after(case, recorded, done, ties))
    checks.append(losses_outcome(losses, recorded, count))
    return {k: v for found, _ in checks for k, v in found.items()}, all(is_within for _, is_within in checks)


def set_counter(case: Case, recorded: Recorded) -> int:
    """Give the optimizer the counter that the recorded training began with; that number."""
    names = [str(name) for name in recorded["opt_names"]]
    start = int(digest_of(recorded, "opt_after1", names).samples[names.index(f"{OPTIMIZER}iters:0")][0]) - 1
    case.step.optimizer.counters.fill_(start)
    return start


def names_of(recorded: Recorded) -> list[str]:
    return [str(name) for name in recorded["w_names"]]


def initial_deviations(case: Case, recorded: Recorded) -> tuple[dict[str, float], bool]:
    """The starting weights must be equal: else the weights of another case were read."""
    digest = digest_of(recorded, "w0", names_of(recorded))
    ours = weights_of(case)
    gap = max(float(np.abs(ours[name].reshape(-1)[positions(ours[name].size, SAMPLES)] - samples).max())
              for name, samples in zip(digest.names, digest.samples, strict=True))
    return {"weight_0": gap}, gap == 0


def weights_of(case: Case) -> dict[str, np.ndarray]:
    """Weights of the network and its judges by the original's variable name."""
    found = weights_as_original(case.network)
    for judge in case.step.rivals.learners:
        found |= weights_as_original(judge.module, gan_prefix=case.gan_prefix)
    return found


def gradients_of(case: Case, batch, recorded: Recorded, ties: Ties) -> tuple[dict[str, float], bool]:
    """Loss and gradients at the starting weights, before clipping."""
    blocks = case.step.open_blocks(case.settings, case.locked)
    total = case.step.losses(batch, case.settings, mix=mix_of(recorded)).total
    case.step.learner.gradients(total.sum(), blocks)
    names = [str(name) for name in recorded["grad_G.names"]]
    ours = weights_as_original(case.network, gradients=True)
    found, is_within = gradient_deviations(digest_of(recorded, "grad_G", names), ours, SAMPLES, ties)
    case.network.zero_grad(set_to_none=True)
    found["loss_G0"] = loss_deviation(total.detach().numpy(), recorded["loss_G0"])
    return found, is_within and found["loss_G0"] <= LOSS


def lessons_of(case: Case, batch, recorded: Recorded, ties: Ties) -> list[tuple[dict[str, float], bool]]:
    """Loss and gradients of each judge at the starting weights, before the network has moved."""
    terms = terms_of(case.settings, full_powers(case.settings))
    rivals, count, found = case.step.rivals, len(batch.src.target), []
    codes, pictures = rivals.examples(batch, terms, mix=mix_of(recorded))
    for tag, judge, examples, share in (("Dcode", rivals.code, codes, CODE_SHARE),
                                        ("Dgan", rivals.gan, pictures, share_of(terms))):
        if judge is None:
            continue
        loss, _ = judged(judge, examples, exact(), share, judge.open_blocks(frozenset()))
        judge.gradients(loss.sum(), judge.open_blocks(frozenset()))
        names = [str(name) for name in recorded[f"grad_{tag}.names"]]
        ours = weights_as_original(judge.module, gradients=True, gan_prefix=case.gan_prefix)
        worst, is_within = gradient_deviations(digest_of(recorded, f"grad_{tag}", names), ours, SAMPLES, ties)
        judge.module.zero_grad(set_to_none=True)
        # the original counts one loss for each sample, over both people where both are judged
        worst["loss"] = loss_deviation(loss.detach().view(-1, count).sum(0).numpy(), recorded[f"loss_{tag}0"])
        found.append(({f"{tag}_{key}": value for key, value in worst.items()},
                      is_within and worst["loss"] <= LOSS))
    return found


def after(case: Case, recorded: Recorded, done: int, ties: Ties) -> tuple[dict[str, float], bool]:
    """Weights and optimizer state after `done` steps."""
    weights = digest_of(recorded, f"w_after{done}", names_of(recorded))
    found, is_within = weight_deviations(weights, weights_of(case), SAMPLES, done)
    ours = {}
    for file, learner in (("src_dst_opt", case.step.learner), ("D_code_opt", case.step.rivals.code),
                          ("GAN_opt", case.step.rivals.gan)):
        state = {} if learner is None else state_as_original(learner.module, learner.optimizer, case.gan_prefix)
        ours |= {f"{file}/{key}": value for key, value in state.items()}
    state = digest_of(recorded, f"opt_after{done}", [str(n) for n in recorded["opt_names"]])
    more, is_too = state_deviations(state, ours, SAMPLES, done, ties)
    return found | more, is_within and is_too


def losses_outcome(losses: list, recorded: Recorded, count: int) -> tuple[dict[str, float], bool]:
    """Losses of every iteration, before its update."""
    found = {}
    for side, ours in zip(("src_loss", "dst_loss"), zip(*losses, strict=True), strict=True):
        found[side] = loss_deviation(np.stack(ours), recorded[side][:count])
    return found, all(value <= LOSS for value in found.values())   # NaN is not


def recorded_masks(case: Case, recorded: Recorded) -> Masks:
    """The first iteration's dropout mask at the sampled places; elsewhere, where nothing is compared, all ones."""
    names = [str(name) for name in recorded["lr_rnd.names"]]
    digest = digest_of(recorded, "lr_rnd1", names)
    sampled = dict(zip(digest.names, digest.samples, strict=True))
    masks: dict[str, dict[str, torch.Tensor]] = {}
    for tensor in original_tensors(case.network):
        full = np.ones(int(np.prod(tensor.shape)), np.float32)
        full[positions(full.size, SAMPLES)] = sampled[tensor.variable]
        ours = from_original(full.reshape(tensor.shape), tensor)
        masks.setdefault(tensor.block, {})[tensor.name] = torch.from_numpy(ours)
    return masks
