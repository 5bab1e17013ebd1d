"""The two bare handlers that everything is compared with: `python -m bench.baselines PORT URL`.

/fixed answers 900 bytes; /update does one UPDATE … RETURNING, committed, over a psycopg pool. Both
take any method and read no body.
"""

import asyncio
import itertools
import sys

import uvloop
from aiohttp import web
from psycopg_pool import AsyncConnectionPool


BODY = b"x" * 900
ROWS = 1000
TABLE = (
    "CREATE TABLE IF NOT EXISTS baseline (id integer PRIMARY KEY, counter bigint NOT NULL)",
    "INSERT INTO baseline SELECT number, 0 FROM generate_series(1, 1000) AS number"
    " ON CONFLICT DO NOTHING",
)
UPDATE = "UPDATE baseline SET counter = counter + 1 WHERE id = %s RETURNING counter"


async def fixed(_: web.Request) -> web.Response:
    """What answering costs in any case."""
    return web.Response(body=BODY, content_type="application/json")


def updating(pool: AsyncConnectionPool) -> web.RouteTableDef:
    """What one committed row costs in any case."""
    routes = web.RouteTableDef()
    # A row after the other, so that nobody waits for another's lock.
    numbers = itertools.cycle(range(1, ROWS + 1))

    @routes.route("*", "/update")
    async def update(_: web.Request) -> web.Response:
        number = next(numbers)
        async with pool.connection() as connection:
            row = await (await connection.execute(UPDATE, (number,))).fetchone()
        return web.Response(body=BODY, headers={"X-Counter": str(row and row[0])})

    return routes


async def serve(port: int, url: str) -> None:
    """Listen until the process is ended."""
    async with AsyncConnectionPool(
        url, min_size=4, max_size=10, open=False, kwargs={"autocommit": True}
    ) as pool:
        async with pool.connection() as connection:
            for statement in TABLE:
                await connection.execute(statement.encode())
        application = web.Application()
        application.router.add_route("*", "/fixed", fixed)
        application.add_routes(updating(pool))
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), sys.argv[2]))
