"""Pages that are made from the program are current, and what the others promise exists."""

import re
from pathlib import Path

import pytest

from core.events.event import Ground
from core.settings.registry import BY_KEY
from dfl_tui.cli.exit_code import MEANINGS
from dfl_tui.cli.group import ENTRIES
from scripts.docs import DOCS, PAGES

ROOT = DOCS.parent
WRITTEN = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_that_is_made_is_current(name):
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), "run python -m scripts.docs"


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_every_link_inside_the_repository_leads_somewhere(page):
    for target in re.findall(r"(?<!!)\[[^\]]*\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_every_command_that_a_page_names_exists(page):
    named = set(re.findall(r"dfl-tui ([a-z][a-z-]*)(?![\w/])", code_of(page)))
    assert named <= {*ENTRIES, "is"}


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_every_setting_that_a_page_changes_exists(page):
    assert set(re.findall(r"\b([a-z_]+)=(?=[\w.-]+(?:`|\s|$))", code_of(page))) <= {*BY_KEY, "escape-time"}


def code_of(page: Path) -> str:
    """What stands between backticks and in code blocks of a page."""
    text = page.read_text(encoding="utf-8")
    return "\n".join(block or word for block, word in re.findall(r"```\w*\n(.*?)```|`([^`\n]+)`", text, re.S))


def test_every_exit_code_stands_in_the_troubleshooting_page_with_its_meaning():
    text = (DOCS / "guide" / "troubleshooting.md").read_text(encoding="utf-8")
    for code, meaning in MEANINGS.items():
        assert f"| {int(code)} | {meaning} |" in text


def test_every_ground_stands_in_the_page_on_responsible_use():
    text = (DOCS / "guide" / "responsible-use.md").read_text(encoding="utf-8")
    for ground in Ground.__args__:
        assert f"| `{ground}` |" in text


def test_the_readme_says_what_it_must_not_be_used_for():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for word in ("sexual content", "deceive", "impersonate", "have not agreed", "Nothing leaves the machine"):
        assert word in text
