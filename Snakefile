# dotbench: which dot-product recommender, with which loss, is really better?
#
#   snakemake                                        the configuration config/config.yaml
#   snakemake --configfile config/movielens.yaml     another one
#   snakemake nimc                                   one study
#   snakemake rg2_table2                             one table or figure of a study
#   dotbench plan                                    what would run, and why
#   snakemake --workflow-profile profiles/slurm      the same on a cluster
from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")


DEFAULT_CONFIG = Path(workflow.current_basedir) / "config/config.yaml"


configfile: DEFAULT_CONFIG


include: "rules/common.smk"
include: "rules/data.smk"
include: "rules/features.smk"
include: "rules/train.smk"
include: "rules/simulations.smk"
include: "rules/evaluate.smk"
include: "rules/summarise.smk"


report: "workflow/report/workflow.rst"


rule all:
    default_target: True
    input:
        plan.everything(),
    localrule: True


for _name in plan.makers():

    rule:
        name:
            _name
        input:
            inputs.of_target(_name),
        localrule: True
