import httpx2


async def test_a_commit_that_fails_is_never_answered_as_saved(chassis: httpx2.AsyncClient) -> None:
    answer = await chassis.post("/doomed")

    assert answer.status_code == 500
    assert answer.json()["type"] == "urn:eventide:problem:internal-error"


async def test_the_framework_s_default_scope_would_answer_200_for_the_same_failed_commit(
    chassis: httpx2.AsyncClient,
) -> None:
    answer = await chassis.post("/doomed_the_default_way")

    # The control: should this become anything else, the framework has changed and the first test proves nothing.
    assert answer.status_code == 200
