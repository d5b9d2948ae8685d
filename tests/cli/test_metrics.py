"""`dfl-tui metrics`: a table of a run that does not train, on standard output or in a file."""

import csv

import pytest

from core.events.event import Consent, FaceSetNote
from core.run.start import NewRun, create_run
from core.store.folder import RunFolder
from core.store.metric import MetricWriter
from core.store.segment import ITERATION, LIFE, Column
from dfl_tui.cli.exit_code import ExitCode
from dfl_tui.cli.main import run


@pytest.fixture
def home(tmp_path):
    nobody, faces = Consent("synthetic", "synthetic", "anna"), FaceSetNote("/faces", 96, "00")
    place = create_run(tmp_path, NewRun("a", {}, faces, faces, nobody, nobody))
    writer = MetricWriter(RunFolder(place.folder).metrics, (ITERATION, LIFE, Column("src"), Column("time")))
    for life, rows in ((0, [1, 2, 3]), (1, [2, 3])):
        writer.append([[iteration, life, 0.1 * iteration, 1e9] for iteration in rows])
    writer.close()
    return str(tmp_path)


def test_the_table_goes_to_standard_output_with_what_was_given_up(home, capfdbinary):
    assert run(["--home", home, "metrics", "a", "--csv", "-"]) == ExitCode.OK
    head, *lines = csv.reader(capfdbinary.readouterr().out.decode().splitlines())
    assert head == ["iteration", "life", "abandoned", "time", "src"]
    assert [line[:3] for line in lines] == [["1", "0", "0"], ["2", "0", "1"], ["3", "0", "1"], ["2", "1", "0"],
                                            ["3", "1", "0"]]
    assert [float(line[4]) for line in lines] == [0.1, 0.2, 0.1 * 3, 0.2, 0.1 * 3]


def test_the_table_goes_to_a_file_and_a_folder_that_is_not_there_is_said(home, tmp_path, capsys):
    assert run(["--home", home, "metrics", "--csv", str(tmp_path / "m.csv")]) == ExitCode.OK
    assert (tmp_path / "m.csv").read_text().count("\n") == 6
    assert run(["--home", home, "metrics", "a", "--csv", str(tmp_path / "none" / "m.csv")]) == ExitCode.FAILED
    assert capsys.readouterr().err == f"dfl-tui: {tmp_path}/none/m.csv: No such file or directory\n"
