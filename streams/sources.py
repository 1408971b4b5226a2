"""From the URI in a message to a local file and its digest: the settings that rule it, and where fetched files lie."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

from processors.errors import InvalidMessage
from processors.media import weburl
from processors.media.fetch import OnProgress, WebRules
from processors.media.source import fingerprint, resolve, scheme_of, source_digest
from processors.media.staging import stage
from streams import uploaded
from streams.settings import Settings


def find(
    uri: str,
    settings: Settings,
    *,
    wanted: str | None = None,
    refresh: bool = False,
    on_progress: OnProgress | None = None,
) -> tuple[Path, str]:
    """The local file of a source and its SHA-256; fetched and hashed once per host. Blocks.

    Args:
        uri: path, `file:`, http(s), or `blob:` of an upload.
        settings: what is allowed, limits, folders.
        wanted: SHA-256 of the version that was submitted, when known.
        refresh: ask the server of a source that was fetched before whether it has changed.
        on_progress: called with bytes that are here and bytes in all while a source is fetched.

    Raises:
        InvalidMessage: the scheme, host, address or folder is not allowed.
        InvalidMedia: the file is not there, cannot be read, or is too large.
        Retryable: its server cannot be reached.
    """
    scheme = scheme_of(uri)
    if uploaded.is_uploaded(uri.strip()):
        return uploaded.local_file(uri.strip(), settings)
    if scheme in weburl.SCHEMES and scheme in settings.allowed_schemes:
        if settings.offline:
            raise InvalidMessage(f"'{weburl.shown(uri)}' is not fetched.", "CLIPSTREAM_OFFLINE forbids it.")
        rules = WebRules(
            schemes=settings.allowed_schemes & weburl.SCHEMES,
            allowed_hosts=settings.allowed_hosts,
            allow_private_hosts=settings.allow_private_hosts,
            limits=settings.limits,
        )
        folder = settings.staging_dir
        staged = stage(uri.strip(), folder, rules, wanted=wanted, refresh=refresh, on_progress=on_progress)
        return staged.path, staged.sha256
    path = resolve(uri, settings.allowed_schemes, settings.allowed_folders)
    settings.limits.check_size(path.name, fingerprint(path)[0])  # before all of it is read for the digest
    return path, source_digest(path, settings.data_dir / "sources")


def name_of(uri: str) -> str:
    """The name of a source, for people: the last part of its path."""
    scheme = scheme_of(uri)
    if scheme in weburl.SCHEMES:
        return weburl.file_name(uri)
    if uploaded.is_uploaded(uri):
        return uploaded.name_in(uri)
    path = unquote(uri.partition(":")[2]) if uri.strip().lower().startswith("file:") else uri
    return Path(path).name or f"'{uri}'"


__all__ = ["find", "name_of"]
