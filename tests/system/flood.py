"""
Asks an API at a fixed rate, whether it answers or not, in a process of its own, so that nothing of the test is slowed by it.
Usage: flood.py URL RATE SECONDS, with {} in the URL for a number that no two requests share. Prints how many requests got each
status and code, as a JSON object.
"""
import asyncio
import collections
import json
import sys
import time

import aiohttp


async def flood(url, rate, seconds):
    found, started = collections.Counter(), time.monotonic()

    async def ask(session, number):
        async with session.get(url.format(number)) as answer:
            told = await answer.json(content_type=None)
            found["200" if answer.status == 200 else f"{answer.status} {told['code']}"] += 1

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        tasks = []
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0, started + number / rate - time.monotonic()))
            tasks.append(asyncio.create_task(ask(session, number)))
        await asyncio.gather(*tasks)
    return found


if __name__ == "__main__":
    print(json.dumps(asyncio.run(flood(sys.argv[1], float(sys.argv[2]), float(sys.argv[3])))))
