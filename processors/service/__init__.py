"""One way to ask paid, OpenAI-compatible services: limits, retries, breaker and cost, for speech and for pictures."""

from processors.service.client import ServiceClient, client_for, forget_clients
from processors.service.config import HostedAsr, HostedVision, ScenesPlace, ServiceConfig

__all__ = [
    "HostedAsr",
    "HostedVision",
    "ScenesPlace",
    "ServiceClient",
    "ServiceConfig",
    "client_for",
    "forget_clients",
]
