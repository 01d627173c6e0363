"""What a dataset definition file may say."""

from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from dotbench.datasets.interactions import PARTS
from dotbench.settings import Settings

Name = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]


def _inside(value: str) -> str:
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in value or "\\" in value:
        raise ValueError(f"found {value!r}; allowed is a relative path with '/' and without '..'")
    return value


Inside = Annotated[str, AfterValidator(_inside)]  # a path that does not leave the folder it is taken in


class Digests(Settings):
    """Known size and digests of a file. Every one that is given must agree. Only a digest verifies a file."""

    bytes: int | None = Field(None, ge=0, description="size")
    sha256: str | None = Field(None, pattern="^[0-9a-f]{64}$")
    md5: str | None = Field(None, pattern="^[0-9a-f]{32}$")
    git_blob: str | None = Field(
        None, pattern="^[0-9a-f]{40}$", description="id of the file in git, as `git hash-object FILE` prints it"
    )

    def known(self) -> dict[str, str]:
        """algorithm → expected hexadecimal digest."""
        values = {"sha256": self.sha256, "md5": self.md5, "git-blob": self.git_blob}
        return {algorithm: value for algorithm, value in values.items() if value}


class Member(Digests):
    """A file inside an archive that the dataset is read from."""

    path: Inside = Field(description="path of the file in the archive, and in a local folder of unpacked files")
    role: Literal["ratings", "train", "valid", "test", "users", "items"] = Field(
        "ratings",
        description="what the file holds: all ratings, one part of data that come divided, or facts about "
        "users or items",
    )


class Parts(Settings):
    """Own files that others divided, by the part that each holds."""

    train: str
    valid: str | None = Field(
        None, description="file of the validation part; absent: the split `files` takes it from train"
    )
    test: str

    def named(self) -> dict[str, str]:
        """part → file, in the order of PARTS."""
        return {part: path for part in PARTS if (path := getattr(self, part)) is not None}


def _is_none(value: Any) -> bool:
    return value is None


class Source(Digests):
    """Where the raw data come from: own files, addresses, or a generator. Size and digests are the download's."""

    file: str | None = Field(None, description="one file, relative to the working directory; .gz accepted")
    files: list[str] = Field(default=[], description="several files, read one after the other")
    parts: Parts | None = Field(
        None, exclude_if=_is_none, description="the files of data that come divided into parts, for the split `files`"
    )
    urls: list[str] = Field(default=[], description="addresses of the same file, tried in order")
    obtain: str | None = Field(None, description="how to get the files by hand, if no address offers them")
    folder: Inside | None = Field(None, description="folder of a local copy, if its name is not that of the dataset")
    members: list[Member] = Field(default=[], description="files to read if the address leads to a zip archive")
    generator: Name | None = Field(None, description="a generator of the package: no download")
    parameters: dict[str, Any] = Field(default={}, description="settings of the generator")

    @field_validator("file", "files", "parts")
    @classmethod
    def _no_wildcard(cls, value: str | list[str] | Parts | None) -> str | list[str] | Parts | None:
        files = value.named().values() if isinstance(value, Parts) else [value] if isinstance(value, str) else value
        for file in files or []:
            if "{" in file or "}" in file:
                raise ValueError(
                    "names must have no braces, because Snakemake reads them as wildcards; rename the file"
                )
        return value

    @model_validator(mode="after")
    def _one_kind(self) -> "Source":
        given = [kind for kind in ("file", "files", "parts", "urls", "obtain", "generator") if getattr(self, kind)]
        if len(given) != 1:
            kinds = " and ".join(given) or "none of them"
            raise ValueError(f"exactly one of file, files, parts, urls, obtain, generator is needed, not {kinds}")
        if self.obtain and not self.members:
            raise ValueError("'obtain' needs 'members', the files to look for")
        roles = {member.role for member in self.members} - {"users", "items"}
        if roles & set(PARTS) and not {"train", "test"} <= roles <= set(PARTS):
            found = ", ".join(sorted(roles))
            raise ValueError(
                f"data that come divided need members with the roles train and test (valid is optional), not {found}"
            )
        return self

    @property
    def divided(self) -> bool:
        """Whether others divided the data: each file of ratings is of one part."""
        return self.parts is not None or any(member.role in PARTS for member in self.members)

    def own_files(self) -> list[str]:
        """The user's files, empty for a download or a generator."""
        if self.parts:
            return list(self.parts.named().values())
        return [self.file] if self.file else list(self.files)

    def roles(self) -> list[str]:
        """What each own file or member holds. Empty where there is only the download itself."""
        if self.parts:
            return list(self.parts.named())
        return ["ratings"] * len(self.own_files()) or [member.role for member in self.members]


class Prepare(Settings):
    """How ratings become interactions. The order is threshold, duplicates, k-core."""

    min_rating: float | None = Field(None, description="rows with a lower rating are left out; null keeps all")
    core: int = Field(
        5,
        ge=1,
        description="k of the k-core: every user and item that stays has at least k interactions; 1 keeps all, and "
        "is the default of data that come divided",
    )
    duplicates: Literal["drop", "error"] = Field(
        "drop", description="if a pair is repeated: keep the first, or stop with an error"
    )


class Counts(Settings):
    """Published counts. Preparation stops if it gives other counts, unless `accept_counts` is set."""

    users: int
    items: int
    interactions: int
    raw_users: int | None = None
    raw_items: int | None = None
    raw_rows: int | None = None
    train: int | None = Field(
        None, exclude_if=_is_none, description="interactions of the part, if the data come divided"
    )
    valid: int | None = Field(None, exclude_if=_is_none, description="likewise")
    test: int | None = Field(None, exclude_if=_is_none, description="likewise")


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
    accept_unverified: bool = Field(False, description="accept a local copy whose digest differs from the official one")
    accept_counts: bool = Field(
        False, description="accept counts that differ from the published ones; every table says so"
    )

    @field_validator("prepare")
    @classmethod
    def _division_stays(cls, value: Prepare, info: ValidationInfo) -> Prepare:
        """A k-core of all pairs would change the division that others made."""
        source = info.data.get("source")
        if source is not None and source.divided and "core" not in value.model_fields_set:
            return value.model_copy(update={"core": 1})
        return value

    @property
    def generated(self) -> bool:
        return self.source.generator is not None
