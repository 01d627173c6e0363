"""What a manifest names. Apart from fetching, so that an edit there does not prepare every dataset again."""

from pathlib import Path

from dotbench.errors import DotbenchError
from dotbench.files import read_json


def raw_files(manifest_path: Path, role: str = "ratings") -> list[Path]:
    """The files of a role that a manifest names; a DotbenchError if one is gone or has another size."""
    files = []
    for entry in read_json(manifest_path)["files"]:
        path = Path(entry["path"])
        if not path.is_file() or path.stat().st_size != entry["bytes"]:
            raise DotbenchError(
                f"{path}: is not the file of {entry['bytes']} bytes that {manifest_path} names; "
                "delete the manifest to fetch it again"
            )
        if entry["role"] == role:
            files.append(path)
    return files
