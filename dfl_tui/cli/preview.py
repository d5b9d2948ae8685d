"""`dfl-tui preview`: the preview as a picture file, for people whose terminal shows none."""

import struct
import zlib
from pathlib import Path

import click

from core.events.act import PreviewNow
from core.settings.error import RefusedError
from core.wire.console_record import AskPreview, Preview
from dfl_tui.cli.call import Call, add_everywhere_options, run_argument
from dfl_tui.cli.connection import ANY_ID, Connection
from dfl_tui.cli.failure import NotFoundError
from dfl_tui.cli.place import found, reached
from dfl_tui.language import _


@add_everywhere_options
@click.command("preview")
@run_argument()
@click.option("--png", "path", type=click.Path(path_type=Path, dir_okay=False), required=True, metavar="FILE",
              help="Where to write the picture.")
@click.option("--now", "is_now", is_flag=True, help="Have the run draw a new preview first.")
@click.option("--iteration", type=click.IntRange(min=0), metavar="N", help="The preview of iteration N.")
@click.pass_obj
def preview_command(call: Call, name: str, path: Path, is_now: bool, iteration: int | None) -> None:
    """Write a run's newest preview as a PNG file.

    A row for each face: src, src', dst, dst', swap, mask. The run's folder has an always current preview.png as well.
    """
    with reached(found(call, name)) as connection:
        if is_now:
            click.echo(connection.command(PreviewNow()).sentence, err=True)
        rows = faces(connection, iteration)
    path.write_bytes(png(rows))
    click.echo(_("{path}: iteration {n}, {faces} faces, {pictures}").format(
        path=path, n=f"{rows[0].iteration:,}", faces=len(rows), pictures=", ".join(rows[0].columns)))


def faces(connection: Connection, iteration: int | None) -> list[Preview]:
    """One answer for each face, for all in one might not fit into a frame. Raises NotFoundError."""
    side = int(connection.welcome.state.settings["resolution"])  # the run makes it smaller where it would be too long
    rows: list[Preview] = []
    total = 1
    while len(rows) < total:
        first = len(rows)
        when = iteration if not rows else rows[0].iteration  # a newer one may come in between
        try:
            rows.append(connection.ask(Preview, AskPreview(ANY_ID, when, first, 1, side)))
        except RefusedError as error:
            raise NotFoundError(error.message, hint=error.hint) from error
        total = rows[0].total
    return rows


def png(rows: list[Preview]) -> bytes:
    """The pictures of `rows` as one RGB PNG, a row for each face. All have the same side and columns."""
    side, count = rows[0].side_px, len(rows[0].columns)
    lines = bytearray()
    for row in rows:
        for y in range(side):
            lines.append(0)  # this line is not filtered
            for column in range(count):
                start = (column * side + y) * side * 3
                lines += row.pixels[start:start + side * 3]
    header = struct.pack(">IIBBBBB", count * side, len(rows) * side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(lines))) + chunk(b"IEND")


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    """One chunk of a PNG file: length, kind, data, checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
