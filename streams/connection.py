"""How this program reaches the broker: addresses, TLS, and who it is. Every Kafka client gets these from here.

aiokafka says of a broker that sends it away only that it could not connect; `start` asks again by hand, once, and
says why: nobody there, wrong password, TLS on one side only, a certificate that is not trusted.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

import faust
from aiokafka.client import collect_hosts
from aiokafka.conn import create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

from processors.errors import Fatal
from streams.settings import Settings, SettingsError

# A user waits at most 8 s for the answer that a broker cannot be used: 6 s for it, 2 s for the reason.
CONNECT_LIMIT_S: Final = 6.0
_REASON_LIMIT_S: Final = 2.0
# A producer waits until all is sent, which without a broker is never.
_STOP_LIMIT_S: Final = 5.0

_CLEAR_TEXT: Final = "Sending username and password in the clear"

_SASL: Final = frozenset({"SASL_PLAINTEXT", "SASL_SSL"})
_TLS: Final = frozenset({"SSL", "SASL_SSL"})


class BrokerUnreachable(Fatal):
    """No Kafka broker answers at the address in the settings."""


class BrokerRefuses(BrokerUnreachable):
    """A broker is there, and the security settings do not fit it."""


def client_options(settings: Settings) -> dict[str, Any]:
    """The arguments that aiokafka's consumers, producers and admin clients take for their connections.

    Raises:
        SettingsError: no broker is known, or a file for TLS cannot be used.
    """
    options: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap_servers(),
        "security_protocol": settings.security_protocol,
    }
    if settings.security_protocol in _TLS:
        options["ssl_context"] = _tls(settings.ssl_cafile, settings.ssl_certfile, settings.ssl_keyfile)
    if settings.security_protocol in _SASL:
        options["sasl_mechanism"] = settings.sasl_mechanism
        options["sasl_plain_username"] = settings.sasl_username
        options["sasl_plain_password"] = settings.sasl_password.get_secret_value()
    return options


def faust_credentials(settings: Settings) -> Any:
    """The same for `broker_credentials` of a Faust app; None for a broker without TLS and users."""
    options = client_options(settings)
    context = options.get("ssl_context")
    if settings.security_protocol in _SASL:
        return faust.SASLCredentials(
            username=options["sasl_plain_username"],
            password=options["sasl_plain_password"],
            mechanism=options["sasl_mechanism"],
            ssl_context=context,
        )
    return None if context is None else faust.SSLCredentials(context)


def java_properties(settings: Settings) -> str:
    """The same as a properties file of Kafka's own clients; it holds the password.

    Raises:
        OSError: a file for TLS cannot be read.
    """
    rows = {"security.protocol": settings.security_protocol}
    if settings.security_protocol in _TLS and settings.ssl_cafile is not None:
        rows |= {"ssl.truststore.type": "PEM", "ssl.truststore.certificates": settings.ssl_cafile.read_text()}
    if settings.security_protocol in _TLS and settings.ssl_certfile is not None:
        key = settings.ssl_keyfile or settings.ssl_certfile
        rows |= {
            "ssl.keystore.type": "PEM",
            "ssl.keystore.certificate.chain": settings.ssl_certfile.read_text(),
            "ssl.keystore.key": key.read_text(),
        }
    if settings.security_protocol in _SASL:
        kind = "plain.Plain" if settings.sasl_mechanism == "PLAIN" else "scram.Scram"
        user, password = (
            text.replace("\\", "\\\\").replace('"', '\\"')
            for text in (settings.sasl_username, settings.sasl_password.get_secret_value())
        )
        module = f"org.apache.kafka.common.security.{kind}LoginModule"
        rows["sasl.mechanism"] = settings.sasl_mechanism
        rows["sasl.jaas.config"] = f'{module} required username="{user}" password="{password}";'
    return "".join(f"{name}={_escaped(text)}\n" for name, text in rows.items())


def _escaped(text: str) -> str:
    """A value in the format of Java's properties; letters beyond ASCII as it wants them."""
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return "".join(one if ord(one) < 128 else f"\\u{ord(one):04x}" for one in text)


