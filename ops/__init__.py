"""Operating clipstream: the embedded cluster, benches, dashboards, deployment files."""
