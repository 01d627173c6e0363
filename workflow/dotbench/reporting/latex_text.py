"""Text in LaTeX: how it is written, and how wide it is."""

import re
from string import ascii_letters, digits
from unicodedata import decomposition

LATEX = {"\\": r"\textbackslash{}", "%": r"\%", "_": r"\_", "&": r"\&", "#": r"\#", "$": r"\$", "{": r"\{", "}": r"\}"}
LATEX |= {"~": r"\textasciitilde{}", "^": r"\^{}", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}"}
LATEX |= {"*": r"$^{*}$", "†": r"$^{\dagger}$", "≈": r"$^{\approx}$"}  # marks behind a number
RAISED = {"<super>": "^", "<sub>": "_"}  # as Unicode marks the letters, digits and signs that are written smaller
for letter in map(chr, range(0xAA, 0x2C80)):
    kind, _, base = decomposition(letter).partition(" ")
    if kind in RAISED and re.fullmatch("[0-9A-F]{4}", base) and chr(int(base, 16)) in (f"{ascii_letters}{digits}+−"):
        LATEX[letter] = f"${RAISED[kind]}{{{chr(int(base, 16)).replace('−', '-')}}}$"
LATEX |= {"–": "--", "—": "---", "…": r"\dots{}", "−": "$-$", "‖": r"$\|$"}
NAMED = """α alpha β beta γ gamma δ delta ε epsilon ζ zeta η eta θ theta ι iota κ kappa λ lambda μ mu ν nu ξ xi π pi
ρ rho ς varsigma σ sigma τ tau υ upsilon φ phi χ chi ψ psi ω omega Γ Gamma Δ Delta Θ Theta Λ Lambda Ξ Xi Π Pi Σ Sigma
Φ Phi Ψ Psi Ω Omega ± pm × times · cdot ≤ leq ≥ geq ≠ neq ∞ infty ∑ sum ∈ in → to"""
LATEX |= {letter: rf"$\{name}$" for letter, name in re.findall(r"(\S) (\w+)", NAMED)}


ACCENTS = {"\u0302": "hat", "\u0303": "tilde", "\u0304": "bar"}  # behind the letter that has the accent
ACCENTED = re.compile(rf"(\w)([{''.join(ACCENTS)}])|(.)", re.DOTALL)


def latex_escape(text: str) -> str:
    """Text as it must stand in LaTeX. A bracket at the start would be an option of the line end before it."""

    def written(match: "re.Match[str]") -> str:
        letter, accent, other = match.groups()
        return LATEX.get(other, other) if other else rf"$\{ACCENTS[accent]}{{{letter}}}$"

    escaped = ACCENTED.sub(written, text)
    return "{[}" + escaped[1:] if escaped.startswith("[") else escaped


# letters by their width, in thousandths of the font's size: the metrics of cmr10
_BY_WIDTH = {
    278: "!',.:;[]_`il",
    306: "fj",
    333: "- ",
    390: "()rts",
    444: "cez",
    361: "I",
    500: "$/0123456789?ago–",
    528: "Jkqvxy",
    556: "bdhnpuS",
    625: "ZL",
    667: "EFP",
    730: "wBCTR",
    764: "ADGHKNOQUVXY&",
    780: "+=−±×≤≥<>≠",
    833: "%#m",
    917: "M",
    1000: "—",
    1030: "W",
    1170: "…",
}
_BY_WIDTH[390] += "*†⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉"  # marks and indices are smaller
_BY_WIDTH[500] += "≈⁺⁻₊₋"
_WIDTHS = {letter: width for width, letters in _BY_WIDTH.items() for letter in letters}
_OTHERS = 640  # most Greek letters are narrower
_SMALL = 9.25 / 72.27  # inches: 9 points, and letters of this size are a little wider
_BOLD = 1.15  # times as wide


def inches(text: str, bold: bool = False) -> float:
    r"""The width of one line in ``\small`` of Computer Modern, within a few percent."""
    return sum(_WIDTHS.get(letter, _OTHERS) for letter in text) / 1000 * _SMALL * (_BOLD if bold else 1)
