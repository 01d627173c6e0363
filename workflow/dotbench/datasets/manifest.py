"""What a manifest names. Apart from fetching, so that an edit there does not prepare every dataset again."""

from pathlib import Path

from dotbench.errors import DotbenchError
from dotbench.files import file_digest, read_json


def raw_files(manifest_path: Path, role: str = "ratings") -> list[Path]:
    """The files of a role that a manifest names. Raises DotbenchError if a file is gone or has changed."""
    files = []
    for entry in read_json(manifest_path)["files"]:
        if entry.get("role", "ratings") != role:
            continue
        path = Path(entry["path"])
        size = entry["bytes"]
        if not path.is_file() or path.stat().st_size != size or file_digest(path) != entry["sha256"]:
            raise DotbenchError(
                f"{path}: is not the file of {size} bytes that {manifest_path} names; "
                "delete the manifest to fetch it again"
            )
        files.append(path)
    return files
