"""Whether a raw file is the one that a manifest names. Apart from `manifest`, whose code prepared data depend on."""

from pathlib import Path

from dotbench.files import file_digest, read_json_if_whole


def is_as_fetched(manifest: Path, path: Path) -> bool:
    """Whether a file has the content that it had when the manifest was written; False if nothing is known of it."""
    content = read_json_if_whole(manifest)
    if not isinstance(content, dict) or not path.is_file():
        return False
    size = path.stat().st_size
    known = [entry for entry in content.get("files", []) if (entry["path"], entry["bytes"]) == (str(path), size)]
    return bool(known) and file_digest(path) == known[0]["sha256"]


def is_later(path: Path, than: Path) -> bool:
    """Whether a file is dated after another one; False if one of them is not there."""
    return path.is_file() and than.is_file() and path.stat().st_mtime > than.stat().st_mtime
