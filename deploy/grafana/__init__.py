"""The dashboards as code: `python -m deploy.grafana.generate` writes the JSON files beside it."""
