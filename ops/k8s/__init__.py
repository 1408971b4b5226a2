"""Kubernetes: manifests, their check, the simulation of their autoscaling. How to use them: `docs/deployment.md`."""
