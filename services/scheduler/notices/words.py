"""The words of notices, as data: a language each, every sentence written out.

Whoever reads a message over a patient's shoulder must not learn what the appointment is for (42 CFR 2.13, 2.12(a)(1)):
no word here names a treatment, a programme, a kind of clinic or a reason. `tests/scheduler/notices/test_words.py` holds
the list of words that may not appear. A placeholder is a day with its time, a time, or a day.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from services.contracts.scheduler.notices import NoticeLanguage


@dataclass(frozen=True, slots=True)
class Words:
    """How one language writes days, times and sentences; days begin with Monday, months with January."""

    days: tuple[str, ...]
    months: tuple[str, ...]
    day: str
    at: str
    at_one: str
    before_noon: str
    after_noon: str
    sentences: Mapping[str, str]


_ENGLISH: Final = Words(
    days=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    months=(
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
    day="{weekday}, {month} {number}",
    at="at {time}",
    at_one="at {time}",
    before_noon="AM",
    after_noon="PM",
    sentences=MappingProxyType(
        {
            "added": "You have an appointment on {after}.",
            "added_video": "You have an appointment by video on {after}.",
            "make_up": "You have an extra appointment on {after}.",
            "make_up_video": "You have an extra appointment by video on {after}.",
            "moved": "Your appointment on {before} has been moved to {after}.",
            "moved_video": "Your appointment on {before} has been moved to {after} and will be by video.",
            "moved_in_person": "Your appointment on {before} has been moved to {after} and will be in person.",
            "to_video": "Your appointment on {after} will be by video.",
            "to_in_person": "Your appointment on {after} will be in person.",
            "ends": "Your appointment on {after} will end {end_time}.",
            "with_another": "Your appointment on {after} will be with another person than planned.",
            "elsewhere": "Your appointment on {after} will be in another room.",
            "cancelled": "Your appointment on {before} is cancelled.",
            "closed": "We are closed on {before_day}. Your appointment {before_time} is cancelled.",
            "closed_video": "We are closed on {before_day}. Your appointment {before_time} will be by video.",
            "reminder": "Reminder: you have an appointment on {after}.",
            "reminder_video": "Reminder: you have an appointment by video on {after}.",
            "offer": "A time is open on {after}. To take it, answer by {reply_by}.",
            "filled": "The time on {after} is no longer open.",
            "week": "Your appointments are set. The first one is on {after}.",
            "ride_changed": "Your ride on {before} is cancelled. Another one is on {after}.",
            "ride_cancelled": "Your ride on {before} is cancelled. Please call us.",
            "own_schedule": "Your schedule is set until {end_day}. It begins on {after}.",
            "own_schedule_changed": "Your schedule has changed, first on {after} and last on {end_day}.",
        }
    ),
)  # fmt: skip
_SPANISH: Final = Words(
    days=("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
    months=(
        "enero", "febrero", "marzo", "abril", "mayo", "junio",
        "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
    ),
    day="{weekday} {number} de {month}",
    at="a las {time}",
    at_one="a la {time}",
    before_noon="a. m.",
    after_noon="p. m.",
    sentences=MappingProxyType(
        {
            "added": "Tiene una cita el {after}.",
            "added_video": "Tiene una cita por video el {after}.",
            "make_up": "Tiene una cita adicional el {after}.",
            "make_up_video": "Tiene una cita adicional por video el {after}.",
            "moved": "Su cita del {before} cambia al {after}.",
            "moved_video": "Su cita del {before} cambia al {after} y será por video.",
            "moved_in_person": "Su cita del {before} cambia al {after} y será en persona.",
            "to_video": "Su cita del {after} será por video.",
            "to_in_person": "Su cita del {after} será en persona.",
            "ends": "Su cita del {after} terminará {end_time}.",
            "with_another": "Su cita del {after} será con otra persona de la prevista.",
            "elsewhere": "Su cita del {after} será en otra sala.",
            "cancelled": "Su cita del {before} queda cancelada.",
            "closed": "El {before_day} estamos cerrados. Su cita {before_time} queda cancelada.",
            "closed_video": "El {before_day} estamos cerrados. Su cita {before_time} será por video.",
            "reminder": "Recordatorio: tiene una cita el {after}.",
            "reminder_video": "Recordatorio: tiene una cita por video el {after}.",
            "offer": "Hora libre el {after}. Para tomarla, responda antes del {reply_by}.",
            "filled": "La hora del {after} ya no está libre.",
            "week": "Sus citas están listas. La primera es el {after}.",
            "ride_changed": "Su transporte del {before} queda cancelado. Hay otro el {after}.",
            "ride_cancelled": "Su transporte del {before} queda cancelado. Por favor, llámenos.",
            "own_schedule": "Su horario está listo hasta el {end_day}. Empieza el {after}.",
            "own_schedule_changed": "Su horario ha cambiado: primero el {after} y por último el {end_day}.",
        }
    ),
)  # fmt: skip

WORDS: Final[Mapping[NoticeLanguage, Words]] = MappingProxyType(
    {NoticeLanguage.ENGLISH: _ENGLISH, NoticeLanguage.SPANISH: _SPANISH}
)
