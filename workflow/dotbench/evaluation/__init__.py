"""Metrics. ``topk`` is what training's own validation uses; the rest is read after training only."""
