"""What a dataset definition file may say."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from dotbench.settings import Settings

Name = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]


class Digests(Settings):
    """Known size and digests of a file; every one that is given must agree. Only a digest verifies a file."""

    bytes: int | None = Field(None, ge=0, description="size")
    sha256: str | None = Field(None, pattern="^[0-9a-f]{64}$")
    md5: str | None = Field(None, pattern="^[0-9a-f]{32}$")
    git_blob: str | None = Field(None, pattern="^[0-9a-f]{40}$", description="id that git gives the bytes")

    def known(self) -> dict[str, str]:
        """algorithm → expected hexadecimal digest."""
        values = {"sha256": self.sha256, "md5": self.md5, "git-blob": self.git_blob}
        return {algorithm: value for algorithm, value in values.items() if value}


class Member(Digests):
    """A file inside an archive that the dataset is read from."""

    path: str = Field(description="path inside the archive, and below a local folder of unpacked files")
    role: Literal["ratings", "users", "items"] = Field("ratings", description="what the file holds")


class Source(Digests):
    """Where the raw data come from: own files, addresses, or a generator. Size and digests are the download's."""

    file: str | None = Field(None, description="one file, relative to the working directory; .gz accepted")
    files: list[str] = Field(default=[], description="several files, read one after the other")
    urls: list[str] = Field(default=[], description="addresses of the same file, tried in order")
    obtain: str | None = Field(None, description="how a person gets the files, where no address gives them")
    folder: str | None = Field(None, description="folder of a local copy, where it is not the dataset's name")
    members: list[Member] = Field(default=[], description="files to read if the address leads to a zip archive")
    generator: Name | None = Field(None, description="a generator of the package: no download")
    parameters: dict[str, Any] = Field(default={}, description="settings of the generator")

    @field_validator("file", "files")
    @classmethod
    def _no_wildcard(cls, value: str | list[str] | None) -> str | list[str] | None:
        for file in [value] if isinstance(value, str) else value or []:
            if "{" in file or "}" in file:
                raise ValueError("allowed are names without braces, which mark wildcards of Snakemake; rename the file")
        return value

    @model_validator(mode="after")
    def _one_kind(self) -> "Source":
        given = [kind for kind in ("file", "files", "urls", "obtain", "generator") if getattr(self, kind)]
        if len(given) != 1:
            kinds = " and ".join(given) or "none of them"
            raise ValueError(f"exactly one of file, files, urls, obtain, generator is needed, not {kinds}")
        if self.obtain and not self.members:
            raise ValueError("'obtain' needs 'members', the files to look for")
        return self

    def own_files(self) -> list[str]:
        """The user's files, empty for a download or a generator."""
        return [self.file] if self.file else list(self.files)


class Prepare(Settings):
    """How ratings become interactions; the order is threshold, duplicates, k-core."""

    min_rating: float | None = Field(None, description="ratings below are no interactions; null keeps all")
    core: int = Field(5, ge=1, description="each user and item keeps at least so many interactions; 1 keeps all")
    duplicates: Literal["drop", "error"] = Field("drop", description="a repeated pair: keep the first, or stop")


class Counts(Settings):
    """Published counts; preparation that gives others stops, unless `accept_counts`."""

    users: int
    items: int
    interactions: int
    raw_users: int | None = None
    raw_items: int | None = None
    raw_rows: int | None = None


class Dataset(Settings):
    """One dataset: its name fixes its source, format and preparation."""

    name: Name
    title: str | None = Field(None, description="full name, shown by `dotbench list datasets`")
    source: Source
    format: dict[str, Any] = Field(default={}, description="parser and its settings")
    prepare: Prepare = Prepare()
    published: Counts | None = None
    licence: str | None = None
    citation: str | None = None
    accept_unverified: bool = Field(False, description="take a local copy whose digest is not the official one")
    accept_counts: bool = Field(False, description="take counts other than the published ones; every table says so")

    @property
    def generated(self) -> bool:
        return self.source.generator is not None
