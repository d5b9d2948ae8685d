"""Devices: what is chosen, what is refused in words, and what counts as memory running out."""

import pytest
import torch

from core.settings.error import RefusedError
from core.train.device import choose_device, cpu_model, is_out_of_memory, name_of, prepare

NO_GPU = not torch.cuda.is_available()


def test_auto_takes_a_device_that_is_there_and_computes_on_it():
    assert torch.ones(2, device=choose_device("auto")).sum().item() == 2


@pytest.mark.skipif(torch.version.cuda is not None, reason="this torch has CUDA")
def test_a_gpu_is_refused_where_torch_has_no_cuda():
    with pytest.raises(RefusedError, match="built without CUDA"):
        choose_device("cuda:1")


@pytest.mark.skipif(NO_GPU, reason="needs a GPU")
def test_a_gpu_that_is_not_there_is_refused_with_the_ones_that_are():
    with pytest.raises(RefusedError, match=r"use cuda:0 to cuda:"):
        choose_device("cuda:99")


@pytest.mark.skipif(torch.backends.mps.is_available(), reason="needs a machine without Metal")
def test_metal_is_refused_where_there_is_none():
    with pytest.raises(RefusedError, match="Metal"):
        choose_device("mps")


def test_the_cpu_is_named_with_threads_and_model(tmp_path):
    info = tmp_path / "cpuinfo"
    info.write_text("processor\t: 0\nmodel name\t: AMD EPYC 9654\n")
    assert cpu_model(info) == "AMD EPYC 9654"
    assert cpu_model(tmp_path / "none")
    assert name_of(torch.device("cpu"), 2).startswith("CPU, 2 threads, ")
    assert name_of(torch.device("cpu"), 1).startswith("CPU, 1 thread, ")


def test_preparing_fixes_the_number_of_threads():
    before = torch.get_num_threads()
    try:
        assert prepare(torch.device("cpu"), 1) == 1
        assert torch.are_deterministic_algorithms_enabled()
        assert prepare(torch.device("cpu"), 0) >= 1
    finally:
        torch.set_num_threads(before)
        torch.use_deterministic_algorithms(False)


def test_an_allocation_that_fails_is_recognised_and_other_errors_are_not():
    with pytest.raises(RuntimeError) as cpu:
        torch.empty(2**60, dtype=torch.float32)
    assert is_out_of_memory(cpu.value)
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"))
    assert is_out_of_memory(RuntimeError("MPS backend out of memory"))
    assert is_out_of_memory(MemoryError())
    assert not is_out_of_memory(RuntimeError("shape '[2, 3]' is invalid for input of size 5"))
    assert not is_out_of_memory(ValueError("out of memory"))
