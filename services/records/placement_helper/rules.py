"""What answers point to, rule by published rule. Pure."""

from collections.abc import Iterable, Mapping

from services.contracts.records.placement_helper import (
    HelperCondition,
    HelperReason,
    PlacementHelper,
    PlacementPicture,
    Points,
    SaidExit,
    SaidSentence,
)


def are_known(helper: PlacementHelper, answers: Mapping[str, str]) -> bool:
    """Whether every answer is one of those that its question has."""
    options = {question.code: {option.code for option in question.options} for question in helper.questions}
    return all(answer in options.get(question, ()) for question, answer in answers.items())


def picture(helper: PlacementHelper, answers: Mapping[str, str]) -> PlacementPicture:
    """Return what answers point to: where something must not wait, only that."""
    exits = [
        SaidExit(code=one.code, call=one.call, title=one.title, text=one.text, because=_because(one.when, answers))
        for one in helper.exits
        if _holds(one.when, answers)
    ]
    said = {points: [] if exits else _said(helper, answers, points) for points in Points}
    return PlacementPicture(
        version=helper.version,
        exits=exits,
        toward=said[Points.TOWARD],
        away=said[Points.AWAY],
        ask=said[Points.ASK],
        open_safety_questions=[
            question.code for question in helper.questions if question.is_about_safety and question.code not in answers
        ],
        confirm=helper.confirm,
    )


def _said(helper: PlacementHelper, answers: Mapping[str, str], points: Points) -> list[SaidSentence]:
    return [
        SaidSentence(code=rule.code, sentence=rule.sentence, because=_because(rule.when, answers))
        for rule in helper.rules
        if rule.points is points and _holds(rule.when, answers)
    ]


def _holds(conditions: Iterable[HelperCondition], answers: Mapping[str, str]) -> bool:
    return all(answers.get(condition.question) in condition.answers for condition in conditions)


def _because(conditions: Iterable[HelperCondition], answers: Mapping[str, str]) -> list[HelperReason]:
    return [HelperReason(question=condition.question, answer=answers[condition.question]) for condition in conditions]
