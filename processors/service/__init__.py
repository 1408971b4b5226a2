"""One way to ask paid, OpenAI-compatible services for speech, pictures and words: limits, retries, breaker and cost."""

from processors.service.client import ServiceClient, client_for, forget_clients, open_breakers
from processors.service.config import HostedAsr, HostedText, HostedVision, Paid, ScenesPlace, ServiceConfig

__all__ = [
    "HostedAsr",
    "HostedText",
    "HostedVision",
    "Paid",
    "ScenesPlace",
    "ServiceClient",
    "ServiceConfig",
    "client_for",
    "forget_clients",
    "open_breakers",
]
