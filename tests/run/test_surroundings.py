"""Sockets and folders, logs, hook, jobs, doctor: what touches the machine around a run."""

import asyncio
import os
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.run import doctor as doctor_module
from core.run import start, systemd
from core.run.address import answering, listen, make_private, runtime_folder
from core.run.doctor import doctor, file_system, kind_of_file_system, multiplexer, terminal
from core.run.environment import child_environment, python_command, trainer_environment
from core.run.hook import HookNote, call
from core.run.job import JobError, run_job
from core.run.logs import tail, trim
from core.run.machine import Sampler
from core.run.ready import Failed, Ready, Starter, understood
from core.settings.error import RefusedError, StoreError


# --- sockets ----------------------------------------------------------------------------------------------------------
def test_a_socket_lies_in_the_run_folder_and_is_private(tmp_path):
    server, path = listen(tmp_path)
    assert path == tmp_path / "run.sock"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert answering(tmp_path) == path
    server.close()
    assert answering(tmp_path) is None
    again, same = listen(tmp_path)
    assert same == path
    again.close()


def test_a_long_path_leads_both_sides_to_the_same_place(tmp_path, monkeypatch):
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    server, path = listen(deep)
    assert path.parent == runtime_folder()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "of-another-login"))
    assert answering(deep) == path
    server.close()
    assert answering(deep) is None


def test_a_run_that_came_back_to_a_short_path_has_its_socket_inside_again(tmp_path):
    (tmp_path / "run.sock.at").write_text("/nowhere/x.sock\n")
    assert answering(tmp_path) is None
    server, path = listen(tmp_path)
    assert path.parent == tmp_path
    assert not (tmp_path / "run.sock.at").exists()
    server.close()


def test_a_folder_for_sockets_that_is_not_ours_alone_is_refused(tmp_path):
    make_private(tmp_path / "a" / "b")
    (tmp_path / "open").mkdir(mode=0o755)
    (tmp_path / "link").symlink_to(tmp_path / "a")
    for name in ("open", "link"):
        with pytest.raises(StoreError, match="not a private folder"):
            make_private(tmp_path / name)


def test_where_no_socket_can_be_made_every_reason_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / ("r" * 100)))
    (tmp_path / ("d" * 100)).mkdir()
    with pytest.raises(StoreError, match="no socket can be made"):
        listen(tmp_path / ("d" * 100))


# --- starting ---------------------------------------------------------------------------------------------------------
def test_children_do_not_search_the_current_folder():
    safe = child_environment({"PYTHONPATH": os.pathsep.join(["", "here", "/there"]), "X": "1"})
    assert safe == {"PYTHONSAFEPATH": "1", "PYTHONPATH": "/there", "X": "1", "OMP_WAIT_POLICY": "passive"}
    assert child_environment({"OMP_WAIT_POLICY": "active"})["OMP_WAIT_POLICY"] == "active"
    assert "PYTHONPATH" not in child_environment({"PYTHONPATH": "."})
    assert python_command("a.b", "c") == [sys.executable, "-P", "-m", "a.b", "c"]


def test_a_trainer_keeps_freed_memory_unless_a_person_says_otherwise():
    ours = trainer_environment({"MALLOC_TRIM_THRESHOLD_": "1"})
    assert ours == {**child_environment({}), "MALLOC_TRIM_THRESHOLD_": "1", "MALLOC_MMAP_THRESHOLD_": str(4 * 1024**3)}


def test_a_starter_hears_one_word():
    reader, writer = os.pipe()
    starter = Starter(writer)
    starter.tell(Ready("/s"))
    starter.tell_failure(RefusedError("late"))
    assert understood(os.read(reader, 999)) == Ready("/s")
    assert os.read(reader, 999) == b""
    os.close(reader)
    assert understood(b"") is None
    assert understood(b"{half") is None
    assert understood(b'{"type":"failed","message":"m","hint":""}') == Failed("m", "")
    Starter(None).tell(Ready("/s"))


def test_a_command_is_moved_out_of_the_session_only_where_that_works(monkeypatch):
    command = ["python", "x"]
    assert systemd.in_user_scope(command, "demo") == command    # no systemd in this container
    monkeypatch.setattr(systemd, "is_running", lambda: True)
    monkeypatch.setattr(systemd, "lingers", lambda: True)
    monkeypatch.setattr(systemd, "has_user_bus", lambda: True)
    monkeypatch.setattr(systemd.shutil, "which", lambda _: "/usr/bin/systemd-run")
    moved = systemd.in_user_scope(command, "demo")
    assert moved[:3] == ["systemd-run", "--user", "--scope"]
    assert moved[-3:] == ["--", *command]