def _first_only(said: set[str]) -> Callable[[logging.LogRecord], bool]:
    def passes(record: logging.LogRecord) -> bool:
        again = record.msg == _CLEAR_TEXT and record.msg in said
        said.add(str(record.msg))
        return not again

    return passes


# true, and enough to be told once, not at each of a worker's dozens of connections
logging.getLogger("aiokafka.conn").addFilter(_first_only(set()))


async def start(client: Any, settings: Settings) -> None:
    """Start an aiokafka client; one that cannot be started is closed.

    Raises:
        BrokerUnreachable: nothing answers; known after 8 s at the latest.
        BrokerRefuses: the broker does not take us; the reason says which setting does not fit.
    """
    try:
        await asyncio.wait_for(client.start(), CONNECT_LIMIT_S)
    except (KafkaError, OSError, TimeoutError) as error:
        await stop(client)
        raise await _reason(settings) from error
    except BaseException:  # whoever waited for it was cancelled
        await stop(client)
        raise


async def stop(client: Any) -> None:
    """Close an aiokafka client, whatever became of its broker.

    The end of its own tasks, which it passes on (as a `CancelledError`, or as the last error of the connection), must
    not stand for the error for which it is closed.
    """
    task = asyncio.current_task()
    assert task is not None
    cancels = task.cancelling()
    try:
        async with asyncio.timeout(_STOP_LIMIT_S):
            await (client.stop() if hasattr(client, "stop") else client.close())
    except (asyncio.CancelledError, KafkaError, OSError):
        if task.cancelling() > cancels:  # it is us who are cancelled
            raise
        with suppress(KafkaError, OSError):  # it gave up before its connections were closed
            await (client._client if hasattr(client, "_client") else client.client).close()


@cache
def _tls(cafile: Path | None, certfile: Path | None, keyfile: Path | None) -> ssl.SSLContext:
    """Checks the broker's certificate and its name, against the system's authorities when there is no `cafile`."""
    try:
        context = ssl.create_default_context(cafile=cafile)
        if certfile is not None:
            # without a password of our own OpenSSL asks for one on the terminal, and a worker waits for ever
            context.load_cert_chain(certfile, keyfile, password="")
    except (OSError, ssl.SSLError) as error:  # OpenSSL does not say which file it was
        files = ", ".join(str(path) for path in (cafile, certfile, keyfile) if path is not None)
        raise SettingsError(
            f"The files for TLS cannot be used ({files}): {error.strerror or error}.",
            "CLIPSTREAM_SSL_CAFILE, CLIPSTREAM_SSL_CERTFILE and CLIPSTREAM_SSL_KEYFILE name PEM files; "
            "the key has no password.",
        ) from error
    return context


async def _reason(settings: Settings) -> BrokerUnreachable:
    """Why no client gets through: one connection by hand to the first address that takes any."""
    options = client_options(settings)
    servers = options.pop("bootstrap_servers")
    try:
        async with asyncio.timeout(_REASON_LIMIT_S):
            for host, port, _ in collect_hosts(servers):
                try:
                    _, writer = await asyncio.open_connection(host, port)
                except OSError:
                    continue
                writer.close()
                return await _refusal(settings, options, host, port)
    except TimeoutError:
        pass  # packets are dropped on the way
    return BrokerUnreachable(
        f"No Kafka broker answers at {servers}.",
        "Check that it runs and CLIPSTREAM_BROKER_URL is right; without that, `clipstream up` starts one here.",
    )


