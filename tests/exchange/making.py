"""Model folders as the original writes them, of networks small enough for tests."""

import pickle
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from core.exchange.options import settings_of
from core.exchange.part import JUDGES, Part, judge_part, network_part
from core.exchange.tensors import SLOTS, slot_key
from core.settings.registry import birth_settings

OPTIONS = {"resolution": np.int64(32), "face_type": "wf", "models_opt_on_gpu": True, "archi": "df-ud",
           "ae_dims": np.int64(8), "e_dims": np.int64(4), "d_dims": np.int64(4), "d_mask_dims": np.int64(2),
           "masked_training": True, "eyes_mouth_prio": False, "uniform_yaw": False, "adabelief": True,
           "lr_dropout": "n", "random_warp": True, "random_hsv_power": np.float64(0.0), "ct_mode": "none",
           "clipgrad": False, "pretrain": False, "autobackup_hour": 0, "write_preview_history": False,
           "target_iter": 0, "random_src_flip": False, "random_dst_flip": True, "batch_size": 2}
AMP_OPTIONS = {key: value for key, value in OPTIONS.items() if key not in (
    "archi", "masked_training", "eyes_mouth_prio", "adabelief", "random_hsv_power", "pretrain")} | {
    "inter_dims": np.int64(8), "morph_factor": np.float64(0.5)}
OF_KIND = {"SAEHD": OPTIONS, "AMP": AMP_OPTIONS, "Quick96": {"batch_size": 4},
           "AMPLegacy": AMP_OPTIONS | {"masked_training": True, "adabelief": True}}
# Quick96 has no options of its network; the real one has 38 million parameters.
NARROW = {"Quick96": {"ae_dims": 8, "e_dims": 4, "d_dims": 4, "d_mask_dims": 2}}
UNTRAINED = {"AMP": ("inter_src", "inter_dst")}      # the optimizer has no moments of them
ITERATION = 7


def dumped(value: object) -> bytes:
    """A pickle of this Python's NumPy, which spells `numpy._core`."""
    return pickle.dumps(value, protocol=4)


def make_model(folder: Path, kind: str = "SAEHD", *, options: Mapping[str, object] = OPTIONS, half: bool = False,
               write: Callable[[object], bytes] = dumped, has_optimizer: bool = True) -> Path:
    """A model called alpha with random weights, moments and losses; its folder. half: convolutions in float16."""
    folder.mkdir(parents=True, exist_ok=True)
    draws = np.random.default_rng(5)
    plain = {key: value.item() if isinstance(value, np.generic) else value for key, value in options.items()}
    settings = birth_settings(settings_of("", kind, plain).settings | NARROW.get(kind, {}))
    parts = [network_part(settings)] + [judge_part(judge, settings, "GAN" if kind == "AMP" else "D_src")
                                        for judge in JUDGES if settings[judge.power]]
    for part in parts:
        files, moments = drawn_arrays(part, kind, str(settings["optimizer"]), draws, half=half)
        for file, arrays in files.items():
            (folder / f"alpha_{kind}_{file}.npy").write_bytes(write(arrays))
        if has_optimizer:
            (folder / f"alpha_{kind}_{part.moments}.npy").write_bytes(write(moments))
    side = int(settings["resolution"])
    samples = [[draws.random((2, channels, side, side), np.float32) for channels in (3, 3, 1, 1)] for _ in range(2)]
    losses = draws.random((ITERATION, 2)).tolist()
    (folder / f"alpha_{kind}_data.dat").write_bytes(write({
        "iter": ITERATION, "options": dict(options), "loss_history": losses, "sample_for_preview": samples,
        "choosed_gpu_indexes": None}))
    return folder


def drawn_arrays(part: Part, kind: str, optimizer: str, draws: np.random.Generator, *, half: bool):
    """Weight files and moments of a part, at random."""
    files: dict[str, dict[str, np.ndarray]] = {}
    moments: dict[str, object] = {"iters:0": np.int64(ITERATION)}
    for tensor in part.tensors:
        dtype = np.float16 if half and "dense" not in tensor.key else np.float32
        files.setdefault(tensor.file, {})[tensor.key] = (draws.standard_normal(tensor.shape) / 8).astype(dtype)
    for start in SLOTS[optimizer].values():
        for tensor in (t for t in part.tensors if t.file not in UNTRAINED.get(kind, ())):
            like = files[tensor.file][tensor.key]
            moments[start + slot_key(tensor)] = np.abs(draws.standard_normal(tensor.shape) / 64).astype(like.dtype)
    return files, moments


def arrays_in(folder: Path) -> dict[str, dict[str, np.ndarray]]:
    """Every weight and optimizer file of a folder, read by Python's own unpickler as the original reads them."""
    return {path.name: {key: np.asarray(value) for key, value in pickle.loads(path.read_bytes()).items()}
            for path in sorted(folder.glob("*.npy"))}


def data_in(folder: Path) -> dict:
    """What data.dat of a folder holds, read in the same way."""
    (path,) = folder.glob("*_data.dat")
    return pickle.loads(path.read_bytes())
