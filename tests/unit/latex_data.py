"""A reader of the LaTeX that tables are written in: structure by construction, and a compiler where there is one."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

ENGINE = next((name for name in ("pdflatex", "tectonic") if shutil.which(name)), None)
NUMBER = r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?: \\pm \d+(?:\.\d+)?)?"
# a sign in the body → what the note that explains it holds
MARKS = {"$^{\\approx}$": "$\\approx$", "!": "!", "\\pm": "$\\pm$", "\\best": "Bold", "\\underline": "Underlined"}
MARKS |= {mark: mark for mark in ("$^{*}$", "$^{\\dagger}$")}


@dataclass(frozen=True)
class Block:
    """``kinds``: the letter of each column; ``rows``: the cells of the body."""

    kinds: list[str]
    headers: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Table:
    blocks: list[Block]
    notes: list[str]
    caption: str


def groups(text: str) -> list[str]:
    """What stands in braces on the outer level; every brace has its partner."""
    found, depth, start = [], 0, 0
    for k, character in enumerate(text):
        if character in "{}" and text[k - 1 : k] != "\\":
            depth += 1 if character == "{" else -1
            assert depth >= 0, text
            if character == "{" and depth == 1:
                start = k + 1
            if depth == 0 and character == "}":
                found.append(text[start:k])
    assert depth == 0, text
    return found


def outside(text: str) -> str:
    """Text without what stands in braces."""
    for group in groups(text):
        text = text.replace(f"{{{group}}}", "", 1)
    return text


def split_cells(line: str) -> list[str]:
    assert line.endswith(r" \\"), line
    return [cell.strip() for cell in re.split(r"(?<!\\)&", line.removesuffix(r"\\"))]


def read_table(text: str) -> Table:
    """The parts of a table; an assertion fails where it is not built as it must be."""
    lines = [line for line in text.splitlines() if not line.startswith("%")]
    assert all(line.isascii() or not re.search("[≈±–≤†²λσ]", line) for line in lines)
    open_ones: list[str] = []
    for kind, name in re.findall(r"\\(begin|end)\{([a-z*]+)\}", "\n".join(lines)):
        if kind == "begin":
            open_ones.append(name)
        else:
            assert open_ones.pop() == name
    assert not open_ones
    assert text.startswith(r"% needs \usepackage{booktabs, siunitx, threeparttable}")
    starts = [k for k, line in enumerate(lines) if line.startswith(r"\begin{tabular")]
    ends = [k for k, line in enumerate(lines) if line.startswith(r"\end{tabular")]
    notes = [line.removeprefix(r"\item") for line in lines if line.startswith(r"\item")]
    caption, *continued = [line for line in lines if line.startswith(r"\caption{")]
    assert all("(continued)" in line and r"\label" not in line for line in continued)
    assert len(continued) == lines.count(r"\addtocounter{table}{-1}")
    blocks = [read_block(lines[start:end]) for start, end in zip(starts, ends, strict=True)]
    return Table(blocks, notes, groups(caption)[0])


def read_block(lines: list[str]) -> Block:
    """One tabular environment."""
    preamble = groups(lines[0])[-1].replace(r"@{\extracolsep{\fill}}", "")
    kinds = re.findall(r"(S\[|l|>)", outside_options(preamble))
    rules = [lines.index(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")]
    assert rules == sorted(rules)
    top = lines[rules[0] + 1 : rules[1]]
    headers = split_cells(top[-1])
    if len(top) > 1:
        spans = [int(span) for span in re.findall(r"\\multicolumn\{(\d+)\}", top[0])]
        plain = [cell for cell in split_cells(top[0]) if not cell.startswith(r"\multicolumn")]
        assert sum(spans) + len(plain) == len(headers)
        assert set(plain) <= {""}
    return Block(kinds, headers, [split_cells(line) for line in lines[rules[1] + 1 : rules[2]]])


def outside_options(preamble: str) -> str:
    """The letters of the columns: without options, and without the width and what else a paragraph has."""
    kept, depth = "", 0
    for character in preamble:
        depth += (character in "[{") - (character in "]}")
        kept += character if depth == 0 or (character == "[" and depth == 1) else ""
    return re.sub(r">p", ">", kept.replace("}", "").replace("]", ""))


def check(text: str) -> Table:
    """A table whose columns are complete, whose S columns hold numbers or braces alone, and whose marks are explained
    in the notes under it."""
    table = read_table(text)
    for block in table.blocks:
        assert len(block.kinds) == len(block.headers)
        assert block.headers[0] == table.blocks[0].headers[0]
        for kind, header in zip(block.kinds, block.headers, strict=True):
            assert outside(header) == "" or kind != "S[", header
        for row in block.rows:
            assert len(row) == len(block.kinds)
            for kind, cell in zip(block.kinds, row, strict=True):
                groups(cell)
                assert outside(cell).replace("\\$", "").count("$") % 2 == 0, cell
                if kind == "S[":
                    assert re.fullmatch(rf"(\\best )?({NUMBER})?", outside(cell).strip()), cell
        for column in [k for k, kind in enumerate(block.kinds) if kind == "S["]:
            body = " ".join(row[column] for row in block.rows)
            for sign, explained in MARKS.items():
                assert sign not in body or any(explained in note for note in table.notes), (sign, table.notes)
    return table


def compile_tables(texts: list[str], folder: Path, version: int) -> str:
    """Compile tables in one paper with two columns, with a version of siunitx; returns the compiler's words.
    An AssertionError with them if it fails."""
    assert ENGINE is not None
    packages = r"\usepackage{booktabs, siunitx, threeparttable}"
    if version == 2:
        packages = r"\usepackage{booktabs, threeparttable}\usepackage{siunitx}[=v2]"
    body = "\n\\clearpage\n".join(texts)
    paper = folder / "paper.tex"
    paper.write_text(
        f"\\documentclass[twocolumn]{{article}}\n{packages}\n\\begin{{document}}\n{body}\\end{{document}}\n"
    )
    options = ["-interaction=nonstopmode", "-halt-on-error"] if ENGINE == "pdflatex" else []
    done = subprocess.run([ENGINE, *options, paper.name], cwd=folder, capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout
