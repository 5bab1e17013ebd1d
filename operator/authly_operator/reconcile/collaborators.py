"""What every story works with, made once by the composition root."""

from collections.abc import Callable
from dataclasses import dataclass, field

import aiohttp

from authly_operator.clock import Clock
from authly_operator.cluster import accounts, apply, client, discovery, recent_reads, versions
from authly_operator.dependants import Dependants
from authly_operator.metrics import Metrics
from authly_operator.observed import Settings
from authly_operator.reconcile.calm import Calm
from authly_operator.reconcile.memory import Memory
from authly_operator.workqueue import Key


@dataclass(slots=True, kw_only=True)
class Collaborators:
    """The rim of the operator, and what it remembers while it leads.

    `recent` reads what many stories need in a row, `looked_at` knows what stories have looked
    at; `epoch` answers that of the Lease, or raises Lost; `dependants` knows the scopes and clients
    of a server, as far as events told of them; `wake` puts a resource into the queue,
    `wake_later` some seconds later, so that what many say of it is looked at once.
    """

    api: client.Client
    recent: recent_reads.RecentReads
    looked_at: versions.Versions = field(default_factory=versions.Versions)
    discovery: discovery.Discovery
    accounts: accounts.Accounts
    applier: apply.Applier
    http: aiohttp.ClientSession
    clock: Clock
    draw: Callable[[int], bytes]
    draw_rsa_key: Callable[[], str]
    settings: Settings
    epoch: Callable[[], int]
    wake: Callable[[Key], None]
    wake_later: Callable[[Key], None]
    dependants: Dependants
    metrics: Metrics
    calm: Calm = field(default_factory=Calm)
    memory: Memory = field(default_factory=Memory)