def test_what_logind_does_is_read_from_its_files(tmp_path, monkeypatch):
    monkeypatch.setattr(systemd, "LOGIND_FILES", (tmp_path / "a", tmp_path / "b"))
    assert systemd.kills_user_processes() is None
    (tmp_path / "a").write_text("#KillUserProcesses=no\n[Login]\n KillUserProcesses = yes\n")
    assert systemd.kills_user_processes() is True
    (tmp_path / "b").write_text("KillUserProcesses=no\n")
    assert systemd.kills_user_processes() is False


# --- logs -------------------------------------------------------------------------------------------------------------
def test_a_log_is_cut_where_it_lies_and_its_writer_goes_on(tmp_path):
    path = tmp_path / "trainer.log"
    with path.open("ab", buffering=0) as writer:
        writer.write(b"old\n" * 100)
        assert not trim(path, 1000)
        assert trim(path, 100)
        writer.write(b"new\n")
    assert path.read_bytes() == b"new\n"
    assert (tmp_path / "trainer.log.1").read_bytes() == b"old\n" * 100
    assert not trim(tmp_path / "nothing")


def test_the_tail_of_a_log_is_bounded_in_lines_and_width(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"x" * 5000 + b"\n" + b"\xff\n" + b"last\n")
    assert tail(path, 2) == ["\N{REPLACEMENT CHARACTER}", "last"]
    assert len(tail(path, 3)[0]) == 2000
    assert tail(tmp_path / "nothing", 5) == []


# --- hook -------------------------------------------------------------------------------------------------------------
NOTE = HookNote("demo", "/runs/demo", "failed", 7, "it did", 0.0)


def test_a_hook_reads_json_and_its_output_is_logged(tmp_path, caplog):
    caplog.set_level("INFO")
    asyncio.run(call(f"cat > {tmp_path}/got; echo done; exit 3", NOTE))
    assert '"happening":"failed"' in (tmp_path / "got").read_text()
    assert "code=3 output='done'" in caplog.text


def test_a_hook_that_hangs_is_killed_with_its_children(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("core.run.hook.LONGEST_S", 2.0)    # a shell has to start in that time
    asyncio.run(call(f"sleep 600 & echo $! > {tmp_path}/pid; wait", NOTE))
    assert "was killed" in caplog.text
    child = int((tmp_path / "pid").read_text())
    status = Path(f"/proc/{child}/stat")
    assert not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z"


def test_a_hook_that_does_not_exist_disturbs_nobody(caplog):
    caplog.set_level("INFO")
    asyncio.run(call("/nothing/here", NOTE))
    assert "code=127" in caplog.text


# --- jobs -------------------------------------------------------------------------------------------------------------
@pytest.fixture
def job(tmp_path, monkeypatch):
    """A job that is the given text of a program."""
    def start(text: str, *words: str):
        (tmp_path / "job.py").write_text(text)
        monkeypatch.setattr("core.run.job.python_command", lambda _, *w: [sys.executable, str(tmp_path / "job.py"), *w])
        return run_job("test", list(words))

    return start


def test_the_records_of_a_job_come_one_by_one(job):
    text = "import sys, json\nfor w in sys.argv[1:]: print(json.dumps({'word': w}), flush=True)"
    assert list(job(text, "a", "b")) == [{"word": "a"}, {"word": "b"}]


@pytest.mark.parametrize(("text", "words"), [
    ("print('{\"error\": \"no faces\", \"hint\": \"look\"}')", "no faces: look"),
    ("print('hello')", "no record: 'hello'"),
    ("print('[1]')", "no record"),
    ("import sys; sys.exit('it broke')", "ended with code 1: it broke"),
])
def test_a_job_that_fails_says_why(job, text, words):
    with pytest.raises(JobError, match=words):
        list(job(text))


def test_a_job_that_nobody_wants_any_more_is_ended(job, tmp_path):
    records = job(f"import os, time\nopen('{tmp_path}/pid', 'w').write(str(os.getpid()))\n"
                  "print('{}', flush=True)\ntime.sleep(600)")
    assert next(records) == {}
    records.close()
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


# --- doctor -----------------------------------------------------------------------------------------------------------
def test_the_doctor_looks_at_everything_and_says_it_in_sentences(tmp_path):
    findings = doctor(tmp_path / "home" / "not" / "yet", probe_devices=False)
    assert [f.name for f in findings] == ["python", "torch", "terminal", "tmux", "sockets", "disk", "file system",
                                          "logout", "clock", "memory"]
    assert all(f.sentence and f.state in ("ok", "warn", "bad") for f in findings)


@pytest.mark.parametrize(("program", "state", "words"), [
    ("print('cuda:0 H100, 70 of 80 GB free')", "ok", "H100"),
    ("pass", "warn", "CPU works"),
    ("raise ImportError('libtorch.so is broken')", "bad", "libtorch.so is broken"),
    ("import time; time.sleep(600)", "bad", "driver may hang"),
])
def test_the_doctor_asks_torch_in_a_process_of_its_own(monkeypatch, program, state, words):
    monkeypatch.setattr(doctor_module, "PROBE", program)
    monkeypatch.setattr(doctor_module, "PROBE_S", 1.0 if "sleep" in program else 60.0)
    monkeypatch.setattr(doctor_module.shutil, "which", lambda _: None)
    found = doctor_module.devices()
    assert found.state == state
    assert words in found.sentence


@pytest.mark.parametrize(("environment", "state", "words"), [
    ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "ok", "16.7 million"),
    ({"TERM": "xterm-256color"}, "warn", "COLORTERM"),
    ({"TERM": "xterm"}, "warn", "few colours"),
    ({"TERM": "dumb"}, "warn", "--plain"),
    ({"TERM": "xterm", "NO_COLOR": "1"}, "ok", "NO_COLOR"),
])
def test_the_doctor_reads_the_terminal_from_the_environment(environment, state, words):
    found = terminal(environment)
    assert (found.state, words in found.sentence) == (state, True)


