"""Messages, task help, documents and public names use the field's words, and none of our own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# A pattern and what to write instead: words that only we used, or used with a meaning of our own.
BANNED = {
    r"shed|shelf|shelves": "store, cache",
    r"unproven": "not evaluated",
    r"(hang|hangs|hanging|hung) (on|at|from)": "is attached to, depends on",
    r"spoil(s|t|ed)?": "invalid, damaged",
    r"mend(s|ed|ing)?": "fix",
    r"heal(s|ed|ing)?": "repair, retry",
    r"told again|((is|are|was|were|be) told)": "reported, shown",
    r"(speak|speaks|spoke) of": "is about",
    r"(not|is|are|be|been) believed": "trusted, valid",
    r"(carry|carries|carried) (the|a) (tag|statement|evidence)": "has, reuses",
    r"lacks or spoils": "the field is missing",
    r"did not happen within": "timed out after 15 s waiting for",
    r"(is|are) (started|asked) (again|anew|once more)": "restarting, retrying",
    r"in no settings": "is not configured",
    r"(what|that) (is|are) none": "say what is invalid",
    r"held": "locked, kept, used",
    r"walls": "architecture rules",
    r"the last word": "the most recent result",
}
# Words that are plain English in a document, and hide who or what is meant in a message.
IN_MESSAGES = {
    r"nobody|somebody|whoever": "name the program or person, or use the passive",
    r"given": "passed, used, provided",
    r"(?<!the )(?<!as a )whole": "complete",
    r"(?<!there )(is|are|was|were) no (?!longer|more)[\w{]+": "is not a",
    r"(send|sends|sent) us": "redirects to",
    r"hears? nothing|says? nothing|said nothing": "no response, no output",
}
MESSAGES = BANNED | IN_MESSAGES
# Words of names: what only we called so, and what names nothing.
IN_NAMES = frozenset(
    """shed shelf shelves stock unproven carry carries carried told tell given give hang hangs hung
    heal heals mend mends whole looked loose spared strangers wish demand said spoils believed
    somebody nobody""".split()
)
EMPTY_NAMES = frozenset({"found", "row", "said", "asked", "wanted"})
# Names of formats, of Python and of other tools; `carries` and `unproven` are in documents of
# earlier versions, and `carry out` is plain English.
OTHERS = frozenset({"carries", "unproven", "carry_out", "tell", "give_up"})
# Terms of tools and settings that contain such a word.
TERMS = re.compile(r"TOWPATH_SERVICES=given|`[^`]*`")
DOCUMENTS = ("README.md", *(f"docs/{file.name}" for file in sorted((ROOT / "docs").glob("*.md"))))
MODULES = tuple(
    str(file.relative_to(ROOT))
    for place in ("towpath", "app")
    for file in sorted((ROOT / place).rglob("*.py"))
    if "migrations/0" not in file.as_posix()
)


def _found(text: str, banned: Mapping[str, str]) -> Iterator[str]:
    """Yield each banned word of a text, and what to write instead."""
    plain = TERMS.sub("", text)
    for pattern, better in banned.items():
        for match in re.finditer(rf"\b(?:{pattern})\b", plain, re.IGNORECASE):
            yield f"{match[0]!r} (better: {better}) in {text.strip()[:100]!r}"


def _docstrings(tree: ast.Module) -> set[int]:
    """Return the lines of all docstrings but those of tasks, which are the text of `--help`."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and not _is_task(node):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                found.add(first.lineno)
    return found


def _is_task(node: ast.AST) -> bool:
    decorators = node.decorator_list if isinstance(node, ast.FunctionDef) else []
    return any("task" in ast.unparse(row).partition("(")[0] for row in decorators)


def _sentences(file: Path) -> Iterator[str]:
    """Yield the texts of a module of more than one word; what an f-string fills in is `{}`."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    inside = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    }
    skipped = _docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text = "".join(
                str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) in inside or node.lineno in skipped:
                continue
            text = node.value
        else:
            continue
        if len(re.findall(r"[A-Za-z]{2,}", text)) > 1 and " " in text.strip():
            yield text


@pytest.mark.parametrize("name", MODULES)
def test_a_message_uses_the_words_of_the_field(name: str) -> None:
    """Errors, output, help and reasons are read by people who know the field and not us."""
    assert [row for text in _sentences(ROOT / name) for row in _found(text, MESSAGES)] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_uses_the_words_of_the_field(name: str) -> None:
    """The same words are refused in the documents, code and commands apart."""
    text = re.sub(r"```.*?```", "", (ROOT / name).read_text(encoding="utf-8"), flags=re.DOTALL)

    assert [row for line in text.splitlines() for row in _found(line, BANNED)] == []


def _public(tree: ast.AST) -> Iterator[str]:
    """Yield each public function, its parameters, and each public class, field and constant."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            arguments = node.args
            yield node.name
            for row in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
                yield row.arg
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node.name
            yield from _public(node)
        elif isinstance(node, ast.AnnAssign | ast.Assign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (row.id for row in targets if isinstance(row, ast.Name))


def _keys(tree: ast.Module) -> Iterator[str]:
    """Yield the texts that are keys of a dict."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            rows = [row for row in node.keys if isinstance(row, ast.Constant)]
            yield from (row.value for row in rows if isinstance(row.value, str))


@pytest.mark.parametrize("name", [name for name in MODULES if name.startswith("towpath/")])
def test_a_public_name_uses_the_words_of_the_field(name: str) -> None:
    """A name is understood outside of its module, and by who does not know our history."""
    tree = ast.parse((ROOT / name).read_text(encoding="utf-8"))
    names = {Path(name).stem, *_public(tree), *_keys(tree)} - OTHERS
    coined = {row for row in names if IN_NAMES & set(re.split(r"[_\W]+", row.lower()))}

    # The rooms that are being worked on.
    empty = set() if name.startswith("towpath/adoption/") else EMPTY_NAMES & names
    assert coined | empty | {row for row in names if "left_out" in row.lower()} == set()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Its report lacks or spoils 'x'.", ["spoils", "lacks or spoils"]),
        ("Nobody can say what staging needs.", ["Nobody"]),
        ("3 statements hang on it.", ["hang on"]),
        ("x is no digest.", ["is no digest"]),
        ("There is no evidence for the stage lint.", []),
        ("x is no longer configured.", []),
        ("The services are external (TOWPATH_SERVICES=given).", []),
        ("`git stash` keeps them, and the lock is held.", ["held"]),
        ("The shop is finished.", []),
    ],
)
def test_a_banned_word_is_found_and_a_term_is_not(text: str, words: list[str]) -> None:
    """Complete words count, in upper and lower case, outside of code."""
    found = [row.split("'")[1] for row in _found(text, MESSAGES)]

    assert sorted(found) == sorted(words)
