"""Metrics. ``topk`` is what training's own validation uses. The rest is read after training only."""
