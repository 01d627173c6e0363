"""What activations are called in tables and figures."""

TITLES = {"relu": "ReLU"}


def activation_title(name: str) -> str:
    return TITLES.get(name, name)
