"""What the supervisor does now and then must not end it."""

import asyncio

from core.run.supervisor import every


def test_a_helper_that_fails_is_tried_again():
    tries = []

    def beat() -> None:
        tries.append(1)
        if len(tries) < 3:
            raise OSError(30, "Read-only file system")

    async def look() -> None:
        task = asyncio.create_task(every(0.001, beat))
        async with asyncio.timeout(60):
            while len(tries) < 3:
                await asyncio.sleep(0)
        task.cancel()

    asyncio.run(look())

