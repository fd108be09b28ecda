"""Parts that run until one ends."""

import asyncio

import pytest

from explorer.lab.inside.together import until_one_ends


async def ends():
    await asyncio.sleep(0)


async def breaks():
    raise ZeroDivisionError


@pytest.mark.parametrize(("part", "error"), [(ends, None), (breaks, ZeroDivisionError)])
async def test_when_one_ends_none_is_left(part, error):
    let_go = asyncio.Event()

    async def for_ever():
        try:
            await asyncio.sleep(3600)
        finally:
            let_go.set()

    running = until_one_ends(for_ever(), part())
    if error:
        with pytest.raises(error):
            await running
    else:
        await running
    assert let_go.is_set()
