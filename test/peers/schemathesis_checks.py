"""A check of our own for schemathesis, which loads it by SCHEMATHESIS_HOOKS."""

import schemathesis

# OpenAPI can't say that a cursor is the `next` of an earlier page, which controls and aspects the catalogue has, nor how times have to lie to
# each other and to now.
UNTOLD = {"cursor", "from", "to", "at", "expires", "controls", "aspects"}

# What a request that fits the description may be answered with, besides what it asks for: nothing there, not now, or 400 for what is untold.
FITTING = {304, 401, 403, 404, 409, 429}


@schemathesis.check
def fitting_data_acceptance(ctx, response, case):
    """A request that is as the description says is taken, or refused for what the description can't say."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    status = response.status_code
    if 200 <= status < 300 or status in FITTING:
        return
    named = {error["parameter"].split(".")[0] for error in response.json().get("errors", [])} if status == 400 else set()
    assert named and named <= UNTOLD, f"{status} for a request that fits: {response.text}"
