"""Numbers in LaTeX: cells of a column of ``siunitx``, which aligns them at the decimal point."""

import re
from collections.abc import Sequence

from dotbench.reporting.cells import Cell, one_line
from dotbench.reporting.latex_text import inches, latex_escape

BEST = r"\best"  # makes a number bold; the table defines it: siunitx 2 reads a cell as text if it expands \bfseries

_NUMBER = re.compile(
    r"""(?P<before>[≤≥<>]\ ?)?
    (?P<value>[-−]?(?P<whole>\d[\d,]*)(?:\.(?P<decimals>\d+))?(?:e(?P<exponent>[+-]?\d+))?)
    (?:\ ±\ (?P<spread>\d[\d,]*(?:\.(?P<spread_decimals>\d+))?))?
    (?P<after>%?(?:\ ?(?:\(.*\)|\[.*\]))?[≈²!*†]*)""",
    re.VERBOSE,
)


def read_number(text: str) -> "re.Match[str] | None":
    """A number with what stands around it. None where a cell is no number, or one that siunitx does not read."""
    found = _NUMBER.fullmatch(one_line(text))
    if found and found["spread"]:
        same = len(found["decimals"] or "") == len(found["spread_decimals"] or "")
        return found if same and not found["exponent"] else None
    return found


class NumberFormat:
    """The column that has room for every one of some numbers, and for the widest text before and behind one.

    ``kind``: how the preamble of the table writes it. ``inches``: the room, also for ``bold`` numbers."""

    def __init__(self, numbers: "Sequence[re.Match[str]]", bold: bool = False) -> None:
        whole = max(len(number["whole"].replace(",", "")) for number in numbers)
        decimals = max(len(number["decimals"] or "") for number in numbers)
        sign = "-" if any(number["value"][0] in "-−" for number in numbers) else ""
        form = f"{sign}{whole}" + (f".{decimals}" if decimals else "")
        widest = sign.replace("-", "−") + f"{10 ** (whole - 1):,}" + f".{'0' * decimals}" * (decimals > 0)
        spreads = [re.sub(r"[,.]", "", number["spread"]).lstrip("0") for number in numbers if number["spread"]]
        if spreads:
            digits = max(decimals, *map(len, spreads), 1)
            form += f"({digits})"
            widest += f" ± {'0' * max(digits - decimals, 1)}" + f".{'0' * decimals}" * (decimals > 0)
        exponents = [number["exponent"] for number in numbers if number["exponent"]]
        if exponents:
            minus = "-" if any(exponent.startswith("-") for exponent in exponents) else ""
            digits = max(len(exponent.strip("+-0")) for exponent in exponents)
            form += f"e{minus}{digits}"
            widest += f" × 10{'⁻' * len(minus)}{'⁰' * digits}"
        around = {
            name: max((number[part] or "" for number in numbers), key=inches)
            for name, part in (("pre", "before"), ("post", "after"))
        }
        options = [f"table-space-text-{name} = {{{latex_escape(text)}}}" for name, text in around.items() if text]
        self.kind = f"S[{', '.join([f'table-format = {form}', *options])}]"
        self.inches = inches("".join([widest, *around.values()]), bold)


def latex_number(number: "re.Match[str]", cell: Cell) -> str:
    """A number as siunitx reads it. It cannot underline: a line as long as the number is drawn under it."""
    value = number["value"].replace(",", "").replace("−", "-")
    spread = rf" \pm {number['spread'].replace(',', '')}" if number["spread"] else ""
    before = f"{{{latex_escape(number['before'])}}}" if number["before"] else ""
    after = latex_escape(number["after"])
    if number["spread"] and not re.search("[1-9]", number["spread"]):
        return f"{{{before}{_marked(f'${value}{spread}$', cell)}{after}}}"  # siunitx 3 would leave the spread out
    line = rf"\llap{{\underline{{\phantom{{${value}{spread}$}}}}}}" if cell.underlined else ""
    after = line + after
    return (f"{BEST} " if cell.bold else "") + before + value + spread + (f"{{{after}}}" if after else "")


def _marked(formula: str, cell: Cell) -> str:
    return (
        rf"\textbf{{\boldmath{formula}}}" if cell.bold else rf"\underline{{{formula}}}" if cell.underlined else formula
    )
