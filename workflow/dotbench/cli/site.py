"""Stage site: finished tables, figures and runs of a configuration → a page to click through."""

from dotbench.cli.stage import Json, run
from dotbench.config.benchmark import parse_benchmark
from dotbench.config.plan import Plan
from dotbench.errors import DotbenchError
from dotbench.site.build import build_plan


def main(configuration: Json) -> None:
    plan = Plan(parse_benchmark(configuration, []))
    if build_plan(plan) is None:
        raise DotbenchError(f"the configuration '{plan.benchmark.name}' has nothing to show yet; run it first")


if __name__ == "__main__":
    run(main)
