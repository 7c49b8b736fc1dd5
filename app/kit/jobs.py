"""The bell: after a commit, wake a worker of a queue. What must happen is a row; losing a bell loses nothing."""

from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from app.kit.broker import broker
from app.kit.db import after_commit
from app.kit.logs import request_id

QUEUES = ("loyalty", "mail", "default")
HEARD_WITHIN = 5
JOB_TIMEOUT = 600


def ring(queue: str) -> None:
    """Ask for the queue's rows to be worked off once this unit of work is committed."""
    after_commit(lambda: broker().call(lambda redis: _ring(redis, queue), otherwise=None))


def hear(queue: str) -> None:
    """A worker begins: whoever rings from now on, rings anew."""
    broker().call(lambda redis: redis.delete(_bell(queue)), otherwise=0)


def queue_named(name: str, connection: Redis) -> Queue:
    """An RQ queue whose jobs travel as JSON."""
    return Queue(name, connection=connection, serializer=JSONSerializer)


def _ring(redis: Redis, queue: str) -> None:
    """One bell at a time: a thousand events in a second wake a worker once."""
    if redis.set(_bell(queue), 1, nx=True, ex=HEARD_WITHIN):
        queue_named(queue, redis).enqueue(
            "app.kit.outbox.answer_bell",
            queue,
            result_ttl=0,
            failure_ttl=86_400,
            job_timeout=JOB_TIMEOUT,
            meta={"request_id": request_id()},
        )


def _bell(queue: str) -> str:
    return f"laurel:bell:{queue}"