async def _refusal(settings: Settings, options: dict[str, Any], host: str, port: int) -> BrokerUnreachable:
    at, protocol = f"{host}:{port}", settings.security_protocol
    limit_ms = int(_REASON_LIMIT_S * 1000 / 2)
    try:
        connection = await create_conn(host, port, request_timeout_ms=limit_ms, **options)
    except (SaslAuthenticationFailed, AuthenticationFailedError):
        return BrokerRefuses(
            f"The Kafka broker at {at} refuses user '{settings.sasl_username}' or the password "
            f"({settings.sasl_mechanism}).",
            "Check CLIPSTREAM_SASL_USERNAME and CLIPSTREAM_SASL_PASSWORD, and that the broker knows this user for "
            "the mechanism in CLIPSTREAM_SASL_MECHANISM.",
        )
    except UnsupportedSaslMechanismError:
        return BrokerRefuses(
            f"The Kafka broker at {at} does not take the mechanism {settings.sasl_mechanism}.",
            "Set CLIPSTREAM_SASL_MECHANISM to one that it takes.",
        )
    except IllegalSaslStateError:
        return BrokerRefuses(
            f"The Kafka broker at {at} knows no users on this port.",
            f"Set CLIPSTREAM_SECURITY_PROTOCOL={'SSL' if protocol in _TLS else 'PLAINTEXT'}, or use its other port.",
        )
    except ssl.SSLCertVerificationError as error:
        return BrokerRefuses(
            f"The certificate of the Kafka broker at {at} is not trusted: {error.verify_message.rstrip('.')}.",
            "CLIPSTREAM_SSL_CAFILE names the authority that signed it, and the name in CLIPSTREAM_BROKER_URL must be "
            "one of the names in it.",
        )
    except (KafkaError, OSError, EOFError, TimeoutError) as error:
        return _unspoken(at, protocol, shook_hands=isinstance(error, KafkaError))
    try:
        await connection.send(MetadataRequest([]))
    except (KafkaError, OSError, EOFError, TimeoutError):
        return BrokerRefuses(
            f"The Kafka broker at {at} ends connections of {protocol}.",
            "It seems to ask for a user: set CLIPSTREAM_SECURITY_PROTOCOL=SASL_PLAINTEXT or SASL_SSL, with "
            "CLIPSTREAM_SASL_USERNAME and CLIPSTREAM_SASL_PASSWORD."
            if protocol not in _SASL
            else "Its log says why.",
        )
    finally:
        connection.close()
    return BrokerUnreachable(f"The Kafka broker at {at} was away for a moment, or is very busy.", "Try again.")


def _unspoken(at: str, protocol: str, *, shook_hands: bool) -> BrokerRefuses:
    """The connection broke before anything of Kafka was said."""
    if protocol not in _TLS:
        return BrokerRefuses(
            f"What listens at {at} does not speak Kafka without TLS.",
            f"If it speaks TLS, set CLIPSTREAM_SECURITY_PROTOCOL={'SASL_SSL' if protocol in _SASL else 'SSL'}; "
            "else check the port in CLIPSTREAM_BROKER_URL.",
        )
    if shook_hands:  # TLS 1.3 tells a client only afterwards that its certificate was wanted
        return BrokerRefuses(
            f"The Kafka broker at {at} ends the connection after the TLS handshake.",
            "It may ask for a certificate of ours: set CLIPSTREAM_SSL_CERTFILE and CLIPSTREAM_SSL_KEYFILE.",
        )
    return BrokerRefuses(
        f"What listens at {at} does not speak TLS, which CLIPSTREAM_SECURITY_PROTOCOL={protocol} asks for.",
        "Use the broker's port for TLS, or set CLIPSTREAM_SECURITY_PROTOCOL="
        f"{'SASL_PLAINTEXT' if protocol in _SASL else 'PLAINTEXT'} if the network in between is trusted.",
    )


__all__ = [
    "BrokerRefuses",
    "BrokerUnreachable",
    "client_options",
    "faust_credentials",
    "java_properties",
    "start",
    "stop",
]
