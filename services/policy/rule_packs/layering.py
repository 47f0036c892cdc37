"""Which figure counts: layer upon layer, the stricter wins unless a higher one says why it stands in.

Decided so (docs/adr/0013): the layers are default, federal, state, payer, organization. A figure takes the place of the
one below it where it is stricter; where it is looser, only if a `because` of its layer says why.
What is not certain counts only once the organization has adopted it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Final, NamedTuple

from services.contracts.rule_packs import (
    ConsideredFigure,
    EffectiveRule,
    Population,
    ProgrammeKind,
    RuleFigure,
    RuleKey,
    RuleLayer,
    RuleMark,
    RulePack,
    RuleSettings,
    RuleStanding,
)
from services.contracts.vocabulary import ServiceKind

ORGANIZATION_PACK: Final = "organization"
_GROUPS: Final = tuple(service for service in ServiceKind if service.is_group)


@dataclass(frozen=True, slots=True)
class Situation:
    """What decides which figures are about a week: where, what, whom, who pays, and the days."""

    jurisdiction: str | None
    programmes: frozenset[ProgrammeKind]
    population: Population
    pack_ids: frozenset[str]
    adopted: frozenset[str]
    first: date
    last: date


class _Candidate(NamedTuple):
    pack: RulePack
    figure: RuleFigure

    @property
    def order(self) -> tuple[int, float]:
        """Lowest layer first, and within one the strictest last."""
        amount = _amount(self.figure)
        strictness = -amount if self.figure.key.is_maximum else amount
        return self.pack.layer.height, strictness


def situation_of(settings: RuleSettings, payers: Iterable[str], first: date, last: date) -> Situation:
    """Return the situation of patients of some payers at a site, on the days from first to last."""
    named = {payer.payer: payer.pack_ids for payer in settings.payers}
    return Situation(
        jurisdiction=settings.jurisdiction,
        programmes=frozenset(settings.programmes),
        population=settings.population,
        pack_ids=frozenset(pack for payer in payers for pack in (payer, *named.get(payer, ()))),
        adopted=frozenset(adoption.figure_id for adoption in settings.adoptions),
        first=first,
        last=last,
    )


def own_pack(settings: RuleSettings) -> RulePack:
    """Return the organization's own figures as a pack."""
    return RulePack(
        id=ORGANIZATION_PACK,
        title="The organization's own figures",
        layer=RuleLayer.ORGANIZATION,
        jurisdiction=None,
        figures=[
            RuleFigure(
                **override.model_dump(),
                id=f"{ORGANIZATION_PACK}/{number}",
                population=None,
                programme=None,
                clause=f"override {number}",
                mark=RuleMark.CERTAIN,
                note=None,
            )
            for number, override in enumerate(settings.overrides, start=1)
        ],
    )


def effective(packs: Sequence[RulePack], situation: Situation) -> list[EffectiveRule]:
    """Return the figure that counts for each key, and for each kind of group where they may differ."""
    about = [
        _Candidate(pack, figure)
        for pack in packs
        if _binds(pack, situation)
        for figure in pack.figures
        if _is_about(figure, situation)
    ]
    return [
        _rule(
            key,
            service,
            [one for one in about if one.figure.key is key and one.figure.service in (None, service)],
            situation.adopted,
        )
        for key in RuleKey
        for service in (_GROUPS if key.is_of_groups else (None,))
    ]


def _binds(pack: RulePack, situation: Situation) -> bool:
    match pack.layer:
        case RuleLayer.STATE:
            return pack.jurisdiction == situation.jurisdiction
        case RuleLayer.PAYER:
            return pack.id in situation.pack_ids
        case RuleLayer.DEFAULT | RuleLayer.FEDERAL | RuleLayer.ORGANIZATION:
            return True


def _is_about(figure: RuleFigure, situation: Situation) -> bool:
    return (
        figure.population in (None, situation.population)
        and (figure.programme is None or figure.programme in situation.programmes)
        and figure.effective_from <= situation.last
        and situation.first <= (figure.effective_until or date.max)
    )


def _rule(
    key: RuleKey, service: ServiceKind | None, about: Sequence[_Candidate], adopted: frozenset[str]
) -> EffectiveRule:
    ordered = sorted(about, key=lambda one: one.order)
    winner = _winner([one for one in ordered if _is_heard(one.figure, adopted)])
    return EffectiveRule(
        key=key,
        service=service,
        value=None if winner is None else winner.figure.value,
        weeks=None if winner is None else winner.figure.weeks,
        source=None if winner is None else source_of(winner.pack, winner.figure),
        considered=[
            ConsideredFigure(
                pack_id=one.pack.id,
                layer=one.pack.layer,
                figure=one.figure,
                standing=_standing(one, winner, is_heard=_is_heard(one.figure, adopted)),
            )
            for one in ordered
        ],
    )


def _is_heard(figure: RuleFigure, adopted: frozenset[str]) -> bool:
    return figure.mark is RuleMark.CERTAIN or figure.id in adopted


def _winner(ordered: Iterable[_Candidate]) -> _Candidate | None:
    winner: _Candidate | None = None
    for _, layer in groupby(ordered, key=lambda one: one.pack.layer):
        figures = list(layer)
        strictest, is_stated = figures[-1], any(one.figure.because is not None for one in figures)
        if winner is None or is_stated or not _is_stricter(winner.figure, strictest.figure):
            winner = strictest
    return winner


def _is_stricter(one: RuleFigure, other: RuleFigure) -> bool:
    return _amount(one) < _amount(other) if one.key.is_maximum else _amount(one) > _amount(other)


def _amount(figure: RuleFigure) -> float:
    """Return the figure, or what it comes to in a week where it is about several."""
    return figure.value / (figure.weeks or 1)


def _standing(one: _Candidate, winner: _Candidate | None, *, is_heard: bool) -> RuleStanding:
    if one is winner:
        return RuleStanding.APPLIES
    if not is_heard or winner is None:
        return RuleStanding.NOT_ADOPTED
    return RuleStanding.REPLACED if _is_stricter(one.figure, winner.figure) else RuleStanding.WEAKER


def source_of(pack: RulePack, figure: RuleFigure) -> str:
    """Name pack, clause and citation as a refusal or an explanation tells them."""
    return f"rule pack {pack.id}, {figure.clause}: {figure.citation}"
