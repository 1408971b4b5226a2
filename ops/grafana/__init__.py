"""Dashboards of Grafana, built by code: `python -m ops.grafana` writes the JSON files beside this one."""
