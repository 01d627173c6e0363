"""Stage decompose: the spectrum that every run of a spectral loss on one split reads."""

from dataclasses import replace

from dotbench.cli.stage import File, Hardware, Json, run, say
from dotbench.datasets.interactions import load_split
from dotbench.execution.hardware import Usage, prepare_execution
from dotbench.files import file_digest, write_json
from dotbench.seals import seal
from dotbench.solvers.spectral import decompose_split


def main(artefact: Json, split: File, output: File, hardware: Hardware) -> None:
    data, execution = load_split(split), prepare_execution(hardware.device, hardware.threads)
    usage = Usage(execution.device)
    with usage:
        spectrum = decompose_split(artefact, data, execution.device)
    spectrum = replace(spectrum, peak_memory_bytes=usage.peak_memory_bytes, cpu_share_of_others=usage.others)
    spectrum.save(output)
    write_json(output.with_suffix(".json"), {**artefact, **spectrum.facts(), "sha256": file_digest(output)})
    seal(output.with_suffix(".json"), [output])
    say(f"rank {len(spectrum.values)}: {spectrum.iterations} iterations, residual {spectrum.residual:.2g}")


if __name__ == "__main__":
    run(main)