def test_the_doctor_knows_multiplexers_and_file_systems(tmp_path):
    assert multiplexer({"TMUX": "x"}).state == "warn"
    assert multiplexer({"TMUX": "x", "COLORTERM": "truecolor"}).state == "ok"
    assert multiplexer({"STY": "x"}).state == "warn"
    assert kind_of_file_system(Path("/proc/self")) == "proc"
    assert file_system(tmp_path).name == "file system"
    if kind_of_file_system(Path("/dev/shm")) == "tmpfs":
        assert file_system(Path("/dev/shm")).state == "bad"


def test_a_long_home_needs_the_runtime_folder(tmp_path):
    found = doctor_module.sockets(tmp_path / ("h" * 100))
    assert "too long for sockets" in found.sentence


# --- machine ----------------------------------------------------------------------------------------------------------
def test_the_load_of_the_machine_is_rounded_to_what_people_can_use(tmp_path):
    machine = Sampler(tmp_path).read(os.getpid())
    assert 0 <= machine.cpu <= 1
    assert 0 < machine.trainer_rss < machine.ram_total
    assert machine.ram_used % (64 * 2**20) == 0
    assert Sampler(tmp_path).read(None).trainer_rss == 0
    assert Sampler(tmp_path).read(2**22 - 1).trainer_rss == 0


class Nvml:
    """NVML as its package shows it, with one card that our process computes on and one that it does not."""

    class NVMLError(Exception):
        pass

    NVML_ERROR_NOT_FOUND = 6

    def __init__(self, cards: int):
        self.nvmlInit = lambda: None
        self.nvmlDeviceGetCount = lambda: cards
        self.nvmlDeviceGetHandleByIndex = lambda i: i
        self.nvmlDeviceGetName = lambda i: f"card {i}".encode()
        self.nvmlDeviceGetMemoryInfo = lambda _: SimpleNamespace(used=3 * 2**30, total=8 * 2**30)
        self.nvmlDeviceGetUtilizationRates = lambda _: SimpleNamespace(gpu=50)
        self.nvmlDeviceGetComputeRunningProcesses = (
            lambda i: [SimpleNamespace(pid=os.getpid())] if i == cards - 1 else [])


def test_the_gpu_that_the_trainer_uses_is_shown(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", Nvml(2))
    machine = Sampler(tmp_path).read(os.getpid())
    assert (machine.gpu, machine.gpu_use, machine.gpu_total) == ("card 1", 0.5, 8 * 2**30)
    assert Sampler(tmp_path).read(None).gpu == "card 0"
    monkeypatch.setitem(sys.modules, "pynvml", Nvml(0))
    assert Sampler(tmp_path).read(os.getpid()).gpu == ""


# --- the public module ------------------------------------------------------------------------------------------------
def test_every_name_of_start_is_there_and_loads_what_it_needs_only():
    for name in start.__all__:
        assert getattr(start, name) is not None
    with pytest.raises(AttributeError):
        start.nothing   # noqa: B018
    program = "import sys; from core.run.start import places, find; print(*sys.modules)"
    bare = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE")}   # measuring imports modules too
    seen = subprocess.run([sys.executable, "-P", "-c", program], env=bare, capture_output=True, text=True,
                          check=True).stdout
    assert not {"torch", "numpy", "cv2", "textual", "asyncio", "subprocess"} & set(seen.split())
