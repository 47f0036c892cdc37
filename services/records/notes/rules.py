"""What is true of notes: what a signature is of, which sessions count, and which texts name whom."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

import orjson
from pydantic import BaseModel

from services.contracts.identifiers import AccountId, EncounterId, NoteId
from services.contracts.records.encounters import Encounter
from services.contracts.records.notes import NoteText
from services.contracts.scheduler.attendance import AttendanceStatus
from services.records.notes.names import PersonName, names_somebody


def digest(
    note_id: NoteId, encounter_id: EncounterId, number: int, text: NoteText, *, reason: str | None, by: AccountId
) -> bytes:
    """Return the SHA-256 of what is signed: the text, why, whose it is, of which session, and which version."""
    signed = {
        "note_id": str(note_id),
        "encounter_id": str(encounter_id),
        "number": number,
        "text": text.model_dump(mode="json"),
        "reason": reason,
        "signed_by": str(by),
    }
    return hashlib.sha256(orjson.dumps(signed, option=orjson.OPT_SORT_KEYS)).digest()


def is_attended(encounter: Encounter) -> bool:
    """Whether the session is a service, if only it is documented."""
    return encounter.status is AttendanceStatus.FULFILLED


def is_settled(encounter: Encounter) -> bool:
    """Whether it is known what became of the session."""
    return encounter.status is not AttendanceStatus.ARRIVED


def naming(texts: Mapping[str, str | None], others: Iterable[PersonName], own: PersonName | None) -> list[str]:
    """Return the pointers of the texts that name somebody else."""
    them = list(others)
    return [pointer for pointer, text in texts.items() if text is not None and names_somebody(text, them, own)]


def texts_of(contents: BaseModel, at: str = "") -> dict[str, str]:
    """Return whatever somebody wrote, by where it lies in the request; ids, and what is of a list, are no text."""
    return dict(_texts(contents.model_dump(), at))


def _texts(said: object, at: str) -> Iterator[tuple[str, str]]:
    if isinstance(said, Mapping):
        for name, one in said.items():
            yield from _texts(one, f"{at}/{name}")
    elif isinstance(said, list):
        for index, one in enumerate(said):
            yield from _texts(one, f"{at}/{index}")
    elif isinstance(said, str) and not isinstance(said, StrEnum):
        yield at, said
