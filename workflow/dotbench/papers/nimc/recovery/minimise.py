"""The loop that all methods share: budgets, stopping rules, problems that leave when they are done."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from dotbench.lazy import np, torch
from dotbench.papers.nimc.recovery.methods import Method
from dotbench.papers.nimc.recovery.problems import Problems

CHECK = 20  # iterations between looks at who is done
STALLED = 1e-3  # relative decrease over the window below which a problem is given up
SAY = 60.0  # seconds between lines of progress


@dataclass(frozen=True)
class Rules:
    """When a problem ends: ``converged`` at f ≤ ``tolerance``² times f of predicting 0. ``stalled`` where ``window``
    iterations lowered f by less than 0.1 %. ``cap`` after ``iterations``. ``diverged`` where f is not finite. Problems
    are looked at every CHECK iterations, and ``window`` is rounded up to a multiple of that."""

    iterations: int
    window: int
    tolerance: float = 1e-5


@dataclass(frozen=True)
class Outcome:
    """Of R problems: weights (R, 2, d, k), objective f (R,), iterations (R,), what ended each, the seconds of all, and,
    if asked for, f after every iteration, (iterations + 1, R), NaN once a problem has ended."""

    w: "torch.Tensor"
    f: "torch.Tensor"
    iterations: "np.ndarray"
    ended: "np.ndarray"
    seconds: float
    cpu_seconds: float
    trace: "np.ndarray | None" = None


def minimise(
    problems: Problems,
    w: "torch.Tensor",
    method: Method,
    rules: Rules,
    say: Callable[[str], None] = print,
    traced: bool = False,
) -> Outcome:
    """Minimise every problem from its own start ``w`` (R, 2, d, k). Problems that are done leave ``problems``, which is
    used up. What a problem comes to does not depend on the others beyond rounding."""
    wall, cpu = time.perf_counter(), time.process_time()
    count, window = len(problems), -(-rules.window // CHECK) * CHECK
    floor = rules.tolerance**2 * problems.values.square().sum(1) / (2 * problems.m)
    final, objective = w.clone(), torch.full((count,), torch.nan, dtype=w.dtype, device=w.device)
    iterations, ended = np.zeros(count, np.int64), np.full(count, "cap", dtype=object)
    trace = np.full((rules.iterations + 1, count), np.nan) if traced else None
    left = torch.arange(count, device=w.device)
    state = method.start(problems, w)
    if trace is not None:
        trace[0] = state["f"].cpu().numpy()
    before = state["f"].clone()  # at the last end of a window
    said = time.monotonic()
    done = 0
    while len(left):
        steps = min(CHECK - done % CHECK, rules.iterations - done)
        for _ in range(steps):
            method.advance(problems, state)
            done += 1
            if trace is not None:
                trace[done, left.cpu().numpy()] = state["f"].cpu().numpy()
        reasons = _reasons(state["f"], floor, before if done % window == 0 else None, done >= rules.iterations)
        if done % window == 0:
            before = state["f"].clone()
        over = torch.tensor([reason is not None for reason in reasons], device=w.device)
        if bool(over.any()):
            final[left[over]], objective[left[over]] = state["w"][over], state["f"][over]
            numbers = left[over].cpu().numpy()
            iterations[numbers], ended[numbers] = done, [reason for reason in reasons if reason is not None]
            stay = (~over).nonzero()[:, 0]
            left, floor, before = left[stay], floor[stay], before[stay]
            problems.keep(stay)
            for name, value in state.items():
                state[name] = value[stay]
        if time.monotonic() - said > SAY:
            say(f"iteration {done} of {rules.iterations}: {len(left)} of {count} problems left")
            said = time.monotonic()
    spent = time.perf_counter() - wall, time.process_time() - cpu
    return Outcome(final, objective, iterations, ended, *spent, trace)


def _reasons(f: "torch.Tensor", floor: "torch.Tensor", before: "torch.Tensor | None", at_cap: bool) -> list[str | None]:
    """Why each problem is over, or None. ``before``: f at the window's start, where a window ends here."""
    stuck = torch.zeros_like(f, dtype=torch.bool) if before is None else f > (1 - STALLED) * before
    marks = torch.stack([~f.isfinite(), f <= floor, stuck]).tolist()
    reasons: list[str | None] = []
    for diverged, converged, stalled in zip(*marks, strict=True):
        rest = "stalled" if stalled else "cap" if at_cap else None
        reasons.append("diverged" if diverged else "converged" if converged else rest)
    return reasons
